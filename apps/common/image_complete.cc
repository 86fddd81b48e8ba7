// SPDX-License-Identifier: GPL-2.0
#include "image_complete.hh"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include <fmt/format.h>

#include "image_files.hh"
#include "qcow2_header.hh"

namespace lkl::apps {

namespace {

/// Tables are read in pieces of this.
constexpr std::size_t piece_bytes = 1 << 20;

std::unexpected<Error> cut_short(std::uint64_t end, std::uint64_t needed)
{
	return failure(fmt::format("the image is cut short: it has {} bytes and needs more than {}", end,
				   needed));
}

/// Call @look(entry) for each of @entries entries of @entry_bytes in the table at @at; what
/// is beyond the end of the file is left out.
template <class Look>
Result<void> for_each_entry(int file, std::uint64_t at, std::uint64_t entries, std::size_t entry_bytes,
			    Look look)
{
	std::vector<std::byte> piece(piece_bytes);

	for (std::uint64_t left = entries * entry_bytes; left;) {
		const std::size_t wanted = std::min<std::uint64_t>(left, piece.size());
		const std::size_t got = TRY(read_up_to(file, std::span(piece).first(wanted), at));

		for (std::size_t i = 0; i + entry_bytes <= got; i += entry_bytes)
			TRY(look(std::span<const std::byte>(piece).subspan(i, entry_bytes)));
		if (got < wanted)
			break;
		at += got;
		left -= got;
	}
	return {};
}

class Qcow2 {
public:
	Qcow2(int file, std::uint64_t end, const Qcow2Header &header)
	    : file_(file), end_(end), header_(header), cluster_bytes_(1u << header.cluster_bits())
	{
	}

	/// References are the truth, and there are many: a program that was killed leaves
	/// clusters allocated that it had not written yet. Where nothing is allocated
	/// behind the end, nothing is referenced there either.
	Result<void> check()
	{
		if (header_.l1_offset() + header_.l1_entries() * 8 > end_)
			return cut_short(end_, header_.l1_offset());
		if (header_.refcounts_offset() >= end_)
			return cut_short(end_, header_.refcounts_offset());
		if (TRY(last_allocated()) < end_)
			return {};
		TRY(check_references(header_.l1_offset(), header_.l1_entries()));

		const std::vector<Snapshot> snapshots = TRY(snapshots_of(file_));

		for (const Snapshot &snapshot : snapshots)
			TRY(check_references(snapshot.l1_offset, snapshot.l1_entries));
		return {};
	}

private:
	/// Offset of the last cluster with a reference count.
	Result<std::uint64_t> last_allocated()
	{
		const unsigned bits = 1u << header_.refcount_order();
		const std::uint64_t per_block = std::uint64_t{cluster_bytes_} * 8 / bits;
		std::uint64_t index = 0, last_block = 0, last_index = 0;

		TRY(for_each_entry(file_, header_.refcounts_offset(),
				   header_.refcounts_clusters() * cluster_bytes_ / 8, 8,
				   [&](std::span<const std::byte> entry) -> Result<void> {
					   if (const std::uint64_t block = big_endian(entry)) {
						   last_block = block;
						   last_index = index;
					   }
					   index++;
					   return {};
				   }));
		if (last_block >= end_)
			return last_block;

		std::uint64_t byte = 0, last_byte = 0;
		unsigned last_value = 0;

		TRY(for_each_entry(file_, last_block, cluster_bytes_, 1,
				   [&](std::span<const std::byte> entry) -> Result<void> {
					   if (entry[0] != std::byte{0}) {
						   last_byte = byte;
						   last_value = std::to_integer<unsigned>(entry[0]);
					   }
					   byte++;
					   return {};
				   }));

		// Counts of less than a byte begin in its lowest bits.
		const std::uint64_t count = bits >= 8 ? last_byte * 8 / bits
						      : last_byte * (8 / bits) +
								(std::bit_width(last_value) - 1) / bits;

		return (last_index * per_block + count) * cluster_bytes_;
	}

	Result<void> check_references(std::uint64_t l1_offset, std::size_t l1_entries)
	{
		return for_each_entry(file_, l1_offset, l1_entries, 8,
				      [&](std::span<const std::byte> entry) -> Result<void> {
					      const std::uint64_t table = big_endian(entry) & offset_mask;

					      return table ? check_table(table) : Result<void>();
				      });
	}

	Result<void> check_table(std::uint64_t table)
	{
		const std::size_t entry_bytes = header_.has_subclusters() ? 16 : 8;

		if (table >= end_)
			return cut_short(end_, table);
		return for_each_entry(file_, table, cluster_bytes_ / entry_bytes, entry_bytes,
				      [&](std::span<const std::byte> entry) -> Result<void> {
					      const std::uint64_t offset = data_offset(entry);

					      return offset >= end_ ? cut_short(end_, offset)
								    : Result<void>();
				      });
	}

	/// 0 for what has no data in the file.
	std::uint64_t data_offset(std::span<const std::byte> entry) const
	{
		constexpr std::uint64_t compressed = std::uint64_t{1} << 62, zero = 1;
		const std::uint64_t value = big_endian(entry.first(8));

		if (value & compressed)
			return value & ((std::uint64_t{1} << (70 - header_.cluster_bits())) - 1);
		if (header_.has_subclusters() ? big_endian(entry.last(4)) == 0 : value & zero)
			return 0;
		return value & offset_mask;
	}

	static constexpr std::uint64_t offset_mask = 0x00fffffffffffe00;

	const int file_;
	const std::uint64_t end_;
	const Qcow2Header header_;
	const std::uint32_t cluster_bytes_;
};

Result<void> check_qcow2(int file, std::uint64_t end)
{
	const Qcow2Header header = TRY(Qcow2Header::read(file));

	// What makes no sense is for qemu to complain of.
	if (header.has_data_file() || header.cluster_bits() < 9 || header.cluster_bits() > 21 ||
	    header.refcount_order() > 6)
		return {};
	return Qcow2(file, end, header).check();
}

Result<void> check_vmdk(int file, std::uint64_t end)
{
	constexpr std::uint64_t sector = 512, at_end = ~std::uint64_t{0}, most_entries = 1 << 24;
	std::array<std::byte, sector> buffer = {};
	const std::span<const std::byte> head(buffer);

	TRY(read_up_to(file, buffer, 0));

	const std::uint64_t capacity = little_endian(head.subspan(12, 8));
	const std::uint64_t granularity = little_endian(head.subspan(20, 8));
	const std::uint64_t per_table = little_endian(head.subspan(44, 4));
	const std::uint64_t directory = little_endian(head.subspan(56, 8));

	// Others than those with tables, or none that are known from the beginning.
	if (little_endian(head.first(4)) != 0x564d444b || capacity == 0 || directory == at_end ||
	    granularity == 0 || per_table == 0 || granularity > most_entries || per_table > most_entries)
		return {};

	const std::uint64_t tables = capacity / (granularity * per_table) + 1;

	return for_each_entry(
		file, directory * sector, std::min(tables, most_entries), 4,
		[&](std::span<const std::byte> entry) -> Result<void> {
			const std::uint64_t table = little_endian(entry) * sector;

			if (table >= end)
				return cut_short(end, table);
			if (table == 0)
				return {};
			return for_each_entry(file, table, per_table, 4,
					      [&](std::span<const std::byte> grain) -> Result<void> {
						      const std::uint64_t at = little_endian(grain) * sector;

						      return at >= end ? cut_short(end, at)
								       : Result<void>();
					      });
		});
}

Result<void> check_vdi(int file, std::uint64_t end)
{
	std::array<std::byte, 512> buffer = {};
	const std::span<const std::byte> head(buffer);

	TRY(read_up_to(file, buffer, 0));

	const std::uint64_t needed = little_endian(head.subspan(0x158, 4)) +
				     little_endian(head.subspan(0x178, 4)) *
					     little_endian(head.subspan(0x184, 4));

	return needed > end ? cut_short(end, needed - 1) : Result<void>();
}

} // namespace

Result<void> check_complete(int file, DiskFormat format)
{
	const off_t end = ::lseek(file, 0, SEEK_END);

	if (end < 0)
		return host_failure("size");
	switch (format) {
	case DiskFormat::qcow2:
		return check_qcow2(file, static_cast<std::uint64_t>(end));
	case DiskFormat::vmdk:
		return check_vmdk(file, static_cast<std::uint64_t>(end));
	case DiskFormat::vdi:
		return check_vdi(file, static_cast<std::uint64_t>(end));
	default:
		return {};
	}
}

} // namespace lkl::apps
