// SPDX-License-Identifier: GPL-2.0
// xz: whole files, and single blocks of those that have several.
#pragma once

#include <vector>

#include <lzma.h>

#include "decoder.hh"

namespace lkl::apps {

/// A piece of a compressed file that can be unpacked alone.
struct Unit {
	std::uint64_t packed_offset, packed_bytes;	// in the file
	std::uint64_t offset, bytes;			// in what it contains
	unsigned check = 0;				// xz: which the block ends with
};

/// In the order of their offsets, without gaps. From the file's index, so its truth shows
/// only when they are unpacked.
Result<std::vector<Unit>> xz_blocks(int file, std::uint64_t bytes);

class XzDecoder final : public Decoder {
public:
	XzDecoder() { filters_[0].id = LZMA_VLI_UNKNOWN; }
	~XzDecoder() override;
	XzDecoder(const XzDecoder &) = delete;
	XzDecoder &operator=(const XzDecoder &) = delete;

	/// One of these first.
	Result<void> start_streams();
	/// The block @unit of @file, of which step() gets what is after its header.
	/// Returns the header's size.
	Result<std::size_t> start_block(int file, const Unit &unit);

	Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output,
			  bool last) override;

private:
	lzma_stream stream_ = LZMA_STREAM_INIT;
	lzma_block block_ = {};		// the decoder writes into it
	lzma_filter filters_[LZMA_FILTERS_MAX + 1] = {};
	bool ended_ = false;
};

} // namespace lkl::apps
