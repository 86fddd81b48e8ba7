// SPDX-License-Identifier: GPL-2.0
// A disk content in memory that can be slow, fail, and be told what is "cached".
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include <lkl/abi.h>

#include "virtio/content.hh"

namespace lkl::test {

class MemoryContent final : public virtio::Content {
public:
	explicit MemoryContent(std::uint64_t bytes, bool read_only = false)
		: data(bytes), read_only_(read_only)
	{
		for (std::size_t i = 0; i < data.size(); i++)
			data[i] = static_cast<std::byte>(i * 7 + i / 512);
	}

	/// Reads below this offset are answered at once.
	std::uint64_t cached_bytes = 0;
	/// What everything but reads returns, and reads when they wait.
	std::atomic<int> error = 0;
	/// While this is set, whatever waits stays.
	void hold()
	{
		std::lock_guard lock(mutex_);
		held_ = true;
	}
	void let_go()
	{
		std::lock_guard lock(mutex_);
		held_ = false;
		released_.notify_all();
	}

	std::atomic<unsigned> waiting = 0;	// calls that wait now
	std::atomic<unsigned> cached_reads = 0, waiting_reads = 0, writes = 0, flushes = 0;
	std::atomic<std::uint64_t> discarded = 0;
	std::vector<std::byte> data;

	std::uint64_t bytes() const override { return data.size(); }
	std::uint32_t block_bytes() const override { return 512; }
	bool read_only() const override { return read_only_; }
	int descriptor() const override { return 42; }
	std::uint64_t descriptor_offset() const override { return 0; }

	std::int64_t read(std::span<const host::Buffer> buffers, std::uint64_t offset,
			  bool cached_only) override
	{
		std::int64_t done = 0;

		if (!cached_only) {
			waiting_reads++;
			if (int result = wait(); result < 0)
				return result;
		} else {
			cached_reads++;
		}
		for (const host::Buffer &buffer : buffers) {
			std::size_t piece = buffer.bytes;

			if (cached_only && offset >= cached_bytes)
				return done ? done : -LKL_EAGAIN;
			if (cached_only)
				piece = std::min<std::size_t>(piece, cached_bytes - offset);
			std::memcpy(buffer.data, &data[offset], piece);
			offset += piece;
			done += static_cast<std::int64_t>(piece);
			if (piece < buffer.bytes)
				break;
		}
		return done;
	}

	int write(std::span<const host::Buffer> buffers, std::uint64_t offset) override
	{
		writes++;
		if (int result = wait(); result < 0)
			return result;
		for (const host::Buffer &buffer : buffers) {
			std::memcpy(&data[offset], buffer.data, buffer.bytes);
			offset += buffer.bytes;
		}
		return 0;
	}

	int flush() override
	{
		flushes++;
		return wait();
	}

	int discard(std::uint64_t, std::uint64_t bytes) override
	{
		discarded += bytes;
		return wait();
	}

	int zero(std::uint64_t offset, std::uint64_t bytes) override
	{
		if (int result = wait(); result < 0)
			return result;
		std::memset(&data[offset], 0, bytes);
		return 0;
	}

private:
	int wait()
	{
		std::unique_lock lock(mutex_);

		waiting++;
		released_.wait(lock, [this] { return !held_; });
		waiting--;
		return error;
	}

	const bool read_only_;
	std::mutex mutex_;
	std::condition_variable released_;
	bool held_ = false;
};

} // namespace lkl::test
