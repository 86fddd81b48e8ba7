// SPDX-License-Identifier: GPL-2.0
// What a tool tells its user on stderr, and what that makes of its exit status.
//
// Messages read "tool: object: what: why". A progress line, if there is one,
// stays below them. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "result.hh"

namespace lkl::apps {

/// Exit statuses of all tools.
enum class Status { good = 0, some_affected = 1, fatal = 2 };

/// @name as it can be shown: control characters, backslashes and bytes that are
/// no UTF-8 as C escapes, so that a file name cannot drive a terminal.
std::string printable(std::string_view name);

class Reporter {
public:
	/// @progress_fd: where "N/100" lines go, -1 for nowhere. @quiet: neither
	/// notices nor a progress line.
	Reporter(std::string tool, bool quiet, int progress_fd);
	~Reporter();
	Reporter(const Reporter &) = delete;
	Reporter &operator=(const Reporter &) = delete;

	/// Worth knowing; suppressed by quiet.
	void notice(std::string_view object, std::string_view text);
	/// An entry was not, or not wholly, dealt with.
	void affected(std::string_view object, std::string_view text);
	/// The end of the run. An empty @object is left out.
	void fatal(std::string_view object, std::string_view text);
	Status status() const;

	/// Whether anybody sees progress, which an estimate is worth its time for.
	bool shows_progress() const { return line_wanted_ || progress_fd_ >= 0; }
	/// The work is estimated at @bytes; 0 when nobody knows.
	void expect(std::uint64_t bytes);
	/// So much is done. Cheap; call it for every file and block.
	void progress(std::uint64_t files, std::uint64_t bytes);
	/// All is done: the last progress report.
	void finished();
	/// What --totals asks for: so many bytes were @done ("read", "written") in the
	/// reporter's life.
	void print_totals(std::string_view done, std::uint64_t bytes) const;

private:
	using Clock = std::chrono::steady_clock;

	// With the lock held.
	void message(std::string_view object, std::string_view text);
	void show(std::uint64_t files, std::uint64_t bytes, unsigned percent);
	void erase_line();
	void report_percent(unsigned percent);

	mutable std::mutex mutex_;
	const std::string tool_;
	const bool quiet_;
	const bool line_wanted_;	// a progress line, on a terminal
	const int progress_fd_;
	const Clock::time_point start_ = Clock::now();
	Status status_ = Status::good;
	std::uint64_t expected_ = 0;
	Clock::time_point next_;	// when progress is shown again
	bool line_shown_ = false;
	int reported_ = -1;		// the last percentage on progress_fd_
};

} // namespace lkl::apps
