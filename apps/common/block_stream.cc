// SPDX-License-Identifier: GPL-2.0
#include "block_stream.hh"

#include <algorithm>
#include <cstring>

namespace lkl::apps {

namespace {

// Three in flight beside the producer's own keep both sides busy.
constexpr std::size_t spare_blocks = 3;

// A window smaller than this, while more is wanted, is not worth a read.
constexpr std::size_t least_window = 32 * 1024;

} // namespace

BlockStream::BlockStream(Sink &sink, bool threaded) : sink_(sink)
{
	current_.bytes.resize(block_bytes);
	if (!threaded)
		return;
	spare_.resize(spare_blocks);
	for (Block &block : spare_)
		block.bytes.resize(block_bytes);
	thread_ = std::thread([this] { run(); });
}

BlockStream::~BlockStream()
{
	{
		// What was not finished is not wanted either.
		const std::lock_guard guard(mutex_);
		full_.clear();
	}
	stop();
}

/// The sink's thread: write full blocks until there will be no more.
void BlockStream::run()
{
	std::unique_lock lock(mutex_);

	for (;;) {
		changed_.wait(lock, [&] { return !full_.empty() || ended_; });
		if (full_.empty())
			return;

		Block block = std::move(full_.front());
		full_.erase(full_.begin());
		if (!error_) {
			lock.unlock();
			Result<void> written = sink_.write(std::span(block.bytes).first(block.used));
			lock.lock();
			if (!written)
				error_ = std::move(written.error());
		}
		block.used = 0;
		spare_.push_back(std::move(block));
		changed_.notify_all();
	}
}

void BlockStream::stop()
{
	if (!thread_.joinable())
		return;
	{
		const std::lock_guard guard(mutex_);
		ended_ = true;
	}
	changed_.notify_all();
	thread_.join();
}

/// Pass the current block on and continue with an empty one.
Result<void> BlockStream::flush()
{
	if (!thread_.joinable()) {
		const std::size_t used = std::exchange(current_.used, 0);

		return used ? sink_.write(std::span(current_.bytes).first(used)) : Result<void>();
	}

	std::unique_lock lock(mutex_);
	if (current_.used) {
		full_.push_back(std::move(current_));
		changed_.notify_all();
		changed_.wait(lock, [&] { return !spare_.empty(); });
		current_ = std::move(spare_.back());
		spare_.pop_back();
	}
	if (error_)
		return std::unexpected(*error_);
	return {};
}

Result<std::span<std::byte>> BlockStream::window(std::uint64_t wanted)
{
	const std::size_t left = block_bytes - current_.used;

	if (left < std::min<std::uint64_t>(wanted, least_window))
		TRY(flush());
	return std::span(current_.bytes)
		.subspan(current_.used, std::min<std::uint64_t>(wanted, block_bytes - current_.used));
}

void BlockStream::advance(std::size_t bytes)
{
	current_.used += bytes;
	position_ += bytes;
}

Result<void> BlockStream::append(std::string_view text)
{
	while (!text.empty()) {
		const std::span<std::byte> to = TRY(window(text.size()));

		std::memcpy(to.data(), text.data(), to.size());
		advance(to.size());
		text.remove_prefix(to.size());
	}
	return {};
}

Result<void> BlockStream::zeroes(std::uint64_t bytes)
{
	while (bytes) {
		const std::span<std::byte> to = TRY(window(bytes));

		std::memset(to.data(), 0, to.size());
		advance(to.size());
		bytes -= to.size();
	}
	return {};
}

Result<void> BlockStream::finish()
{
	TRY(flush());
	stop();
	if (error_)
		return std::unexpected(*error_);
	return sink_.finish();
}

} // namespace lkl::apps
