// SPDX-License-Identifier: GPL-2.0
// Unpacking of compressed streams, with what they carry to check the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "disk_format.hh"
#include "result.hh"

namespace lkl::apps {

/// One compressed stream. Memory is what its own parameters ask for, up to
/// most_decoder_bytes; a stream that asks for more is an Error.
class Decoder {
public:
	/// Of everything in a file of @format, also if it is several streams one after
	/// the other.
	static Result<std::unique_ptr<Decoder>> create(DiskFormat format);
	virtual ~Decoder() = default;

	struct Step {
		std::size_t taken;	// of the input
		std::size_t made;	// of the output
		bool ended;		// it may end here; it must when there is no more input
	};
	/// @last: @input is all that is left.
	virtual Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output,
				  bool last) = 0;
};

constexpr std::uint64_t most_decoder_bytes = 1 << 30;

/// Gets what was unpacked, in order.
using Unpacked = std::function<Result<void>(std::span<const std::byte> bytes)>;

/// Bytes [@offset, @offset + @bytes) of @file through @decoder to @sink. Anything but a
/// whole stream there is an Error.
Result<void> unpack(int file, std::uint64_t offset, std::uint64_t bytes, Decoder &decoder,
		    const Unpacked &sink);

} // namespace lkl::apps
