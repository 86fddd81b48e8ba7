// SPDX-License-Identifier: GPL-2.0
// A few large pieces of a disk that is only read, kept in memory.
//
// A request to a server costs far more than its bytes, and file systems put next to each
// other what is read one after the other: the second request for something in a chunk
// gets all of it. A first one gets what it asks for, so that scattered reads stay small.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include <lkl.h>

#include "result.hh"

namespace lkl::apps {

class ChunkCache {
public:
	static constexpr std::uint64_t chunk_bytes = 512 << 10;
	static constexpr std::size_t chunks = 32;

	/// Reads from the disk. Called by several threads at once, without a lock.
	using Read = std::function<Result<void>(std::span<const lkl_buffer> buffers, std::uint64_t offset)>;

	/// Of a disk of @bytes.
	ChunkCache(std::uint64_t bytes, Read read) : bytes_(bytes), read_(std::move(read)) {}

	/// Any thread, several at once.
	Result<void> read(std::span<const lkl_buffer> buffers, std::uint64_t offset);

private:
	static constexpr std::uint64_t none = ~std::uint64_t{0};

	struct Slot {
		std::uint64_t chunk = none;	// number
		bool ready = false;		// else it is being fetched, if there is a chunk
		unsigned users = 0;		// it must not be given another chunk
		std::uint64_t last_use = 0;
		std::vector<std::byte> content;
	};

	bool read_cached(std::span<std::byte> buffer, std::uint64_t chunk, std::uint64_t offset);
	Slot *find(std::uint64_t chunk);
	Slot *take_slot(std::uint64_t chunk);
	bool is_wanted(std::uint64_t chunk);
	bool fetch(Slot &slot);

	const std::uint64_t bytes_;
	const Read read_;
	std::mutex mutex_;		// of what follows, but for the content of slots in use
	std::condition_variable fetched_;
	std::array<Slot, chunks> slots_;
	std::array<std::uint64_t, 2 * chunks> touched_ = {};	// numbers, plus 1, of chunks asked for
	std::size_t next_touched_ = 0;
	std::uint64_t uses_ = 0;
};

} // namespace lkl::apps
