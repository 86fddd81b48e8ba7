// SPDX-License-Identifier: GPL-2.0
// vmdk is as in VMware's "Virtual Disk Format 5.0".
#include "image_files.hh"

#include <algorithm>
#include <array>
#include <sstream>

#include "qcow2_header.hh"

namespace lkl::apps {

namespace {

Result<std::string> text_at(int file, std::uint64_t offset, std::size_t bytes)
{
	std::string text(bytes, '\0');

	TRY(read_exactly(file, std::as_writable_bytes(std::span(text)), offset));
	return text;
}

constexpr std::size_t most_name_bytes = 1023;	// the format's own limit
constexpr unsigned most_extensions = 64;

Result<ImageFiles> files_of_qcow2(int file)
{
	constexpr std::uint64_t end = 0, backing_format = 0xe2792aca, data_file = 0x44415441;
	const Qcow2Header header = TRY(Qcow2Header::read(file));
	ImageFiles files;

	if (header.backing_offset()) {
		if (header.backing_bytes() == 0 || header.backing_bytes() > most_name_bytes)
			return failure("qcow2: corrupt header: name of the backing file");
		files.backing = TRY(text_at(file, header.backing_offset(), header.backing_bytes()));
	}
	if (header.has_data_file())
		files.data = "(without a name)";

	std::uint64_t at = header.bytes();
	for (unsigned i = 0; i < most_extensions; i++) {
		std::array<std::byte, 8> extension = {};

		if (TRY(read_up_to(file, extension, at)) < extension.size())
			break;

		const std::uint64_t type = big_endian(std::span(extension).first(4));
		const std::uint64_t bytes = big_endian(std::span(extension).last(4));

		if (type == end)
			break;
		at += extension.size();
		if ((type == backing_format || type == data_file) && bytes <= most_name_bytes)
			(type == data_file ? files.data : files.backing_format) =
				TRY(text_at(file, at, bytes));
		at += (bytes + 7) & ~std::uint64_t{7};
	}
	// Without the bit the name of a data file means nothing.
	if (!header.has_data_file())
		files.data.clear();
	return files;
}

/// What is between the first two quotes.
std::string quoted(std::string_view text)
{
	const std::size_t first = text.find('"');

	if (first == text.npos)
		return {};
	text.remove_prefix(first + 1);
	return std::string(text.substr(0, text.find('"')));
}

/// Of a line ACCESS SECTORS KIND "NAME" OFFSET: up to where the disk needs the file.
std::uint64_t flat_bytes(std::string_view line)
{
	constexpr std::uint64_t sector = 512;
	std::istringstream words{std::string(line.substr(0, line.find('"')))};
	std::istringstream behind{std::string(line.substr(line.rfind('"') + 1))};
	std::string access, kind;
	std::uint64_t sectors = 0, offset = 0;

	words >> access >> sectors >> kind;
	behind >> offset;
	return kind == "FLAT" || kind == "VMFS" ? (offset + sectors) * sector : 0;
}

void add_vmdk_extents(std::string_view descriptor, ImageFiles &files)
{
	while (!descriptor.empty()) {
		const std::size_t end = descriptor.find('\n');
		const std::string_view line = descriptor.substr(0, end);

		// All other lines are KEY="VALUE".
		if (const std::size_t quote = line.find('"'); quote < line.find('='))
			files.extents.push_back({quoted(line), flat_bytes(line)});
		descriptor.remove_prefix(end == descriptor.npos ? descriptor.size() : end + 1);
	}
}

/// A descriptor is a text: the file itself, or within one whose extent is its own.
Result<ImageFiles> files_of_vmdk(int file)
{
	constexpr std::size_t sector = 512, most_descriptor_bytes = 1 << 20;
	constexpr std::string_view parent_key = "parentFileNameHint";
	std::array<std::byte, sector> head = {};
	std::uint64_t at = 0;
	bool own_extent = false;

	TRY(read_up_to(file, head, 0));
	if (std::ranges::equal(std::span(head).first(4), std::as_bytes(std::span("KDMV", 4)))) {
		at = little_endian(std::span(head).subspan(28, 8)) * sector;
		own_extent = little_endian(std::span(head).subspan(12, 8)) != 0;
	} else if (std::ranges::equal(std::span(head).first(4), std::as_bytes(std::span("COWD", 4)))) {
		return ImageFiles();
	}

	std::string descriptor(most_descriptor_bytes, '\0');
	if (at || !own_extent)
		descriptor.resize(TRY(read_up_to(file, std::as_writable_bytes(std::span(descriptor)), at)));
	else
		descriptor.clear();

	ImageFiles files;
	if (const std::size_t parent = descriptor.find(parent_key); parent != descriptor.npos) {
		files.backing = quoted(std::string_view(descriptor).substr(parent));
		files.backing_format = name_of(DiskFormat::vmdk);
	}
	if (!own_extent)
		add_vmdk_extents(descriptor, files);
	return files;
}

} // namespace

Result<ImageFiles> files_of(int file, DiskFormat format)
{
	if (format == DiskFormat::qcow2)
		return files_of_qcow2(file);
	if (format == DiskFormat::vmdk)
		return files_of_vmdk(file);
	return ImageFiles();
}

Result<std::vector<Snapshot>> snapshots_of(int file)
{
	constexpr std::size_t fixed_bytes = 40, most_snapshots = 65536;
	const Qcow2Header header = TRY(Qcow2Header::read(file));
	std::vector<Snapshot> snapshots;
	std::uint64_t at = header.snapshots_offset();

	for (std::size_t i = 0; i < std::min(header.snapshots(), most_snapshots); i++) {
		std::array<std::byte, fixed_bytes> buffer;
		const std::span<const std::byte> entry(buffer);

		TRY(read_exactly(file, buffer, at));

		const std::uint64_t id_bytes = big_endian(entry.subspan(12, 2));
		const std::uint64_t name_bytes = big_endian(entry.subspan(14, 2));
		const std::uint64_t extra_bytes = big_endian(entry.subspan(36, 4));

		at += fixed_bytes + extra_bytes;
		snapshots.push_back({TRY(text_at(file, at + id_bytes, name_bytes)),
				     big_endian(entry.first(8)), big_endian(entry.subspan(8, 4))});
		// The next one begins at a multiple of 8.
		at = (at + id_bytes + name_bytes + 7) & ~std::uint64_t{7};
	}
	return snapshots;
}

} // namespace lkl::apps
