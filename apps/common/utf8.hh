// SPDX-License-Identifier: GPL-2.0
// UTF-8 as RFC 3629 defines it: names in an image are bytes, and may be none.
#pragma once

#include <cstddef>
#include <string_view>

namespace lkl::apps {

/// Length of the character that @text begins with, in bytes; 0 when it is none.
inline std::size_t utf8_length(std::string_view text)
{
	const auto byte = [&](std::size_t at) -> unsigned {
		return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
	};
	const auto follows = [&](std::size_t at) { return (byte(at) & 0xc0) == 0x80; };
	const unsigned first = byte(0);

	if (text.empty())
		return 0;
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return follows(1) ? 2 : 0;
	if (first >= 0xe0 && first <= 0xef) {
		const bool overlong = first == 0xe0 && byte(1) < 0xa0;
		const bool surrogate = first == 0xed && byte(1) > 0x9f;

		return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		const bool overlong = first == 0xf0 && byte(1) < 0x90;
		const bool too_large = first == 0xf4 && byte(1) > 0x8f;

		return follows(1) && follows(2) && follows(3) && !overlong && !too_large ? 4 : 0;
	}
	return 0;
}

inline bool is_utf8(std::string_view text)
{
	while (!text.empty()) {
		const std::size_t length = utf8_length(text);

		if (!length)
			return false;
		text.remove_prefix(length);
	}
	return true;
}

inline bool is_ascii(std::string_view text)
{
	for (const char c : text)
		if (static_cast<unsigned char>(c) >= 0x80)
			return false;
	return true;
}

} // namespace lkl::apps
