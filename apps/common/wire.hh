// SPDX-License-Identifier: GPL-2.0
// Little-endian numbers in bytes read from a disk. Positions are the caller's concern.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lkl::apps {

inline std::uint64_t wire_number(std::string_view bytes, std::size_t at, std::size_t width)
{
	std::uint64_t number = 0;

	for (std::size_t i = width; i-- > 0;)
		number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
	return number;
}

inline std::uint16_t wire16(std::string_view bytes, std::size_t at)
{
	return static_cast<std::uint16_t>(wire_number(bytes, at, 2));
}

inline std::uint32_t wire32(std::string_view bytes, std::size_t at)
{
	return static_cast<std::uint32_t>(wire_number(bytes, at, 4));
}

inline std::uint64_t wire64(std::string_view bytes, std::size_t at)
{
	return wire_number(bytes, at, 8);
}

} // namespace lkl::apps
