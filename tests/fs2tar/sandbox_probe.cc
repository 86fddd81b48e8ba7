// SPDX-License-Identifier: GPL-2.0
// Enters the sandbox of fs2tar, with an archive to be made as DIRECTORY/archive, and
// tries one thing that a process under attack might.
//
// usage: sandbox_probe files|calls|both DIRECTORY ATTEMPT	one wall, or both
//        sandbox_probe served DIRECTORY ATTEMPT		the wall for who has a server
//        sandbox_probe program DIRECTORY COMMAND...		behind a program's walls, may
//								write DIRECTORY/mine
//        sandbox_probe time					microseconds to enter both
//        sandbox_probe contained COMMAND...			where neither can be had
//
// Prints "done" and exits 0 when the attempt succeeded, prints why not and exits 1 when
// it was refused with an error. What ends the process is the sandbox's to report.
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/common/cleanup.hh"
#include "apps/common/program_walls.hh"
#include "apps/common/sandbox.hh"
#include "apps/common/target_file.hh"

using namespace lkl::apps;

namespace {

struct Setting {
	TargetFile &target;
	std::string directory;	// of the target
	pid_t parent;
	int connection;		// to peer
	int peer;
	int unconnected;
};

/// What remains possible: an archive is written, by threads, in memory that comes and
/// goes, and gets its name.
int write_archive(Setting &setting)
{
	constexpr std::size_t bytes = 16 << 20;
	bool written = true;

	for (int round = 0; round < 4; round++) {
		std::thread writer([&] {
			const std::vector<std::byte> data(bytes);

			written = written && setting.target.write(data);
		});
		writer.join();
	}
	return written && setting.target.finish() && setting.target.commit() ? 0 : -1;
}

/// glibc's malloc looks at a file in /proc when it makes a thread's heap smaller.
int use_memory(Setting &)
{
	std::thread([] {
		std::vector<std::unique_ptr<char[]>> pieces;

		for (int piece = 0; piece < 1024; piece++)
			pieces.push_back(std::make_unique_for_overwrite<char[]>(64 << 10));
	}).join();
	return 0;
}

int make_executable(Setting &)
{
	void *page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

int map_executable(Setting &)
{
	void *page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -1 : 0;
}

int start_program(Setting &)
{
	char *const arguments[] = {const_cast<char *>("true"), nullptr};

	return ::execve("/bin/true", arguments, nullptr);
}

/// As a thread of the library would: its signals are blocked, but not this one.
int call_from_a_thread(Setting &)
{
	int result = 0;

	std::thread([&] { result = ::socket(AF_UNIX, SOCK_STREAM, 0); }).join();
	return result;
}

int rename_to(Setting &setting, const std::string &to)
{
	return ::renameat(setting.target.directory(), "mine", setting.target.directory(), to.c_str());
}

int remove_file(Setting &setting, const std::string &name)
{
	return ::unlinkat(setting.target.directory(), name.c_str(), 0);
}

int use_connection(Setting &setting)
{
	pollfd waiting = {setting.peer, POLLIN, 0};
	char byte = 'x';

	if (::send(setting.connection, &byte, 1, MSG_NOSIGNAL) != 1 || ::poll(&waiting, 1, -1) != 1 ||
	    ::recv(setting.peer, &byte, 1, 0) != 1)
		return -1;
	return ::shutdown(setting.connection, SHUT_WR);
}

int send_elsewhere(Setting &setting)
{
	const sockaddr_un address = {AF_UNIX, "/dev/log"};

	return static_cast<int>(::sendto(setting.unconnected, "x", 1, 0,
					 reinterpret_cast<const sockaddr *>(&address), sizeof(address)));
}

int connect_elsewhere(Setting &setting)
{
	const sockaddr_un address = {AF_UNIX, "/dev/log"};

	return ::connect(setting.unconnected, reinterpret_cast<const sockaddr *>(&address), sizeof(address));
}

int read_memory(pid_t process)
{
	std::array<char, 8> buffer;
	const iovec mine = {buffer.data(), buffer.size()};
	const iovec theirs = {buffer.data(), buffer.size()};

	return static_cast<int>(::process_vm_readv(process, &mine, 1, &theirs, 1, 0));
}

int type_on_terminal(Setting &)
{
	return ::ioctl(STDIN_FILENO, TIOCSTI, "x");
}

const std::map<std::string, std::function<int(Setting &)>> attempts = {
	{"write_archive", write_archive},
	{"use_memory", use_memory},
	{"rename_inside", [](Setting &s) { return rename_to(s, "renamed"); }},
	{"rename_outside", [](Setting &s) { return rename_to(s, s.directory + "/../moved"); }},
	{"remove_outside", [](Setting &s) { return remove_file(s, s.directory + "/../precious"); }},
	{"read_file", [](Setting &) { return ::open("/etc/passwd", O_RDONLY); }},
	{"read_own_memory_file", [](Setting &) { return ::open("/proc/self/mem", O_RDONLY); }},
	{"list_directory", [](Setting &) { return ::open("/", O_RDONLY | O_DIRECTORY); }},
	{"create_file", [](Setting &s) { return ::open((s.directory + "/../new").c_str(),
						       O_WRONLY | O_CREAT, 0600); }},
	{"overwrite_file", [](Setting &s) { return ::open((s.directory + "/../precious").c_str(),
							  O_WRONLY); }},
	{"make_directory", [](Setting &s) { return ::mkdir((s.directory + "/new").c_str(), 0700); }},
	{"link_file", [](Setting &s) { return ::link((s.directory + "/mine").c_str(),
						     (s.directory + "/link").c_str()); }},
	{"change_mode", [](Setting &s) { return ::chmod((s.directory + "/mine").c_str(), 0777); }},
	{"socket", [](Setting &) { return ::socket(AF_INET, SOCK_STREAM, 0); }},
	{"socket_in_a_thread", call_from_a_thread},
	{"use_connection", use_connection},
	{"send_elsewhere", send_elsewhere},
	{"connect_elsewhere", connect_elsewhere},
	{"execve", start_program},
	{"fork", [](Setting &) { return ::fork(); }},
	{"plain_clone", [](Setting &) {
		return static_cast<int>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
	}},
	{"ptrace", [](Setting &) { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, 0, 0)); }},
	{"process_vm_readv", [](Setting &) { return read_memory(::getpid()); }},
	{"kill_parent", [](Setting &s) { return ::kill(s.parent, 0); }},
	{"kill_everybody", [](Setting &) { return ::kill(-1, 0); }},
	{"mprotect_exec", make_executable},
	{"mmap_exec", map_executable},
	{"mount", [](Setting &) { return ::mount("none", "/mnt", "tmpfs", 0, nullptr); }},
	{"terminal_input", type_on_terminal},
	{"io_uring", [](Setting &) { return static_cast<int>(::syscall(SYS_io_uring_setup, 1, nullptr)); }},
	{"own_refusal_handler", [](Setting &) {
		return std::signal(SIGSYS, SIG_IGN) == SIG_ERR ? -1 : 0;
	}},
	{"unknown_call", [](Setting &) { return static_cast<int>(::syscall(5000)); }},
};

int complain(const Error &error)
{
	std::fprintf(stderr, "sandbox_probe: %s\n", error.text.c_str());
	return 3;
}

int try_it(const std::string &walls, const std::string &directory, const std::string &name)
{
	watch_signals();
	const auto target = TargetFile::create(directory + "/archive", "/dev/null");
	if (!target)
		return complain(target.error());

	int pair[2] = {-1, -1};
	if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return complain({errno, "socketpair"});
	Setting setting = {**target, directory, ::getppid(), pair[0], pair[1],
			   ::socket(AF_UNIX, SOCK_DGRAM, 0)};
	const std::array directories = {(*target)->directory()};
	if (walls != "calls" && walls != "served") {
		if (const Result<void> done = confine_files(directories); !done)
			return complain(done.error());
		renew_signal_watch();
	}
	if (walls != "calls" && walls != "served")
		finish_renewal();
	if (walls != "files")
		if (const Result<void> done = confine_calls("sandbox_probe", directories,
							      walls == "served"); !done)
			return complain(done.error());

	const int result = attempts.at(name)(setting);
	std::puts(result < 0 ? std::strerror(errno) : "done");
	return result < 0;
}

int measure()
{
	using Clock = std::chrono::steady_clock;
	const auto microseconds = [](Clock::duration time) {
		return std::chrono::duration<double, std::micro>(time).count();
	};

	watch_signals();
	const std::array directories = {::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	const Clock::time_point start = Clock::now();
	const Result<void> files = confine_files(directories);
	renew_signal_watch();
	const Clock::time_point between = Clock::now();
	finish_renewal();
	const Clock::time_point again = Clock::now();
	const Result<void> calls = confine_calls("sandbox_probe", directories);
	const Clock::time_point end = Clock::now();

	std::printf("files %.0f calls %.0f\n", microseconds(between - start), microseconds(end - again));
	return files && calls ? 0 : 3;
}

/// A container's filter that knows neither seccomp nor Landlock.
int run_contained(char **command)
{
	const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);

	for (const int call : {SCMP_SYS(seccomp), SCMP_SYS(landlock_create_ruleset)})
		if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0) < 0)
			return 3;
	const scmp_arg_cmp mode = {0, SCMP_CMP_EQ, 22, 0};	// PR_SET_SECCOMP
	if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1, mode) < 0 ||
	    ::seccomp_load(filter) < 0)
		return 3;
	::execv(command[0], command);
	return 3;
}

int run_program(const std::string &directory, char **command)
{
	const std::array written = {directory + "/mine"};

	ProgramWalls::create(written).raise();
	::execvp(command[0], command);
	return 3;
}

} // namespace

int main(int argc, char **argv)
{
	const std::string what = argc > 1 ? argv[1] : "";

	if (what == "time")
		return measure();
	if (what == "contained" && argc > 2)
		return run_contained(argv + 2);
	if (what == "program" && argc > 3)
		return run_program(argv[2], argv + 3);
	if ((what == "files" || what == "calls" || what == "both" || what == "served") && argc == 4 &&
	    attempts.contains(argv[3]))
		return try_it(what, argv[2], argv[3]);
	std::fprintf(stderr, "sandbox_probe: see its source\n");
	return 3;
}
