// SPDX-License-Identifier: GPL-2.0
// A stream of bytes made in place in large blocks, for a sink that may be slow.
//
// The producer asks for a window, fills it (a file is read straight into it) and
// advances. Full blocks go to the sink on a thread of their own, so that reading
// and compressing or writing overlap; a fast sink is called directly.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "result.hh"

namespace lkl::apps {

/// Where a stream's bytes go.
class Sink {
public:
	virtual ~Sink() = default;

	virtual Result<void> write(std::span<const std::byte> bytes) = 0;
	/// All was written: flush it. Afterwards no error can come up any more.
	virtual Result<void> finish() = 0;
};

class BlockStream {
public:
	static constexpr std::size_t block_bytes = 512 * 1024;

	/// @sink must outlive the stream. With @threaded, only the stream's thread
	/// calls its write() until finish() returned.
	BlockStream(Sink &sink, bool threaded);
	~BlockStream();
	BlockStream(const BlockStream &) = delete;
	BlockStream &operator=(const BlockStream &) = delete;

	/// Memory for the next bytes, at least 1 and at most @wanted; small requests
	/// are met in full. Fails when the sink failed.
	Result<std::span<std::byte>> window(std::uint64_t wanted);
	/// The first @bytes of the last window are part of the stream.
	void advance(std::size_t bytes);

	Result<void> append(std::string_view text);
	Result<void> zeroes(std::uint64_t bytes);
	/// Bytes in the stream so far.
	std::uint64_t position() const { return position_; }

	/// Hand everything to the sink and finish it. Nothing may follow.
	Result<void> finish();

private:
	struct Block {
		std::vector<std::byte> bytes;
		std::size_t used = 0;
	};

	Result<void> flush();
	void run();
	void stop();

	Sink &sink_;
	std::uint64_t position_ = 0;
	Block current_;		// the producer's

	std::mutex mutex_;	// for all below
	std::condition_variable changed_;
	std::vector<Block> spare_;	// taken from the back: the last used is warmest
	std::vector<Block> full_;	// oldest first
	std::optional<Error> error_;
	bool ended_ = false;		// nothing more will become full
	std::thread thread_;
};

} // namespace lkl::apps
