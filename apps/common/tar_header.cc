// SPDX-License-Identifier: GPL-2.0
#include "tar_header.hh"

#include <algorithm>
#include <charconv>
#include <limits>

namespace lkl::apps {

namespace {

constexpr std::size_t checksum_at = 148;
constexpr std::size_t checksum_bytes = 8;

/// Two's complement, big-endian, in all but the highest bit.
std::optional<std::int64_t> binary_number(std::string_view field)
{
	const bool negative = field[0] & 0x40;
	std::uint64_t value = negative ? ~0ULL : 0;

	for (std::size_t at = 0; at < field.size(); at++) {
		const unsigned byte = static_cast<unsigned char>(field[at]);
		const std::uint64_t lost = value >> 55;

		// The bits shifted out must be copies of the sign.
		if (lost != (negative ? 0x1ff : 0))
			return std::nullopt;
		value = value << 8 | (at == 0 ? (byte & 0x7f) | (negative ? 0x80 : 0) : byte);
	}
	return static_cast<std::int64_t>(value);
}

} // namespace

bool TarHeader::all_zero() const
{
	return block_.find_first_not_of('\0') == block_.npos;
}

bool TarHeader::valid() const
{
	std::int64_t with_unsigned = 0;
	std::int64_t with_signed = 0;

	for (std::size_t at = 0; at < block_.size(); at++) {
		const bool counted = at < checksum_at || at >= checksum_at + checksum_bytes;
		const char byte = counted ? block_[at] : ' ';

		with_unsigned += static_cast<unsigned char>(byte);
		with_signed += static_cast<signed char>(byte);
	}

	const std::optional<std::int64_t> stored = number(checksum_at, checksum_bytes);
	return stored && (*stored == with_unsigned || *stored == with_signed);
}

std::string TarHeader::text(std::size_t at, std::size_t bytes) const
{
	const std::string_view field = block_.substr(at, bytes);

	return std::string(field.substr(0, field.find('\0')));
}

/// Digits, with blanks before and anything after a blank or NUL; an empty field is 0.
std::optional<std::int64_t> TarHeader::number(std::size_t at, std::size_t bytes) const
{
	std::string_view field = block_.substr(at, bytes);
	std::uint64_t value = 0;

	if (field[0] & 0x80)
		return binary_number(field);
	field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
	field = field.substr(0, std::min(field.find('\0'), field.find(' ')));
	for (const char digit : field) {
		if (digit < '0' || digit > '7')
			return std::nullopt;
		value = value << 3 | static_cast<unsigned>(digit - '0');
	}
	return static_cast<std::int64_t>(value);	// at most 36 bits
}

std::string TarHeader::path() const
{
	std::string path = text(0, 100);

	// GNU has other things where POSIX has the prefix; star's is shorter.
	if (block_.substr(257, 6) != std::string_view("ustar", 6))
		return path;

	const bool star = block_.substr(508, 4) == std::string_view("tar", 4);
	std::string prefix = text(345, star ? 131 : 155);
	return prefix.empty() ? path : prefix.append("/").append(path);
}

bool TarHeader::add_map(std::size_t at, unsigned entries, std::vector<Extent> &extents) const
{
	for (; entries; entries--, at += 24) {
		if (block_[at] == '\0' && block_[at + 12] == '\0')
			return true;	// the rest is unused

		const auto offset = number(at, 12);
		const auto bytes = number(at + 12, 12);
		if (!offset || !bytes || *offset < 0 || *bytes < 0)
			return false;
		extents.push_back({static_cast<std::uint64_t>(*offset),
				   static_cast<std::uint64_t>(*bytes)});
	}
	return true;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_pax(std::string_view text)
{
	std::vector<std::pair<std::string, std::string>> records;

	while (!text.empty()) {
		const std::size_t blank = text.find(' ');
		const auto length = parse_decimal(text.substr(0, blank));

		if (!length || *length > text.size() || *length < blank + 3 ||
		    text[*length - 1] != '\n')
			return failure("damaged extended header");

		const std::string_view record = text.substr(blank + 1, *length - blank - 2);
		const std::size_t equals = record.find('=');
		if (equals == record.npos)
			return failure("damaged extended header");
		records.emplace_back(record.substr(0, equals), record.substr(equals + 1));
		text.remove_prefix(*length);
	}
	return records;
}

std::optional<Timestamp> parse_pax_time(std::string_view text)
{
	const bool negative = text.starts_with('-');
	text.remove_prefix(negative);
	const std::size_t point = std::min(text.find('.'), text.size());
	const auto seconds = parse_decimal(text.substr(0, point));
	std::string_view digits = text.substr(std::min(point + 1, text.size()));

	if (!seconds || *seconds > std::numeric_limits<std::int64_t>::max() - 1 ||
	    !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
		return std::nullopt;

	std::int64_t fraction = 0;
	for (std::size_t at = 0; at < 9; at++)
		fraction = fraction * 10 + (at < digits.size() ? digits[at] - '0' : 0);
	// Only a negative time moves away from zero by what is cut.
	if (negative && digits.size() > 9 && digits.find_first_not_of('0', 9) != digits.npos)
		fraction++;

	std::int64_t whole = static_cast<std::int64_t>(*seconds);
	if (negative) {
		whole = -whole - (fraction > 0);
		fraction = fraction > 0 ? 1'000'000'000 - fraction : 0;
	}
	return Timestamp{whole, static_cast<std::uint32_t>(fraction)};
}

std::optional<std::uint64_t> parse_decimal(std::string_view text)
{
	std::uint64_t value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);

	if (text.empty() || error != std::errc() || end != text.data() + text.size())
		return std::nullopt;
	return value;
}

} // namespace lkl::apps
