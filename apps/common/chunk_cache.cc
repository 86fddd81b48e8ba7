// SPDX-License-Identifier: GPL-2.0
#include "chunk_cache.hh"

#include <algorithm>
#include <cstring>

namespace lkl::apps {

namespace {

std::uint64_t total_bytes(std::span<const lkl_buffer> buffers)
{
	std::uint64_t bytes = 0;

	for (const lkl_buffer &buffer : buffers)
		bytes += buffer.bytes;
	return bytes;
}

} // namespace

Result<void> ChunkCache::read(std::span<const lkl_buffer> buffers, std::uint64_t offset)
{
	const std::uint64_t chunk = offset / chunk_bytes;
	const std::uint64_t bytes = total_bytes(buffers);

	// One that needs more than a chunk, or most of it, gains nothing here.
	if (bytes > chunk_bytes / 2 || (offset + bytes - 1) / chunk_bytes != chunk)
		return read_(buffers, offset);

	const std::uint64_t start = offset;

	for (const lkl_buffer &buffer : buffers) {
		if (!read_cached({static_cast<std::byte *>(buffer.data), buffer.bytes}, chunk, offset))
			return read_(buffers, start);
		offset += buffer.bytes;
	}
	return {};
}

/// False when it has to be read from the disk.
bool ChunkCache::read_cached(std::span<std::byte> buffer, std::uint64_t chunk, std::uint64_t offset)
{
	std::unique_lock lock(mutex_);
	Slot *slot = find(chunk);

	if (slot) {
		slot->users++;
		fetched_.wait(lock, [&] { return slot->ready || slot->chunk != chunk; });
	} else {
		slot = is_wanted(chunk) ? take_slot(chunk) : nullptr;
		if (!slot)
			return false;
		slot->users++;
		lock.unlock();

		const bool done = fetch(*slot);

		lock.lock();
		slot->ready = done;
		if (!done)
			slot->chunk = none;
		fetched_.notify_all();
	}

	const bool ready = slot->ready && slot->chunk == chunk;
	slot->last_use = ++uses_;
	lock.unlock();
	if (ready)
		std::memcpy(buffer.data(), slot->content.data() + offset % chunk_bytes, buffer.size());
	lock.lock();
	slot->users--;
	return ready;
}

ChunkCache::Slot *ChunkCache::find(std::uint64_t chunk)
{
	const auto found = std::ranges::find(slots_, chunk, &Slot::chunk);

	return found == slots_.end() ? nullptr : &*found;
}

/// The one that was not used for longest. Null when all are in use.
ChunkCache::Slot *ChunkCache::take_slot(std::uint64_t chunk)
{
	Slot *oldest = nullptr;

	for (Slot &slot : slots_)
		if (!slot.users && (!oldest || slot.last_use < oldest->last_use))
			oldest = &slot;
	if (oldest) {
		oldest->chunk = chunk;
		oldest->ready = false;
	}
	return oldest;
}

/// Whether it was asked for lately, or the one before it is here.
bool ChunkCache::is_wanted(std::uint64_t chunk)
{
	if (std::ranges::find(touched_, chunk + 1) != touched_.end() || (chunk && find(chunk - 1)))
		return true;
	touched_[next_touched_++ % touched_.size()] = chunk + 1;
	return false;
}

/// Without the lock; the slot is in use.
bool ChunkCache::fetch(Slot &slot)
{
	const std::uint64_t offset = slot.chunk * chunk_bytes;

	slot.content.resize(chunk_bytes);

	const lkl_buffer buffer = {slot.content.data(), std::min(chunk_bytes, bytes_ - offset)};

	return read_({&buffer, 1}, offset).has_value();
}

} // namespace lkl::apps
