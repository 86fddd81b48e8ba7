// SPDX-License-Identifier: GPL-2.0
#include "qemu_image.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "descriptor.hh"
#include "image_complete.hh"
#include "image_files.hh"
#include "reporter.hh"
#include "utf8.hh"

namespace lkl::apps {

namespace {

/// More is a loop, or as good as one.
constexpr unsigned most_images = 64;

std::string_view driver_of(DiskFormat format)
{
	return format == DiskFormat::vhd ? "vpc" : name_of(format);
}

/// As a JSON string.
Result<std::string> quote(std::string_view text)
{
	std::string quoted = "\"";

	for (std::string_view rest = text; !rest.empty();) {
		const std::size_t length = utf8_length(rest);

		if (length == 0)
			return failure("its name is not UTF-8, which qemu insists on");
		if (static_cast<unsigned char>(rest[0]) < 0x20 || rest[0] == '"' || rest[0] == '\\')
			quoted += fmt::format("\\u{:04x}", rest[0]);
		else
			quoted += rest.substr(0, length);
		rest.remove_prefix(length);
	}
	return quoted + '"';
}

Result<std::string> file_node(const std::string &path, int file)
{
	struct stat stat;

	if (::fstat(file, &stat) < 0)
		return host_failure("stat");
	return fmt::format(R"({{"driver":"{}","filename":{}}})",
			   S_ISBLK(stat.st_mode) ? "host_device" : "file", TRY(quote(path)));
}

/// The file that an image at @path means by @name.
Result<std::string> resolve(const std::string &path, std::string name)
{
	constexpr std::string_view file_scheme = "file:";

	if (name.starts_with(file_scheme))
		name.erase(0, file_scheme.size());
	if (name.substr(0, name.find('/')).find(':') != name.npos || name.find('\0') != name.npos)
		return failure("is not a file");
	if (name.starts_with('/'))
		return name;
	return path.substr(0, path.rfind('/') + 1) + name;
}

Result<Descriptor> open_other(const std::string &path)
{
	Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));

	if (!file)
		return host_failure("open");
	return file;
}

/// What @name, in an image at @path, is called in messages.
std::string shown(std::string_view role, std::string_view name)
{
	return fmt::format("{} '{}'", role, printable(name));
}

std::string list(const ImageFiles &files)
{
	std::string text;
	const auto add = [&](std::string_view role, std::string_view name) {
		text += (text.empty() ? "" : ", ") + shown(role, name);
	};

	if (!files.backing.empty())
		add("backing file", files.backing);
	if (!files.data.empty())
		add("data file", files.data);
	for (const ImageFiles::Extent &extent : files.extents)
		add("extent", extent.name);
	return text;
}

/// What the image says of its backing file's format, or what that itself says.
Result<DiskFormat> backing_format(const std::string &said, int file)
{
	if (said.empty()) {
		const off_t end = ::lseek(file, 0, SEEK_END);

		return detect_format(file, end < 0 ? 0 : static_cast<std::uint64_t>(end));
	}
	// Drivers of files, from a time when they stood for raw.
	if (said == "file" || said == "host_device")
		return DiskFormat::raw;
	if (const std::optional<DiskFormat> known = format_of_name(said); known && !is_compressed(*known))
		return *known;
	return failure(fmt::format("has format '{}', which is not known here", printable(said)));
}

/// That it is there, and whole. qemu finds it by itself.
Result<void> check_extent(const std::string &path, const ImageFiles::Extent &extent)
{
	const Descriptor file = TRY(open_other(TRY(resolve(path, extent.name))));
	const off_t end = ::lseek(file.get(), 0, SEEK_END);

	if (end < 0 || static_cast<std::uint64_t>(end) < extent.bytes)
		return failure(fmt::format("is cut short: it has {} bytes of {}", end, extent.bytes));
	return check_complete(file.get(), DiskFormat::vmdk);
}

Result<std::string> node(const std::string &path, int file, DiskFormat format, bool backing_files,
			 unsigned depth);

/// The node of another file, which an image at @path names.
Result<std::string> other_node(const std::string &path, const std::string &name,
			       const std::string *said_format, unsigned depth)
{
	const std::string other = TRY(resolve(path, name));
	const Descriptor file = TRY(open_other(other));

	return node(other, file.get(),
		    said_format ? TRY(backing_format(*said_format, file.get())) : DiskFormat::raw, true,
		    depth + 1);
}

Result<std::string> node(const std::string &path, int file, DiskFormat format, bool backing_files,
			 unsigned depth)
{
	const ImageFiles files = TRY(files_of(file, format));

	if (!files.none() && !backing_files)
		return failure("names other files, which are opened only with --backing-files: " +
			       list(files));
	if (depth == most_images)
		return failure("too long a chain of backing files");
	TRY(check_complete(file, format));
	for (const ImageFiles::Extent &extent : files.extents)
		if (const Result<void> there = check_extent(path, extent); !there)
			return failure(shown("extent", extent.name) + ": " + there.error().text,
				       there.error().code);

	std::string text = fmt::format(R"({{"driver":"{}","file":{})", driver_of(format),
				       TRY(file_node(path, file)));
	const auto add = [&](std::string_view key, std::string_view role, const std::string &name,
			     const std::string *said_format) -> Result<void> {
		const auto other = other_node(path, name, said_format, depth);

		if (!other)
			return failure(shown(role, name) + ": " + other.error().text,
				       other.error().code);
		text += fmt::format(R"(,"{}":{})", key, *other);
		return {};
	};

	if (!files.data.empty())
		TRY(add("data-file", "data file", files.data, nullptr));
	if (!files.backing.empty())
		TRY(add("backing", "backing file", files.backing, &files.backing_format));
	else if (format == DiskFormat::qcow2 || format == DiskFormat::vmdk)
		text += R"(,"backing":null)";
	return text + '}';
}

} // namespace

Result<QemuImage> describe_for_qemu(const std::string &path, int file, DiskFormat format,
				    bool backing_files)
{
	QemuImage image = {"json:" + TRY(node(path, file, format, backing_files, 0)), {path}};
	const ImageFiles files = TRY(files_of(file, format));

	if (!files.data.empty())
		image.files.push_back(TRY(resolve(path, files.data)));
	for (const ImageFiles::Extent &extent : files.extents)
		image.files.push_back(TRY(resolve(path, extent.name)));
	return image;
}

} // namespace lkl::apps
