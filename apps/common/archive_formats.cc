// SPDX-License-Identifier: GPL-2.0
#include "archive_formats.hh"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "libarchive_reader.hh"
#include "tar_reader.hh"

namespace lkl::apps {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

constexpr const char *unknown = "no archive of a known format";
constexpr const char *no_zip_directory =
	"zip: no directory of its files in the last 16 KiB; it is cut short, or its comment is long";

struct Mark {
	std::size_t at;
	std::string_view bytes;
};

constexpr Mark iso9660 = {0x8001, "CD001"};
constexpr std::size_t marks_bytes = iso9660.at + iso9660.bytes.size();

/// What is read from its beginning to its end: cpio, odd and even, and ar.
constexpr std::array<Mark, 6> streams = {{
	{0, "070701"},
	{0, "070702"},
	{0, "070707"},
	{0, "\x71\xc7"},
	{0, "\xc7\x71"},
	{0, "!<arch>\n"},
}};

/// What is not: zip, 7z, rar, xar, cab, lha.
constexpr std::array<Mark, 8> files = {{
	{0, "PK\x03\x04"},
	{0, "PK\x05\x06"},
	{0, "PK00PK\x03\x04"},
	{0, "7z\xbc\xaf\x27\x1c"},
	{0, "Rar!\x1a\x07"},
	{0, "xar!"},
	{0, "MSCF"},
	{2, "-lh"},
}};

bool has(std::string_view begin, const Mark &mark)
{
	return begin.size() > mark.at && begin.substr(mark.at).starts_with(mark.bytes);
}

template <class Marks> bool has_any(std::string_view begin, const Marks &marks)
{
	return std::ranges::any_of(marks, [&](const Mark &mark) { return has(begin, mark); });
}

class StreamBytes final : public ArchiveBytes {
public:
	explicit StreamBytes(UnpackedStream &stream) : stream_(stream), piece_(piece_bytes) {}

	Result<std::span<const std::byte>> read() override
	{
		return std::span<const std::byte>(piece_).first(TRY(stream_.read(piece_)));
	}
	std::uint64_t position() const override { return stream_.position(); }
	double part_read() const override { return stream_.part_read(); }

private:
	UnpackedStream &stream_;
	std::vector<std::byte> piece_;
};

class FileBytes final : public ArchiveBytes {
public:
	/// @size bytes from @offset on of @file, which @owned may be.
	FileBytes(int file, std::uint64_t offset, std::uint64_t size, Descriptor owned)
	    : file_(file), offset_(offset), size_(size), owned_(std::move(owned)), piece_(piece_bytes)
	{
	}

	Result<std::span<const std::byte>> read() override
	{
		const ssize_t got = ::pread(file_, piece_.data(), piece_.size(),
					    static_cast<off_t>(offset_ + position_));

		if (got < 0)
			return host_failure("read");
		position_ += static_cast<std::size_t>(got);
		return std::span<const std::byte>(piece_).first(static_cast<std::size_t>(got));
	}
	std::uint64_t position() const override { return position_; }
	std::uint64_t size() const override { return size_; }
	void seek(std::uint64_t position) override { position_ = position; }
	double part_read() const override
	{
		return static_cast<double>(position_) / static_cast<double>(size_);
	}

private:
	const int file_;
	const std::uint64_t offset_, size_;
	const Descriptor owned_;
	std::uint64_t position_ = 0;
	std::vector<std::byte> piece_;
};

Result<std::unique_ptr<ArchiveBytes>> unpack(UnpackedStream &stream, UnpackedFile room)
{
	std::vector<std::byte> piece(piece_bytes);
	std::uint64_t size = 0;

	while (const std::size_t got = TRY(stream.read(piece))) {
		TRY(room.write(std::span(piece).first(got), size));
		size += got;
	}
	TRY(room.set_size(size));

	Descriptor file = room.release();
	const int number = file.get();
	return std::make_unique<FileBytes>(number, 0, size, std::move(file));
}

Result<std::unique_ptr<ArchiveReader>> open_by_libarchive(std::unique_ptr<ArchiveBytes> bytes,
							  const char *if_unknown)
{
	return TRY(LibarchiveReader::open(std::move(bytes), if_unknown));
}

} // namespace

void prepare_archives()
{
	LibarchiveReader::prepare();
}

Result<std::unique_ptr<ArchiveReader>> open_archive(UnpackedStream &stream,
						    Result<UnpackedFile> room, bool ignore_zeros)
{
	const auto peeked = TRY(stream.peek(marks_bytes));
	const std::string_view begin(reinterpret_cast<const char *>(peeked.data()), peeked.size());

	const char *const if_unknown = begin.starts_with("PK") ? no_zip_directory : unknown;

	if (begin.empty())
		return failure("is empty");
	if (begin.size() >= tar_block) {
		TarHeader::Block block;
		begin.copy(block, tar_block);

		const TarHeader header(block);
		// Disks have zeroes in front, where there is room to boot from.
		if (header.all_zero() ? !has(begin, iso9660) : header.valid())
			return std::make_unique<TarReader>(stream, ignore_zeros);
	}
	if (has_any(begin, streams))
		return open_by_libarchive(std::make_unique<StreamBytes>(stream), unknown);
	if (stream.is_plain_file())
		return open_by_libarchive(std::make_unique<FileBytes>(
			stream.file(), stream.file_offset(), stream.file_bytes(), Descriptor()), if_unknown);
	if (has(begin, iso9660) || has_any(begin, files))
		return open_by_libarchive(
			TRY(unpack(stream, TRY(std::move(room)))), if_unknown);
	return failure(unknown);
}

} // namespace lkl::apps
