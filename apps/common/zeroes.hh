// SPDX-License-Identifier: GPL-2.0
// Blocks of zeroes, which can be holes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "result.hh"

namespace lkl::apps {

// What a hole is a multiple of, in the file systems there are.
constexpr std::size_t hole_block_bytes = 4096;

inline bool is_zero(std::span<const std::byte> bytes)
{
	// The first is zero, and each equals the one before it: memcmp() has vectors.
	return bytes.empty() || (bytes[0] == std::byte{0} &&
				 std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// Call @data(run, offset) for the runs of blocks that have data in @piece, which is at
/// @offset of its file: ascending, cut at the file's own block borders. What is left out
/// is zero. Ends with the first Error of @data.
template <class Data>
Result<void> without_zeroes(std::span<const std::byte> piece, std::uint64_t offset, Data &&data)
{
	const auto next = [&](std::size_t at) {
		return std::min(piece.size(),
				at + hole_block_bytes - (offset + at) % hole_block_bytes);
	};

	for (std::size_t at = 0; at < piece.size();) {
		std::size_t end = at;

		while (end < piece.size() && !is_zero(piece.subspan(end, next(end) - end)))
			end = next(end);
		if (end > at)
			TRY(data(piece.subspan(at, end - at), offset + at));
		at = end < piece.size() ? next(end) : end;
	}
	return {};
}

} // namespace lkl::apps
