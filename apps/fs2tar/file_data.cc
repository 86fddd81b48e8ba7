// SPDX-License-Identifier: GPL-2.0
#include "file_data.hh"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "apps/common/zeroes.hh"

namespace lkl::apps {

namespace {

// What one failed read is taken to have lost: a page of the kernel's cache.
constexpr std::uint64_t unreadable_bytes = 4096;

// Each failure may have cost the device a long time; then the rest is given up.
constexpr unsigned most_failures = 256;

// The kernel's memory is small and its first use of more is dear, so data that
// went by makes room at once, in large files also on the way.
constexpr std::uint64_t forget_bytes = 4 << 20;

// Reading twice is dear where the file system compresses, memory where it is used for the
// first time.
constexpr std::size_t most_ahead_bytes = 32 << 20;
constexpr std::size_t ahead_read_bytes = 512 << 10;

/// Adds to @extents what may be the continuation of the last one.
void add_extent(std::vector<Extent> &extents, std::uint64_t offset, std::uint64_t bytes)
{
	if (!extents.empty() && extents.back().offset + extents.back().bytes == offset)
		extents.back().bytes += bytes;
	else
		extents.push_back({offset, bytes});
}

} // namespace

std::span<std::byte> ReadAhead::room()
{
	constexpr std::size_t bytes = most_ahead_bytes + ahead_read_bytes;

	// Pages of it that are never used are never there.
	if (!bytes_)
		bytes_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
	return {bytes_.get(), bytes};
}

void FileData::note_loss(std::uint64_t offset, std::uint64_t bytes, const std::string &why)
{
	if (!lost_bytes_) {
		first_lost_ = offset;
		why_ = why;
	}
	lost_bytes_ += bytes;
}

std::vector<Extent> FileData::without_zeroes(std::span<const Extent> extents, ReadAhead &ahead,
					     const Progress &progress)
{
	const std::span<std::byte> room = ahead.room();
	const std::uint64_t size = extents.back().offset + extents.back().bytes;
	std::vector<Extent> found;
	std::size_t kept = 0;
	bool keeping = true, readable = true;

	for (const Extent &extent : extents) {
		const std::uint64_t end = extent.offset + extent.bytes;
		std::uint64_t forgotten = extent.offset;

		for (std::uint64_t at = extent.offset; at < end;) {
			const std::span<std::byte> piece = room.subspan(
				kept, std::min<std::uint64_t>(ahead_read_bytes, end - at));
			const Result<std::size_t> got =
				readable ? files_.read(file_, piece, at) : Result<std::size_t>(0);
			const std::uint64_t bytes = got.value_or(0);
			std::uint64_t data_bytes = 0;

			// copy() will tell; no more is tried here, as each may take long.
			if (!bytes) {
				readable = false;
				add_extent(found, at, end - at);
				break;
			}
			(void)apps::without_zeroes(
				piece.first(bytes), at,
				[&](std::span<const std::byte> run, std::uint64_t offset) {
					add_extent(found, offset, run.size());
					data_bytes += run.size();
					if (keeping) {
						std::memmove(room.data() + kept, run.data(), run.size());
						kept += run.size();
					}
					return Result<void>();
				});
			keeping = kept <= most_ahead_bytes - ahead_read_bytes;
			progress(bytes - data_bytes);
			at += bytes;
			if (at - forgotten >= forget_bytes || at == end) {
				files_.forget(file_, forgotten, at - forgotten);
				forgotten = at;
			}
		}
	}
	if (found.empty() || found.back().offset + found.back().bytes < size)
		found.push_back({size, 0});
	ahead_ = room.first(kept);
	return found;
}

/// Of the next bytes to be copied.
Result<std::size_t> FileData::read(std::span<std::byte> window, std::uint64_t offset)
{
	if (ahead_.empty())
		return files_.read(file_, window, offset);

	const std::size_t bytes = std::min(window.size(), ahead_.size());
	std::memcpy(window.data(), ahead_.data(), bytes);
	ahead_ = ahead_.subspan(bytes);
	return bytes;
}

Result<void> FileData::copy(const Extent &extent, const Progress &progress)
{
	const std::uint64_t end = extent.offset + extent.bytes;
	std::uint64_t forgotten = extent.offset;

	for (std::uint64_t at = extent.offset; at < end;) {
		const std::span<std::byte> window = TRY(stream_.window(end - at));
		const Result<std::size_t> got =
			given_up_ ? Result<std::size_t>(0) : read(window, at);
		std::uint64_t bytes = got.value_or(0);

		if (bytes) {
			failures_ = 0;
		} else {
			if (const std::optional<Error> broken = files_.broken())
				return std::unexpected(*broken);
			if (!got && ++failures_ < most_failures)
				bytes = unreadable_bytes - at % unreadable_bytes;
			else
				given_up_ = true;
			if (given_up_)
				bytes = window.size();
			bytes = std::min<std::uint64_t>(bytes, window.size());
			std::memset(window.data(), 0, bytes);
			note_loss(at, bytes, got ? "read: the file ends early" : got.error().text);
		}
		stream_.advance(bytes);
		at += bytes;
		progress(bytes);
		if (at - forgotten >= forget_bytes || at == end) {
			files_.forget(file_, forgotten, at - forgotten);
			forgotten = at;
		}
	}
	return {};
}

std::string FileData::lost() const
{
	if (!lost_bytes_)
		return {};
	return fmt::format("{}; {} bytes from offset {} on replaced by zeroes", why_, lost_bytes_,
			   first_lost_);
}

} // namespace lkl::apps
