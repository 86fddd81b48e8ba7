// SPDX-License-Identifier: GPL-2.0
// One request to a block device (virtio 1.2, section 5.2.6): from the buffers of
// a chain to a checked operation on a disk's content.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "virtio/content.hh"
#include "virtio/io_pool.hh"
#include "virtio/virtqueue.hh"

namespace lkl::virtio {

/// What a device accepts.
struct BlockLimits {
	static constexpr unsigned max_segments = 126;
	static constexpr std::uint32_t max_segment_bytes = 4 << 20;
	static constexpr unsigned max_ranges = 32;
	static constexpr std::uint32_t max_discard_sectors = 1 << 22;
	static constexpr std::uint32_t max_zero_sectors = 1 << 17;
};

/// A Job when it must wait for the host. Reused; nothing is allocated for it.
class BlockRequest : public Job {
public:
	/// As popped from the queue; the rest follows from it.
	Chain chain;

	/// What parse() found.
	enum class Verdict {
		valid,		// run it
		answered,	// give status() back
		malformed,	// there is nowhere to put an answer
	};

	/// @serial: what get_id gives.
	Verdict parse(const Content &content, std::span<const char> serial);

	/// Do what the host's cache can do at once. True when it is done.
	bool run_cached(Content &content);
	/// Do it, or the rest of it; may wait. The errno goes to error().
	void run_waiting(Content &content);

	/// Answer it with the negative errno @error instead.
	void refuse(int error) { conclude(error); }

	/// Write the status byte; the used length.
	std::uint32_t finish();

	BlockType type() const { return type_; }
	/// What was to be on the disk is not, when it fails.
	bool is_change() const
	{
		return type_ == BlockType::write || type_ == BlockType::write_zeroes ||
		       type_ == BlockType::flush;
	}
	BlockStatus status() const { return status_; }
	/// 0, or the negative errno behind a bad status.
	int error() const { return error_; }
	std::uint64_t offset() const { return offset_; }
	/// Of a read, all of it.
	std::uint64_t data_bytes() const { return data_bytes_; }

private:
	bool take_header(BlockHeader &header);
	bool take_status();
	bool parse_transfer(const Content &content, std::uint64_t sector);
	BlockStatus parse_ranges(const Content &content);
	void advance(std::uint64_t bytes);
	int run_ranges(Content &content);
	void conclude(int error);

	BlockType type_ = BlockType::read;
	BlockStatus status_ = BlockStatus::ok;
	int error_ = 0;
	std::uint64_t offset_ = 0;		// of what is left
	std::span<host::Buffer> data_;		// of what is left, within chain
	std::uint64_t data_bytes_ = 0;		// written for the driver, when all is well
	std::byte *status_byte_ = nullptr;
	std::array<BlockRange, BlockLimits::max_ranges> ranges_;
	unsigned range_count_ = 0;
};

} // namespace lkl::virtio
