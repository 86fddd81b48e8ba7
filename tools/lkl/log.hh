// SPDX-License-Identifier: GPL-2.0
// The last lines of one kernel's log, kept for error messages.
//
// append() is called from inside the kernel, CPU held: it allocates nothing and
// holds the lock for a copy of at most one line. Readers copy lines out.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace lkl {

/// Bounded in bytes and in lines; the oldest go first. Any thread.
class LogRing {
public:
	static constexpr std::size_t max_bytes = 64 * 1024;
	static constexpr std::size_t max_lines = 1024;
	static constexpr std::size_t max_line_bytes = 1024;	// longer ones are cut

	void append(unsigned level, std::string_view text);

	/// Lines are numbered from 0; the number of the next one. A reading taken
	/// before an operation tells which lines came during it.
	std::uint64_t next() const { return next_.load(std::memory_order_relaxed); }

	/// The newest line from @since on that explains a failure: a warning or
	/// worse, or a file system's complaint at a lower level. May be empty.
	std::string complaint(std::uint64_t since) const;

	/// The newest lines of @level or more urgent, oldest first, separated by
	/// newlines: as many whole ones as fit in @room bytes.
	std::string tail(unsigned level, std::size_t room) const;

private:
	struct Line {
		std::uint64_t start;	// in the stream of all text ever appended
		std::uint16_t bytes;
		std::uint8_t level;
	};

	const Line &line(std::uint64_t number) const { return lines_[number % max_lines]; }
	std::string text(const Line &line) const;

	mutable std::mutex mutex_;
	std::atomic<std::uint64_t> next_ = 0;	// written under mutex_
	std::uint64_t oldest_ = 0;
	std::uint64_t end_ = 0;			// of that stream
	std::array<Line, max_lines> lines_;
	std::unique_ptr<char[]> text_ = std::make_unique_for_overwrite<char[]>(max_bytes);
};

} // namespace lkl
