// SPDX-License-Identifier: GPL-2.0
#include "disk_source.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "compressed_source.hh"
#include "descriptor.hh"
#include "nbd_source.hh"
#include "raw_source.hh"

namespace lkl::apps {

namespace {

/// What cannot be an image is not even opened: that alone may do something.
Result<Descriptor> open_image(const SourceOptions &options)
{
	struct stat stat;

	if (::stat(options.path.c_str(), &stat) < 0)
		return host_failure("open");
	if (S_ISDIR(stat.st_mode))
		return host_failure("open", EISDIR);
	if (!S_ISREG(stat.st_mode) && !S_ISBLK(stat.st_mode))
		return host_failure("open", EINVAL);
	if (S_ISREG(stat.st_mode) && stat.st_size == 0)
		return failure("the file is empty");
	// The library looks again at what this has become meanwhile; a fifo, where
	// opening it could wait forever, is no harm either.
	Descriptor file(::open(options.path.c_str(),
			       (options.writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY |
				       (S_ISREG(stat.st_mode) ? O_NONBLOCK : 0)));
	if (!file)
		return host_failure("open");
	return file;
}

/// Of a block device too.
Result<std::uint64_t> size_of(int file)
{
	const off_t end = ::lseek(file, 0, SEEK_END);

	if (end < 0)
		return host_failure("size");
	return static_cast<std::uint64_t>(end);
}

} // namespace

bool is_nbd_uri(std::string_view path)
{
	return path.starts_with("nbd://") || path.starts_with("nbd+unix://");
}

Result<std::unique_ptr<DiskSource>> DiskSource::open(const SourceOptions &options)
{
	if (!is_nbd_uri(options.path))
		return open_file(options);
	if (options.format.value_or(DiskFormat::raw) != DiskFormat::raw || !options.snapshot.empty())
		return failure("an NBD server serves raw disks, without snapshots");

	auto source = TRY(connect_to_server(options.path, options.writable));
	source->format_ = "nbd";
	return source;
}

Result<std::unique_ptr<DiskSource>> DiskSource::open_file(const SourceOptions &options)
{
	Descriptor file = TRY(open_image(options));
	const std::uint64_t bytes = TRY(size_of(file.get()));
	const DiskFormat format = options.format ? *options.format
						 : TRY(detect_format(file.get(), bytes));
	std::unique_ptr<DiskSource> source;

	if (!options.snapshot.empty() && format != DiskFormat::qcow2)
		return failure(fmt::format("snapshots are for qcow2, and this is {}", name_of(format)));
	if (is_compressed(format) && options.writable)
		return failure(fmt::format("a {} file can only be read; unpack it first", name_of(format)));
	if (is_virtual(format))
		source = TRY(serve_image(std::move(file), format, options));
	else if (is_compressed(format))
		source = TRY(open_compressed(std::move(file), bytes, format));
	else
		source = std::make_unique<RawSource>(std::move(file));
	source->format_ = name_of(format);
	return source;
}

} // namespace lkl::apps
