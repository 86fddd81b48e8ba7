// SPDX-License-Identifier: GPL-2.0
#include "virtio/overlay.hh"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>

namespace lkl::virtio {

namespace {

// Walks the bytes of scattered buffers.
class Cursor {
public:
	explicit Cursor(std::span<const host::Buffer> buffers) : rest_(buffers) {}

	// The next contiguous bytes, at most @limit.
	std::span<std::byte> next(std::uint64_t limit)
	{
		const host::Buffer &buffer = rest_.front();
		std::size_t bytes = std::min<std::uint64_t>(buffer.bytes - used_, limit);
		std::byte *data = static_cast<std::byte *>(buffer.data) + used_;

		used_ += bytes;
		if (used_ == buffer.bytes) {
			rest_ = rest_.subspan(1);
			used_ = 0;
		}
		return {data, bytes};
	}

private:
	std::span<const host::Buffer> rest_;
	std::size_t used_ = 0;
};

constexpr std::uint32_t page_bit(std::uint64_t offset)
{
	return 1u << (offset / Overlay::page_bytes % Overlay::group_pages);
}

constexpr std::uint64_t page_end(std::uint64_t offset)
{
	return (offset / Overlay::page_bytes + 1) * Overlay::page_bytes;
}

} // namespace

Overlay::Run Overlay::run_at(std::uint64_t offset, std::uint64_t limit) const
{
	auto source_of = [](const Group &group, std::uint64_t at) {
		if (group.data_pages & page_bit(at))
			return Source::data;
		return group.zero_pages & page_bit(at) ? Source::zero : Source::base;
	};
	Run run = {Source::base, 0, nullptr};

	for (std::uint64_t at = offset; at < limit;) {
		std::uint64_t group_end = (at / group_bytes + 1) * group_bytes;
		auto found = groups_.find(at / group_bytes);

		if (found == groups_.end()) {
			if (run.bytes && run.source != Source::base)
				return run;
			at = std::min(group_end, limit);
			run.bytes = at - offset;
			continue;
		}

		const Group &group = found->second;

		for (; at < std::min(group_end, limit); at = std::min(page_end(at), limit)) {
			Source source = source_of(group, at);

			if (run.bytes == 0) {
				run.source = source;
				if (source == Source::data)
					run.data = &group.data[at % group_bytes];
			} else if (source != run.source) {
				return run;
			}
			run.bytes = std::min(page_end(at), limit) - offset;
		}
		// The next group's data is elsewhere.
		if (run.source == Source::data)
			return run;
	}
	return run;
}

std::int64_t Overlay::read(std::span<const host::Buffer> buffers, std::uint64_t offset,
			   bool cached_only)
try {
	std::shared_lock lock(mutex_, std::defer_lock);

	// A writer may be waiting for the base.
	if (!cached_only)
		lock.lock();
	else if (!lock.try_lock())
		return -LKL_EAGAIN;

	const std::uint64_t total = total_bytes(buffers);
	const std::uint64_t end = offset + total;
	Run run = run_at(offset, end);

	if (run.source == Source::base && run.bytes == total)
		return base_->read(buffers, offset, cached_only);

	Cursor cursor(buffers);
	std::uint64_t at = offset;

	while (at < end) {
		run = run_at(at, end);

		std::vector<host::Buffer> from_base;

		for (std::uint64_t left = run.bytes; left;) {
			std::span<std::byte> piece = cursor.next(left);

			left -= piece.size();
			if (run.source == Source::base) {
				from_base.push_back({piece.data(), piece.size()});
			} else if (run.source == Source::zero) {
				std::memset(piece.data(), 0, piece.size());
			} else {
				std::memcpy(piece.data(), run.data, piece.size());
				run.data += piece.size();
			}
		}
		if (!from_base.empty()) {
			std::int64_t bytes = base_->read(from_base, at, cached_only);

			if (bytes < 0)
				return at == offset || !cached_only
					       ? bytes
					       : static_cast<std::int64_t>(at - offset);
			if (static_cast<std::uint64_t>(bytes) < run.bytes)
				return static_cast<std::int64_t>(at - offset) + bytes;
		}
		at += run.bytes;
	}
	return static_cast<std::int64_t>(total);
} catch (const std::bad_alloc &) {
	return -LKL_ENOMEM;
}

// Make the page at @offset data; @whole: all of it will be overwritten.
int Overlay::own_page(Group &group, std::uint64_t offset, bool whole)
{
	std::uint32_t bit = page_bit(offset);

	if (group.data_pages & bit)
		return 0;
	if (!group.data)
		group.data = std::make_unique_for_overwrite<std::byte[]>(group_bytes);

	std::uint64_t start = offset / page_bytes * page_bytes;
	std::byte *page = &group.data[start % group_bytes];

	if (!whole && group.zero_pages & bit) {
		std::memset(page, 0, page_bytes);
	} else if (!whole) {
		host::Buffer buffer = {page, std::min(page_bytes, bytes() - start)};
		std::int64_t result = base_->read({&buffer, 1}, start, false);

		if (result < 0)
			return static_cast<int>(result);
	}
	group.zero_pages &= ~bit;
	group.data_pages |= bit;
	data_pages_++;
	return 0;
}

int Overlay::write_piece(std::uint64_t offset, const std::byte *data, std::uint64_t bytes)
{
	while (bytes) {
		Group &group = groups_[offset / group_bytes];
		std::uint64_t piece = std::min(bytes, page_end(offset) - offset);
		bool whole = piece == page_bytes;

		if (int error = own_page(group, offset, whole); error < 0)
			return error;
		std::memcpy(&group.data[offset % group_bytes], data, piece);
		offset += piece;
		data += piece;
		bytes -= piece;
	}
	return 0;
}

int Overlay::write(std::span<const host::Buffer> buffers, std::uint64_t offset)
try {
	std::lock_guard lock(mutex_);

	for (const host::Buffer &buffer : buffers) {
		int error = write_piece(offset, static_cast<const std::byte *>(buffer.data),
					buffer.bytes);

		if (error < 0)
			return error;
		offset += buffer.bytes;
	}
	return 0;
} catch (const std::bad_alloc &) {
	return -LKL_ENOMEM;
}

void Overlay::make_zero(Group &group, std::uint32_t pages)
{
	data_pages_ -= std::popcount(group.data_pages & pages);
	group.data_pages &= ~pages;
	group.zero_pages |= pages;
	if (!group.data_pages)
		group.data.reset();
}

int Overlay::discard(std::uint64_t offset, std::uint64_t bytes)
{
	std::lock_guard lock(mutex_);
	std::uint64_t first = (offset + page_bytes - 1) / page_bytes * page_bytes;
	std::uint64_t end = (offset + bytes) / page_bytes * page_bytes;

	// Pages that are the base's stay so: only what costs memory is given up.
	for (std::uint64_t at = first; at < end;) {
		auto found = groups_.find(at / group_bytes);

		if (found == groups_.end()) {
			at = (at / group_bytes + 1) * group_bytes;
			continue;
		}
		make_zero(found->second, found->second.data_pages & page_bit(at));
		at += page_bytes;
	}
	return 0;
}

int Overlay::zero(std::uint64_t offset, std::uint64_t bytes)
try {
	static constexpr std::byte zeroes[page_bytes] = {};
	std::lock_guard lock(mutex_);

	for (std::uint64_t end = offset + bytes; offset < end;) {
		std::uint64_t piece = std::min(end, page_end(offset)) - offset;

		if (piece == page_bytes) {
			make_zero(groups_[offset / group_bytes], page_bit(offset));
		} else if (int error = write_piece(offset, zeroes, piece); error < 0) {
			return error;
		}
		offset += piece;
	}
	return 0;
} catch (const std::bad_alloc &) {
	return -LKL_ENOMEM;
}

int Overlay::descriptor() const
{
	std::shared_lock lock(mutex_);

	return groups_.empty() ? base_->descriptor() : -1;
}

} // namespace lkl::virtio
