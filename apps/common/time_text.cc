// SPDX-License-Identifier: GPL-2.0
#include "time_text.hh"

#include <time.h>

#include <array>
#include <charconv>
#include <string_view>

namespace lkl::apps {

namespace {

/// Reads from the front of @text_; each function leaves it alone on failure.
class Scanner {
public:
	explicit Scanner(std::string_view text) : text_(text) {}

	bool at_end() const { return text_.empty(); }

	bool take(std::string_view word)
	{
		if (!text_.starts_with(word))
			return false;
		text_.remove_prefix(word.size());
		return true;
	}

	template <class Integer> bool number(Integer &value)
	{
		const auto [end, error] =
			std::from_chars(text_.data(), text_.data() + text_.size(), value);

		if (error != std::errc())
			return false;
		text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
		return true;
	}

	/// ".5" as nanoseconds; digits beyond the ninth do not count.
	bool fraction(std::uint32_t &nanoseconds)
	{
		std::uint32_t weight = 100'000'000;

		nanoseconds = 0;
		if (!take("."))
			return true;
		if (text_.empty() || !is_digit(text_[0]))
			return false;
		for (; !text_.empty() && is_digit(text_[0]); text_.remove_prefix(1)) {
			nanoseconds += static_cast<std::uint32_t>(text_[0] - '0') * weight;
			weight /= 10;
		}
		return true;
	}

private:
	static bool is_digit(char c) { return c >= '0' && c <= '9'; }

	std::string_view text_;
};

/// "+HH[:MM]" or "-HH[:MM]" in seconds.
bool zone(Scanner &scanner, long &offset)
{
	const bool east = scanner.take("+");
	unsigned hours = 0;
	unsigned minutes = 0;

	if (!east && !scanner.take("-"))
		return false;
	if (!scanner.number(hours) || (scanner.take(":") && !scanner.number(minutes)))
		return false;
	offset = (east ? 1L : -1L) * static_cast<long>(hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

std::optional<Timestamp> since_epoch(Scanner scanner)
{
	const bool negative = scanner.take("-");
	std::uint64_t seconds = 0;
	std::uint32_t nanoseconds = 0;

	if (!scanner.number(seconds) || seconds >> 62 || !scanner.fraction(nanoseconds) ||
	    !scanner.at_end())
		return std::nullopt;

	Timestamp time{static_cast<std::int64_t>(seconds), nanoseconds};
	if (negative && nanoseconds)
		time = {-time.seconds - 1, 1'000'000'000 - nanoseconds};
	else if (negative)
		time.seconds = -time.seconds;
	return time;
}

std::optional<Timestamp> calendar(Scanner scanner)
{
	tm when{};
	std::uint32_t nanoseconds = 0;

	if (!scanner.number(when.tm_year) || !scanner.take("-") || !scanner.number(when.tm_mon) ||
	    !scanner.take("-") || !scanner.number(when.tm_mday))
		return std::nullopt;
	if (scanner.take("T") || scanner.take(" ")) {
		if (!scanner.number(when.tm_hour) || !scanner.take(":") ||
		    !scanner.number(when.tm_min))
			return std::nullopt;
		if (scanner.take(":") &&
		    (!scanner.number(when.tm_sec) || !scanner.fraction(nanoseconds)))
			return std::nullopt;
	}
	if (when.tm_mon < 1 || when.tm_mon > 12 || when.tm_mday < 1 || when.tm_mday > 31 ||
	    when.tm_hour < 0 || when.tm_hour > 23 || when.tm_min < 0 || when.tm_min > 59 ||
	    when.tm_sec < 0 || when.tm_sec > 60)
		return std::nullopt;
	when.tm_year -= 1900;
	when.tm_mon -= 1;

	scanner.take(" ");
	if (scanner.at_end()) {
		when.tm_isdst = -1;
		return Timestamp{::mktime(&when), nanoseconds};
	}

	long offset = 0;
	if (!scanner.take("Z") && !scanner.take("UTC") && !zone(scanner, offset))
		return std::nullopt;
	if (!scanner.at_end())
		return std::nullopt;
	return Timestamp{::timegm(&when) - offset, nanoseconds};
}

} // namespace

std::optional<Timestamp> parse_time(const std::string &text)
{
	Scanner scanner(text);

	return scanner.take("@") ? since_epoch(scanner) : calendar(scanner);
}

} // namespace lkl::apps
