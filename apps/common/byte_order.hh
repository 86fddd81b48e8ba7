// SPDX-License-Identifier: GPL-2.0
// Numbers in the headers of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lkl::apps {

/// Of up to 8 bytes.
inline std::uint64_t big_endian(std::span<const std::byte> bytes)
{
	std::uint64_t value = 0;

	for (const std::byte byte : bytes)
		value = value << 8 | std::to_integer<std::uint64_t>(byte);
	return value;
}

inline std::uint64_t little_endian(std::span<const std::byte> bytes)
{
	std::uint64_t value = 0;

	for (std::size_t i = bytes.size(); i--;)
		value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
	return value;
}

} // namespace lkl::apps
