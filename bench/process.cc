// SPDX-License-Identifier: GPL-2.0
// Commands: started, waited for and charged (support.hh).
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/support.hh"

namespace lkl::bench {

namespace {

// Not /dev/null: GNU tar recognizes that one and then reads no file at all.
constexpr const char *discarding_device = "/dev/zero";

double seconds(const timeval &time)
{
	return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

int spawn(const std::vector<std::string> &command, posix_spawn_file_actions_t *actions)
{
	std::vector<char *> arguments;
	int pid;

	for (const std::string &argument : command)
		arguments.push_back(const_cast<char *>(argument.c_str()));
	arguments.push_back(nullptr);
	if (const int error = ::posix_spawnp(&pid, arguments[0], actions, nullptr, arguments.data(),
					     environ))
		die(command[0] + ": " + std::strerror(error));
	return pid;
}

Usage wait_for(int pid, const std::string &name, Clock::time_point start)
{
	struct rusage usage = {};
	int status;

	while (::wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait4: " + std::string(std::strerror(errno)));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die(name + " failed, wait status " + std::to_string(status));
	return {.wall_s = seconds_since(start),
		.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime),
		.peak_kib = usage.ru_maxrss};
}

std::uint64_t drain(int fd)
{
	std::vector<char> buffer(1 << 20);
	std::uint64_t total = 0;

	for (ssize_t got; (got = ::read(fd, buffer.data(), buffer.size())) > 0;)
		total += static_cast<std::uint64_t>(got);
	return total;
}

} // namespace

Usage &Usage::operator+=(const Usage &other)
{
	wall_s += other.wall_s;
	cpu_s += other.cpu_s;
	peak_kib = std::max(peak_kib, other.peak_kib);
	output_bytes += other.output_bytes;
	return *this;
}

Usage run(const std::vector<std::string> &command, Output output)
{
	posix_spawn_file_actions_t actions;
	const Clock::time_point start = Clock::now();
	int ends[2] = {-1, -1};
	std::uint64_t bytes = 0;

	::posix_spawn_file_actions_init(&actions);
	if (output == Output::discarded) {
		::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, discarding_device,
						   O_WRONLY, 0);
	} else if (output == Output::counted) {
		must(::pipe2(ends, O_CLOEXEC), "pipe");
		::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	}

	const int pid = spawn(command, &actions);

	::posix_spawn_file_actions_destroy(&actions);
	if (output == Output::counted) {
		::close(ends[1]);
		bytes = drain(ends[0]);
		::close(ends[0]);
	}

	Usage usage = wait_for(pid, command[0], start);

	usage.output_bytes = bytes;
	return usage;
}

Background::Background(const std::vector<std::string> &command) : pid_(spawn(command, nullptr)) {}

Usage Background::wait()
{
	return wait_for(pid_, "background command", start_);
}

bool have(const std::string &command)
{
	const std::string path = ::getenv("PATH");

	for (std::size_t from = 0, to; from <= path.size(); from = to + 1) {
		to = std::min(path.find(':', from), path.size());
		if (::access((path.substr(from, to - from) + "/" + command).c_str(), X_OK) == 0)
			return true;
	}
	return false;
}

} // namespace lkl::bench
