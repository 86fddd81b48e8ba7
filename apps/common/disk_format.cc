// SPDX-License-Identifier: GPL-2.0
#include "disk_format.hh"

#include <unistd.h>

#include <array>

namespace lkl::apps {

namespace {

using namespace std::string_view_literals;

struct Name {
	std::string_view text;
	DiskFormat format;
};

/// The first of each format is its own.
constexpr std::array<Name, 12> names = {{
	{"raw", DiskFormat::raw},
	{"gzip", DiskFormat::gzip},
	{"xz", DiskFormat::xz},
	{"zstd", DiskFormat::zstd},
	{"qcow2", DiskFormat::qcow2},
	{"vmdk", DiskFormat::vmdk},
	{"vdi", DiskFormat::vdi},
	{"vhd", DiskFormat::vhd},
	{"vhdx", DiskFormat::vhdx},
	{"gz", DiskFormat::gzip},
	{"zst", DiskFormat::zstd},
	{"vpc", DiskFormat::vhd},
}};

struct Mark {
	std::size_t offset;
	std::string_view bytes;
	DiskFormat format;
};

constexpr std::size_t head_bytes = 512;

constexpr std::array<Mark, 11> marks = {{
	{0, "\x1f\x8b\x08"sv, DiskFormat::gzip},
	{0, "\xfd" "7zXZ\0"sv, DiskFormat::xz},
	{0, "\x28\xb5\x2f\xfd"sv, DiskFormat::zstd},
	{0, "QFI\xfb\0\0\0\2"sv, DiskFormat::qcow2},
	{0, "QFI\xfb\0\0\0\3"sv, DiskFormat::qcow2},
	{0, "KDMV"sv, DiskFormat::vmdk},
	{0, "COWD"sv, DiskFormat::vmdk},
	{0, "# Disk DescriptorFile"sv, DiskFormat::vmdk},
	{0x40, "\x7f\x10\xda\xbe"sv, DiskFormat::vdi},
	{0, "vhdxfile"sv, DiskFormat::vhdx},
	{0, "conectix"sv, DiskFormat::vhd},
}};

/// Of a frame that decoders pass over, with which several tools begin.
bool is_skippable_zstd(std::string_view head)
{
	return head.size() >= 4 && (head[0] & 0xf0) == 0x50 && head.substr(1, 3) == "\x2a\x4d\x18";
}

} // namespace

std::string_view name_of(DiskFormat format)
{
	for (const Name &name : names)
		if (name.format == format)
			return name.text;
	return {};
}

std::optional<DiskFormat> format_of_name(std::string_view text)
{
	for (const Name &name : names)
		if (name.text == text)
			return name.format;
	return std::nullopt;
}

std::string format_names()
{
	std::string list;

	for (const Name &name : names)
		if (name_of(name.format) == name.text)
			list.append(list.empty() ? "" : ", ").append(name.text);
	return list;
}

bool is_compressed(DiskFormat format)
{
	return format == DiskFormat::gzip || format == DiskFormat::xz || format == DiskFormat::zstd;
}

bool is_virtual(DiskFormat format)
{
	return format != DiskFormat::raw && !is_compressed(format);
}

Result<std::size_t> read_up_to(int file, std::span<std::byte> buffer, std::uint64_t offset)
{
	std::size_t done = 0;

	while (done < buffer.size()) {
		const ssize_t got = ::pread(file, buffer.data() + done, buffer.size() - done,
					    static_cast<off_t>(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return host_failure("read");
		if (got == 0)
			break;
		done += static_cast<std::size_t>(got);
	}
	return done;
}

Result<void> read_exactly(int file, std::span<std::byte> buffer, std::uint64_t offset)
{
	if (TRY(read_up_to(file, buffer, offset)) < buffer.size())
		return failure("the file ends early");
	return {};
}

Result<DiskFormat> detect_format(int file, std::uint64_t bytes)
{
	std::array<char, head_bytes> buffer;
	const std::size_t got = TRY(read_up_to(file, std::as_writable_bytes(std::span(buffer)), 0));
	const std::string_view head(buffer.data(), got);

	for (const Mark &mark : marks)
		if (head.size() > mark.offset && head.substr(mark.offset).starts_with(mark.bytes))
			return mark.format;
	if (is_skippable_zstd(head))
		return DiskFormat::zstd;

	// A VHD of fixed size is a raw disk with this behind it.
	if (bytes >= head_bytes && bytes % head_bytes == 0) {
		TRY(read_exactly(file, std::as_writable_bytes(std::span(buffer)), bytes - head_bytes));
		if (std::string_view(buffer.data(), buffer.size()).starts_with("conectix"))
			return DiskFormat::vhd;
	}
	return DiskFormat::raw;
}

} // namespace lkl::apps
