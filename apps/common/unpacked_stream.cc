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
	Descriptor file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
				    : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
	struct stat stat;

	if (!file || ::fstat(file.get(), &stat) < 0)
		return host_failure("open");
	if (S_ISDIR(stat.st_mode))
		return host_failure("open", EISDIR);
	if (::isatty(file.get()))
		return failure("an archive is not read from a terminal");

	// Standard input may be in the middle of a file.
	const off_t at = S_ISREG(stat.st_mode) ? ::lseek(file.get(), 0, SEEK_CUR) : 0;
	const off_t bytes = S_ISREG(stat.st_mode) && stat.st_size > at ? stat.st_size - at : 0;
	return std::unique_ptr<UnpackedStream>(new UnpackedStream(
		std::move(file), static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(bytes)));
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
	if (::archive_read_open_fd(archive_, file_.get(), input_block) != ARCHIVE_OK)
		return failed();
	const int result = ::archive_read_next_header(archive_, &entry);
	empty_ = result == ARCHIVE_EOF;
	return empty_ || result >= ARCHIVE_WARN ? Result<void>() : failed();
}

UnpackedStream::~UnpackedStream()
{
	::archive_read_free(archive_);
}

std::unexpected<Error> UnpackedStream::failed()
{
	const char *text = ::archive_error_string(archive_);

	trouble_ = {std::max(::archive_errno(archive_), 0),
		    std::string("read: ") + (text ? text : "cannot be decompressed")};
	return std::unexpected(*trouble_);
}

/// @done: bytes that there are, also before an Error.
Result<void> UnpackedStream::unpack(std::span<std::byte> buffer, std::size_t &done)
{
	done = 0;
	if (trouble_)
		return std::unexpected(*trouble_);
	if (!archive_)
		TRY(start());
	while (!empty_ && done < buffer.size()) {
		const la_ssize_t got =
			::archive_read_data(archive_, buffer.data() + done, buffer.size() - done);

		if (got < 0)
			return failed();
		if (got == 0)
			break;
		done += static_cast<std::size_t>(got);
	}
	return {};
}

Result<std::span<const std::byte>> UnpackedStream::peek(std::size_t bytes)
{
	const std::size_t had = ahead_.size();

	if (had < bytes) {
		std::size_t got = 0;

		ahead_.resize(bytes);
		const Result<void> unpacked = unpack(std::span(ahead_).subspan(had), got);
		ahead_.resize(had + got);
		// What there is may be of use; read() fails behind it.
		if (!unpacked && ahead_.empty())
			return std::unexpected(unpacked.error());
	}
	return std::span<const std::byte>(ahead_).first(std::min(bytes, ahead_.size()));
}

Result<std::size_t> UnpackedStream::read(std::span<std::byte> buffer)
{
	const std::size_t known = std::min(ahead_.size(), buffer.size());

	std::copy_n(ahead_.begin(), known, buffer.begin());
	ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<std::ptrdiff_t>(known));

	std::size_t got = 0;
	TRY(unpack(buffer.subspan(known), got));
	position_ += known + got;
	return known + got;
}

bool UnpackedStream::is_plain_file() const
{
	return file_bytes_ && archive_ && ::archive_filter_code(archive_, 0) == ARCHIVE_FILTER_NONE;
}

double UnpackedStream::part_read() const
{
	if (!archive_ || !file_bytes_)
		return 0;

	const la_int64_t got = ::archive_filter_bytes(archive_, -1);
	return std::clamp(static_cast<double>(got) / static_cast<double>(file_bytes_), 0.0, 1.0);
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
