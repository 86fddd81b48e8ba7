// SPDX-License-Identifier: GPL-2.0
#include "block_view.hh"

#include <algorithm>
#include <string_view>
#include <vector>

#include <lkl/abi.h>

#include "calls.hh"
#include "probe.hh"
#include "try.hh"

namespace lkl {

namespace {

// Where superblocks and labels are: near the start, those of UDF up to block 256 of
// 4096 bytes; and at the end, ZFS's within 512 KiB.
constexpr std::uint64_t start_bytes = (1 << 20) + (1 << 18);
constexpr std::uint64_t end_bytes = 1 << 20;
// Of a label within a partition.
constexpr std::uint64_t label_bytes = 16 << 10;
constexpr std::uint64_t largest_piece = 1 << 20;
constexpr std::uint64_t sector = 512;

struct Range {
	std::uint64_t offset, bytes;
};

// An integer of @width bytes, 0 beyond the end.
std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t width)
{
	std::uint64_t value = 0;

	for (std::size_t i = width; i-- && at + i < bytes.size();)
		value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
	return value;
}

std::uint64_t big(std::string_view bytes, std::size_t at, std::size_t width)
{
	std::uint64_t value = 0;

	for (std::size_t i = 0; i < width && at + i < bytes.size(); i++)
		value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
	return value;
}

// 2 to the power of @exponent, as far as sizes of blocks go.
std::uint64_t power(std::uint64_t exponent)
{
	return std::uint64_t{1} << std::min<std::uint64_t>(exponent, 30);
}

// The root directory, which has the label.
Range vfat_root(std::string_view start)
{
	std::uint64_t block = little(start, 11, 2), cluster = block * little(start, 13, 1);
	std::uint64_t table = little(start, 22, 2);
	std::uint64_t fixed = little(start, 14, 2) * block;
	std::uint64_t tables = little(start, 16, 1) * block;

	if (table)
		return {fixed + tables * table, little(start, 17, 2) * 32};
	return {fixed + tables * little(start, 36, 4) + (little(start, 44, 4) - 2) * cluster, cluster};
}

Range exfat_root(std::string_view start)
{
	std::uint64_t block = power(little(start, 108, 1));
	std::uint64_t cluster = block * power(little(start, 109, 1));

	return {little(start, 88, 4) * block + (little(start, 96, 4) - 2) * cluster, cluster};
}

// The first records of the master file table: it is itself the first, the volume the
// fourth.
Range ntfs_table(std::string_view start)
{
	auto size = [](std::uint64_t code, std::uint64_t unit) {
		return code < 0x80 ? code * unit : power(0x100 - code);
	};
	std::uint64_t block = little(start, 11, 2);
	std::uint64_t per_cluster = little(start, 13, 1);
	std::uint64_t cluster = block * (per_cluster <= 0x80 ? per_cluster : power(0x100 - per_cluster));

	return {little(start, 48, 8) * cluster, 4 * size(little(start, 64, 1), cluster)};
}

// The catalog's beginning, in the first of its extents.
Range hfsplus_catalog(std::string_view start)
{
	constexpr std::size_t header = 0x400;

	return {big(start, header + 0x120, 4) * big(start, header + 0x28, 4), largest_piece};
}

// What lies elsewhere on a device that begins with @start.
std::vector<Range> far_pieces(std::string_view start)
{
	std::string type = probe_magic(start);

	if (type == "vfat")
		return {vfat_root(start)};
	if (type == "exfat")
		return {exfat_root(start)};
	if (type == "ntfs3")
		return {ntfs_table(start)};
	if (type == "hfsplus")
		return {hfsplus_catalog(start)};
	return {};
}

// Of the four entries of an MBR, or of one that describes logical partitions, the
// first that leads to more of those, and where it does; 0 when there is none.
std::uint64_t extended_start(std::string_view record)
{
	constexpr std::size_t entries = 446, entry_bytes = 16;

	if (!record.substr(std::min<std::size_t>(510, record.size())).starts_with("\x55\xaa"))
		return 0;
	for (std::size_t at = entries; at < 510; at += entry_bytes)
		if (std::uint64_t type = little(record, at + 4, 1);
		    type == 0x05 || type == 0x0f || type == 0x85)
			return little(record, at + 8, 4);
	return 0;
}

} // namespace

Result<BlockView> BlockView::of(lkl_kernel &kernel, const BlockNode &node)
{
	BlockView view(node);

	if (node.disk) {
		virtio::Content &content = node.disk->device->content();

		view.fd_ = content.descriptor();
		view.offset_ = content.descriptor_offset() + node.start;
	}
	if (view.fd_ < 0) {
		view.copy_ = TRY(host::File::scratch(node.bytes));
		view.fd_ = view.copy_->descriptor();
		view.offset_ = 0;
		TRY(view.copy_ends(kernel, node));
	}
	return view;
}

/// What was copied; less where the device ends.
Result<std::string> BlockView::copy(lkl_kernel &kernel, const BlockNode &node, std::uint64_t offset,
				    std::uint64_t bytes)
{
	if (offset >= bytes_)
		return std::string();

	Calls calls(kernel);
	OpenFile file = TRY(OpenFile::open(calls, node.path, LKL_O_RDONLY));
	std::string piece(std::min({bytes, bytes_ - offset, largest_piece + end_bytes}), '\0');
	std::int64_t got =
		calls(LKL_SYS_pread64, file.fd(), piece.data(), piece.size(), offset);

	if (got < 0)
		return fail(got, "{}: read", node.path);
	piece.resize(static_cast<std::size_t>(got));

	host::Buffer buffer = {piece.data(), piece.size()};
	if (std::int64_t written = copy_->write({&buffer, 1}, offset); written < 0)
		return fail(written, "{}: copy", node.path);
	return piece;
}

Result<void> BlockView::copy_ends(lkl_kernel &kernel, const BlockNode &node)
{
	std::string start = TRY(copy(kernel, node, 0, start_bytes));

	if (bytes_ > start_bytes)
		TRY(copy(kernel, node, std::max(start_bytes, bytes_ - std::min(bytes_, end_bytes)),
			 end_bytes));
	for (const Range &piece : far_pieces(start))
		TRY(copy(kernel, node, piece.offset, piece.bytes));
	return {};
}

Result<void> BlockView::add_tables(lkl_kernel &kernel, const BlockNode &node)
{
	constexpr unsigned most = 256;

	if (!copy_)
		return {};
	// Tables within partitions.
	std::vector<Partition> parts = TRY(node.partitions(kernel));
	for (const Partition &partition : parts)
		TRY(copy(kernel, node, partition.start, label_bytes));

	// Logical partitions: each record has one, and leads to the next from where the
	// first is.
	std::uint64_t first = extended_start(TRY(copy(kernel, node, 0, sector)));
	std::uint64_t at = first;
	for (unsigned i = 0; at && i < most; i++) {
		std::uint64_t next =
			extended_start(TRY(copy(kernel, node, at * block_bytes_, sector)));

		at = next ? first + next : 0;
	}
	return {};
}

} // namespace lkl
