// SPDX-License-Identifier: GPL-2.0
// The layout is RFC 8878's, section 3.1. Block headers lead from one to the next, so a
// frame's end is found without unpacking it.
#include "zstd_frames.hh"

#include <algorithm>
#include <array>
#include <optional>

#include <zstd.h>

#include "byte_order.hh"

namespace lkl::apps {

namespace {

constexpr std::uint32_t frame_magic = 0xfd2fb528;
constexpr std::uint32_t skippable_magic = 0x184d2a50, skippable_mask = 0xfffffff0;
constexpr std::size_t most_header_bytes = 18;
constexpr std::size_t block_header_bytes = 3, checksum_bytes = 4, skippable_header_bytes = 8;

struct FrameHeader {
	std::size_t bytes;
	bool checksum;
	std::uint64_t content_bytes;	// ZSTD_CONTENTSIZE_UNKNOWN, ZSTD_CONTENTSIZE_ERROR
};

FrameHeader parse(std::span<const std::byte> header)
{
	constexpr std::array<std::size_t, 4> dictionary_bytes = {0, 1, 2, 4};
	const auto descriptor = std::to_integer<unsigned>(header[4]);
	const bool single_segment = descriptor >> 5 & 1;
	const unsigned size_flag = descriptor >> 6;
	const std::size_t size_bytes = size_flag ? std::size_t{1} << size_flag : single_segment;

	return {5 + !single_segment + dictionary_bytes[descriptor & 3] + size_bytes,
		(descriptor >> 2 & 1) != 0, ::ZSTD_getFrameContentSize(header.data(), header.size())};
}

/// The offset behind the blocks that begin at @at.
Result<std::uint64_t> skip_blocks(int file, std::uint64_t at)
{
	for (;;) {
		std::array<std::byte, block_header_bytes> buffer;

		TRY(read_exactly(file, buffer, at));

		const std::uint64_t header = little_endian(buffer);
		constexpr std::uint64_t rle = 1;	// one byte stands for all

		at += block_header_bytes + ((header >> 1 & 3) == rle ? 1 : header >> 3);
		if (header & 1)
			return at;
	}
}

} // namespace

Result<std::vector<Unit>> zstd_frames(int file, std::uint64_t bytes)
{
	std::vector<Unit> units;
	std::uint64_t unpacked = 0;

	for (std::uint64_t at = 0; at < bytes;) {
		std::array<std::byte, most_header_bytes> buffer = {};
		const std::size_t got = TRY(read_up_to(file, buffer, at));
		const std::uint64_t magic = little_endian(std::span(buffer).first(4));

		if (got < skippable_header_bytes)
			return failure("the compressed data ends early");
		if ((magic & skippable_mask) == skippable_magic) {
			at += skippable_header_bytes + little_endian(std::span(buffer).subspan(4, 4));
			continue;
		}
		if (magic != frame_magic)
			return failure("zstd: other data than zstd's");

		const FrameHeader header = parse(std::span(buffer).first(got));
		if (header.content_bytes == ZSTD_CONTENTSIZE_ERROR)
			return failure("zstd: corrupt data");
		if (header.content_bytes == ZSTD_CONTENTSIZE_UNKNOWN)
			return std::vector<Unit>();

		const std::uint64_t end = TRY(skip_blocks(file, at + header.bytes)) +
					  (header.checksum ? checksum_bytes : 0);
		if (end > bytes || header.content_bytes > UINT64_MAX - unpacked)
			return failure("the compressed data ends early");
		if (header.content_bytes)
			units.push_back({at, end - at, unpacked, header.content_bytes});
		unpacked += header.content_bytes;
		at = end;
	}
	return units;
}

} // namespace lkl::apps
