// SPDX-License-Identifier: GPL-2.0
#include "file_data.hh"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

// What one failed read is taken to have lost: a page of the kernel's cache.
constexpr std::uint64_t unreadable_bytes = 4096;

// Each failure may have cost the device a long time; then the rest is given up.
constexpr unsigned most_failures = 256;

// The kernel's memory is small and its first use of more is dear, so data that
// went by makes room at once, in large files also on the way.
constexpr std::uint64_t forget_bytes = 4 << 20;

} // namespace

void FileData::note_loss(std::uint64_t offset, std::uint64_t bytes, const std::string &why)
{
	if (!lost_bytes_) {
		first_lost_ = offset;
		why_ = why;
	}
	lost_bytes_ += bytes;
}

Result<void> FileData::copy(const Extent &extent,
			    const std::function<void(std::uint64_t)> &progress)
{
	const std::uint64_t end = extent.offset + extent.bytes;
	std::uint64_t forgotten = extent.offset;

	for (std::uint64_t at = extent.offset; at < end;) {
		const std::span<std::byte> window = TRY(stream_.window(end - at));
		const Result<std::size_t> got =
			given_up_ ? Result<std::size_t>(0) : files_.read(file_, window, at);
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
