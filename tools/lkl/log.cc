// SPDX-License-Identifier: GPL-2.0
#include "log.hh"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <initializer_list>

namespace lkl {

namespace {

constexpr unsigned warning = 4;	// the kernel's KERN_WARNING

bool contains(std::string_view text, std::string_view word)
{
	auto same = [](char a, char b) {
		return std::tolower(static_cast<unsigned char>(a)) == b;
	};

	return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words)
{
	return std::any_of(words.begin(), words.end(),
			   [&](std::string_view word) { return contains(text, word); });
}

// Some file systems say why a mount failed at notice or info level only, amid
// lines that say that all is well. A halt is announced as an emergency.
bool is_complaint(unsigned level, std::string_view text)
{
	if (text.starts_with("reboot: "))
		return false;
	if (level <= warning)
		return true;
	return contains_any(text, {"fs (", "fs: ", "fs error", "fat-", "vfs:", "ntfs", "isofs"}) &&
	       contains_any(text, {"error", "fail", "can't", "cannot", "could not", "unable",
				   "invalid", "bad ", "bogus", "corrupt", "not supported",
				   "unsupported", "not found", "unrecognized", "unknown"});
}

} // namespace

void LogRing::append(unsigned level, std::string_view text)
{
	text = text.substr(0, max_line_bytes);

	std::lock_guard lock(mutex_);
	std::uint64_t number = next_.load(std::memory_order_relaxed);

	while (oldest_ < number && (number - oldest_ == max_lines ||
				    end_ + text.size() - line(oldest_).start > max_bytes))
		oldest_++;
	lines_[number % max_lines] = {end_, static_cast<std::uint16_t>(text.size()),
				      static_cast<std::uint8_t>(level)};

	std::size_t at = end_ % max_bytes;
	std::size_t first = std::min(text.size(), max_bytes - at);

	std::memcpy(&text_[at], text.data(), first);
	std::memcpy(&text_[0], text.data() + first, text.size() - first);
	end_ += text.size();
	next_.store(number + 1, std::memory_order_relaxed);
}

std::string LogRing::text(const Line &line) const
{
	std::size_t at = line.start % max_bytes;
	std::size_t first = std::min<std::size_t>(line.bytes, max_bytes - at);
	std::string copy(&text_[at], first);

	return copy.append(&text_[0], line.bytes - first);
}

std::string LogRing::complaint(std::uint64_t since) const
{
	std::lock_guard lock(mutex_);

	for (std::uint64_t n = next(); n-- > std::max(since, oldest_);) {
		std::string candidate = text(line(n));

		if (is_complaint(line(n).level, candidate))
			return candidate;
	}
	return {};
}

std::string LogRing::tail(unsigned level, std::size_t room) const
{
	std::lock_guard lock(mutex_);
	std::uint64_t first = next();
	std::size_t needed = 0;

	for (std::uint64_t n = next(); n-- > oldest_;) {
		if (line(n).level > level)
			continue;

		std::size_t bytes = line(n).bytes + (needed ? 1u : 0u);

		if (needed + bytes > room)
			break;
		needed += bytes;
		first = n;
	}

	std::string lines;

	lines.reserve(needed);
	for (std::uint64_t n = first; n < next(); n++) {
		if (line(n).level > level)
			continue;
		if (!lines.empty())
			lines += '\n';
		lines += text(line(n));
	}
	return lines;
}

} // namespace lkl
