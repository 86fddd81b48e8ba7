// SPDX-License-Identifier: GPL-2.0
#include "unpacked_stream.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include <archive.h>

namespace lkl::apps {

namespace {

constexpr std::size_t input_block = 256 * 1024;
constexpr std::size_t skip_block = 64 * 1024;

} // namespace

Result<std::unique_ptr<UnpackedStream>> UnpackedStream::open(const std::string &path)
{
	const bool standard = path == "-";
	const int fd = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat stat;

	if (fd < 0)
		return host_failure("open");

	std::unique_ptr<UnpackedStream> stream(new UnpackedStream(fd));
	if (::fstat(fd, &stat) < 0)
		return host_failure("open");
	if (S_ISDIR(stat.st_mode))
		return host_failure("open", EISDIR);
	TRY(stream->start());
	return stream;
}

Result<void> UnpackedStream::start()
{
	archive_ = ::archive_read_new();
	if (!archive_)
		return host_failure("memory", ENOMEM);
	for (const auto add :
	     {::archive_read_support_filter_gzip, ::archive_read_support_filter_bzip2,
	      ::archive_read_support_filter_xz, ::archive_read_support_filter_zstd,
	      ::archive_read_support_filter_lz4, ::archive_read_support_filter_lzip,
	      ::archive_read_support_filter_lzma, ::archive_read_support_filter_compress,
	      ::archive_read_support_filter_uu, ::archive_read_support_filter_rpm,
	      ::archive_read_support_format_raw, ::archive_read_support_format_empty})
		if (add(archive_) < ARCHIVE_WARN)
			return failed();

	archive_entry *entry = nullptr;
	if (::archive_read_open_fd(archive_, fd_, input_block) != ARCHIVE_OK)
		return failed();
	const int result = ::archive_read_next_header(archive_, &entry);
	empty_ = result == ARCHIVE_EOF;
	return empty_ || result >= ARCHIVE_WARN ? Result<void>() : failed();
}

UnpackedStream::~UnpackedStream()
{
	::archive_read_free(archive_);
	if (fd_ != STDIN_FILENO)
		::close(fd_);
}

std::unexpected<Error> UnpackedStream::failed()
{
	const char *text = ::archive_error_string(archive_);

	return failure(std::string("read: ") + (text ? text : "cannot be decompressed"),
		       std::max(::archive_errno(archive_), 0));
}

Result<std::size_t> UnpackedStream::read(std::span<std::byte> buffer)
{
	std::size_t done = 0;

	while (!empty_ && done < buffer.size()) {
		const la_ssize_t got =
			::archive_read_data(archive_, buffer.data() + done, buffer.size() - done);

		if (got < 0)
			return failed();
		if (got == 0)
			break;
		done += static_cast<std::size_t>(got);
	}
	position_ += done;
	return done;
}

Result<bool> UnpackedStream::skip(std::uint64_t bytes)
{
	std::vector<std::byte> dropped(std::min<std::uint64_t>(bytes, skip_block));

	while (bytes) {
		const std::size_t wanted = std::min<std::uint64_t>(bytes, dropped.size());

		if (TRY(read(std::span(dropped).first(wanted))) < wanted)
			return false;
		bytes -= wanted;
	}
	return true;
}

} // namespace lkl::apps
