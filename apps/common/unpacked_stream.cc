// SPDX-License-Identifier: GPL-2.0
#include "unpacked_stream.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <archive.h>

#include "decoder.hh"

namespace lkl::apps {

namespace {

constexpr std::size_t input_block = 256 * 1024;
constexpr std::size_t output_block = 256 * 1024;
constexpr std::size_t skip_block = 64 * 1024;

constexpr std::array gzip_mark = {std::byte{0x1f}, std::byte{0x8b}};

} // namespace

/// The bytes for libarchive: those of the file or, of gzip, which libarchive unpacks without
/// a look at the checksums (3.6), what it unpacks to.
class StreamInput {
public:
	explicit StreamInput(int file) : file_(file), input_(input_block) {}

	/// Reads the first bytes.
	Result<void> start();
	/// Some more, valid until the next call; none at the end.
	Result<std::span<const std::byte>> next();
	bool is_gzip() const { return decoder_ != nullptr; }
	/// Of the file.
	std::uint64_t bytes_read() const { return bytes_read_; }

private:
	Result<void> fill(std::size_t least);
	Result<std::span<const std::byte>> unpack();

	const int file_;
	std::vector<std::byte> input_, output_;
	std::span<const std::byte> ready_;	// of input_
	bool at_end_ = false;			// of the file
	std::uint64_t bytes_read_ = 0;
	std::unique_ptr<Decoder> decoder_;
};

/// Make ready_, which was used up, at least so many bytes, unless there are no more.
Result<void> StreamInput::fill(std::size_t least)
{
	std::size_t got = 0;

	while (got < least && !at_end_) {
		const ssize_t more = ::read(file_, input_.data() + got, input_.size() - got);

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return host_failure("read");
		at_end_ = more == 0;
		got += static_cast<std::size_t>(more);
	}
	bytes_read_ += got;
	ready_ = std::span(input_).first(got);
	return {};
}

Result<void> StreamInput::start()
{
	TRY(fill(gzip_mark.size()));
	if (std::ranges::equal(ready_.first(std::min(ready_.size(), gzip_mark.size())), gzip_mark)) {
		decoder_ = TRY(Decoder::create(DiskFormat::gzip));
		output_.resize(output_block);
	}
	return {};
}

Result<std::span<const std::byte>> StreamInput::next()
{
	if (decoder_)
		return unpack();
	if (ready_.empty())
		TRY(fill(1));
	return std::exchange(ready_, {});
}

Result<std::span<const std::byte>> StreamInput::unpack()
{
	for (;;) {
		if (ready_.empty())
			TRY(fill(1));

		const Decoder::Step step = TRY(decoder_->step(ready_, output_, at_end_));
		ready_ = ready_.subspan(step.taken);
		if (step.made)
			return std::span<const std::byte>(output_).first(step.made);
		if (ready_.empty() && at_end_ && !step.ended)
			return failure("gzip: the data ends early");
		if (ready_.empty() && at_end_)
			return std::span<const std::byte>();
		if (!step.taken)
			return failure("gzip: corrupt data");
	}
}

namespace {

la_ssize_t on_read(archive *reader, void *data, const void **buffer)
{
	const auto got = static_cast<StreamInput *>(data)->next();

	if (!got) {
		::archive_set_error(reader, got.error().code, "%s", got.error().text.c_str());
		return ARCHIVE_FATAL;
	}
	*buffer = got->data();
	return static_cast<la_ssize_t>(got->size());
}

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

UnpackedStream::UnpackedStream(Descriptor file, std::uint64_t offset, std::uint64_t bytes)
    : file_(std::move(file)), file_offset_(offset), file_bytes_(bytes)
{
}

Result<void> UnpackedStream::start()
{
	input_ = std::make_unique<StreamInput>(file_.get());
	if (const Result<void> started = input_->start(); !started) {
		trouble_ = started.error();
		return started;
	}
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
	if (::archive_read_open(archive_, input_.get(), nullptr, on_read, nullptr) != ARCHIVE_OK)
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
	return file_bytes_ && archive_ && !input_->is_gzip() &&
	       ::archive_filter_code(archive_, 0) == ARCHIVE_FILTER_NONE;
}

double UnpackedStream::part_read() const
{
	if (!input_ || !file_bytes_)
		return 0;

	return std::min(static_cast<double>(input_->bytes_read()) / static_cast<double>(file_bytes_), 1.0);
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
