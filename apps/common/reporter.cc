// SPDX-License-Identifier: GPL-2.0
#include "reporter.hh"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "utf8.hh"

namespace lkl::apps {

namespace {

constexpr std::chrono::milliseconds progress_interval{100};

/// One write() per message, so that those of several programs do not mix. A
/// closed stderr is no reason to stop.
void write_all(int fd, std::string_view text)
{
	while (!text.empty()) {
		const ssize_t done = ::write(fd, text.data(), text.size());

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text.remove_prefix(static_cast<std::size_t>(done));
	}
}

} // namespace

std::string printable(std::string_view name)
{
	std::string shown;

	while (!name.empty()) {
		const std::size_t length = utf8_length(name);
		const auto byte = static_cast<unsigned char>(name.front());

		// U+0080 to U+009F, C2 80 to C2 9F, are control characters too.
		const bool control = byte < 0x20 || byte == 0x7f ||
				     (byte == 0xc2 && length == 2 &&
				      static_cast<unsigned char>(name[1]) < 0xa0);
		if (byte == '\n') {
			shown += "\\n";
		} else if (byte == '\\') {
			shown += "\\\\";
		} else if (length == 0 || control) {
			shown += fmt::format("\\{:03o}", byte);
		} else {
			shown += name.substr(0, length);
			name.remove_prefix(length);
			continue;
		}
		name.remove_prefix(1);
	}
	return shown;
}

Reporter::Reporter(std::string tool, bool quiet, int progress_fd)
    : tool_(std::move(tool)), quiet_(quiet), line_wanted_(!quiet && ::isatty(STDERR_FILENO)),
      progress_fd_(progress_fd), next_(Clock::now() + progress_interval)
{
}

Reporter::~Reporter()
{
	erase_line();
}

void Reporter::notice(std::string_view object, std::string_view text)
{
	const std::lock_guard lock(mutex_);

	if (!quiet_)
		message(object, text);
}

void Reporter::affected(std::string_view object, std::string_view text)
{
	const std::lock_guard lock(mutex_);

	status_ = std::max(status_, Status::some_affected);
	message(object, text);
}

void Reporter::fatal(std::string_view object, std::string_view text)
{
	const std::lock_guard lock(mutex_);

	status_ = Status::fatal;
	message(object, text);
}

Status Reporter::status() const
{
	const std::lock_guard lock(mutex_);

	return status_;
}

void Reporter::expect(std::uint64_t bytes)
{
	const std::lock_guard lock(mutex_);

	expected_ = bytes;
}

void Reporter::message(std::string_view object, std::string_view text)
{
	erase_line();
	write_all(STDERR_FILENO,
		  object.empty() ? fmt::format("{}: {}\n", tool_, text)
				 : fmt::format("{}: {}: {}\n", tool_, printable(object), text));
}

void Reporter::progress(std::uint64_t files, std::uint64_t bytes)
{
	if (!line_wanted_ && progress_fd_ < 0)
		return;

	const std::lock_guard lock(mutex_);
	const Clock::time_point now = Clock::now();

	if (now < next_)
		return;
	next_ = now + progress_interval;

	// The estimate may be short; only finished() says that all is done.
	const unsigned percent =
		expected_ ? static_cast<unsigned>(std::min(99.0, 100.0 * static_cast<double>(bytes) /
									 static_cast<double>(expected_)))
			  : 0;
	show(files, bytes, percent);
	report_percent(percent);
}

void Reporter::show(std::uint64_t files, std::uint64_t bytes, unsigned percent)
{
	if (!line_wanted_)
		return;
	write_all(STDERR_FILENO,
		  fmt::format("\r{}: {} files, {} MiB{}\033[K", tool_, files, bytes >> 20,
			      expected_ ? fmt::format(", {} %", percent) : ""));
	line_shown_ = true;
}

void Reporter::erase_line()
{
	if (line_shown_)
		write_all(STDERR_FILENO, "\r\033[K");
	line_shown_ = false;
}

void Reporter::report_percent(unsigned percent)
{
	if (progress_fd_ < 0 || static_cast<int>(percent) <= reported_)
		return;
	reported_ = static_cast<int>(percent);
	write_all(progress_fd_, fmt::format("{}/100\n", percent));
}

void Reporter::finished()
{
	const std::lock_guard lock(mutex_);

	erase_line();
	report_percent(100);
}

void Reporter::print_totals(std::string_view done, std::uint64_t bytes) const
{
	const double mib = static_cast<double>(bytes) / (1 << 20);
	const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();

	fmt::print(stderr, "Total bytes {}: {} ({:.1f}MiB, {:.1f}MiB/s)\n", done, bytes, mib,
		   mib / seconds);
}

} // namespace lkl::apps
