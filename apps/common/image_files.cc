// SPDX-License-Identifier: GPL-2.0
// qcow2 is as in qemu's docs/interop/qcow2.txt; vmdk as in VMware's "Virtual Disk Format
// 5.0".
#include "image_files.hh"

#include <algorithm>
#include <array>

namespace lkl::apps {

namespace {

std::uint64_t big_endian(std::span<const std::byte> bytes)
{
	std::uint64_t value = 0;

	for (const std::byte byte : bytes)
		value = value << 8 | std::to_integer<std::uint64_t>(byte);
	return value;
}

std::uint64_t little_endian(std::span<const std::byte> bytes)
{
	std::uint64_t value = 0;

	for (std::size_t i = bytes.size(); i--;)
		value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
	return value;
}

Result<std::string> text_at(int file, std::uint64_t offset, std::size_t bytes)
{
	std::string text(bytes, '\0');

	TRY(read_exactly(file, std::as_writable_bytes(std::span(text)), offset));
	return text;
}

/// A qcow2 image's header; the fields of version 3 are zero in version 2.
class Qcow2Header {
public:
	Result<void> read(int file)
	{
		TRY(read_up_to(file, bytes_, 0));
		return {};
	}

	std::uint64_t backing_offset() const { return field(8, 8); }
	std::size_t backing_bytes() const { return field(16, 4); }
	std::size_t snapshots() const { return field(60, 4); }
	std::uint64_t snapshots_offset() const { return field(64, 8); }
	bool has_data_file() const { return version() >= 3 && field(72, 8) & 1 << 2; }
	/// Where extensions begin.
	std::uint64_t bytes() const { return version() >= 3 ? field(100, 4) : 72; }

private:
	std::uint64_t version() const { return field(4, 4); }
	std::uint64_t field(std::size_t offset, std::size_t bytes) const
	{
		return big_endian(std::span(bytes_).subspan(offset, bytes));
	}

	std::array<std::byte, 104> bytes_ = {};
};

constexpr std::size_t most_name_bytes = 1023;	// the format's own limit
constexpr unsigned most_extensions = 64;

Result<ImageFiles> files_of_qcow2(int file)
{
	constexpr std::uint64_t end = 0, backing_format = 0xe2792aca, data_file = 0x44415441;
	Qcow2Header header;
	ImageFiles files;

	TRY(header.read(file));
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

void add_vmdk_extents(std::string_view descriptor, ImageFiles &files)
{
	while (!descriptor.empty()) {
		const std::size_t end = descriptor.find('\n');
		const std::string_view line = descriptor.substr(0, end);

		if (line.starts_with("RW ") || line.starts_with("RDONLY ") || line.starts_with("NOACCESS "))
			if (std::string name = quoted(line); !name.empty())
				files.extents.push_back(std::move(name));
		descriptor.remove_prefix(end == descriptor.npos ? descriptor.size() : end + 1);
	}
}

/// A descriptor is a text: the file itself, or within one whose extent is its own.
Result<ImageFiles> files_of_vmdk(int file)
{
	constexpr std::size_t sector = 512, most_descriptor_bytes = 64 << 10;
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

Result<std::vector<std::string>> snapshots_of(int file)
{
	constexpr std::size_t fixed_bytes = 40, most_snapshots = 65536;
	Qcow2Header header;
	std::vector<std::string> names;

	TRY(header.read(file));
	std::uint64_t at = header.snapshots_offset();
	for (std::size_t i = 0; i < std::min(header.snapshots(), most_snapshots); i++) {
		std::array<std::byte, fixed_bytes> entry;

		TRY(read_exactly(file, entry, at));

		const std::uint64_t id_bytes = big_endian(std::span(entry).subspan(12, 2));
		const std::uint64_t name_bytes = big_endian(std::span(entry).subspan(14, 2));
		const std::uint64_t extra_bytes = big_endian(std::span(entry).subspan(36, 4));

		at += fixed_bytes + extra_bytes;
		names.push_back(TRY(text_at(file, at + id_bytes, name_bytes)));
		// The next one begins at a multiple of 8.
		at = (at + id_bytes + name_bytes + 7) & ~std::uint64_t{7};
	}
	return names;
}

} // namespace lkl::apps
