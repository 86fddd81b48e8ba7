// SPDX-License-Identifier: GPL-2.0
// confine_calls() for Linux: a seccomp filter, by libseccomp.
//
// What is not allowed raises SIGSYS instead of being carried out. That the handler
// runs in the process that may be under attack does no harm: the call is refused
// whatever becomes of the signal. In exchange it can name the call and remove the
// half-written archive, which the kernel's own ways to end a process cannot.
//
// Where libraries ask for something by themselves and can do without it, an error
// answers: ending the process would turn an update of the C library into a failure.
#include "sandbox.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>

#include <fcntl.h>
#include <linux/blkzoned.h>
#include <linux/cdrom.h>
#include <linux/fd.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cleanup.hh"

namespace lkl::apps {

namespace {

constexpr std::array allowed_calls = {
	// Memory; mmap and mprotect have conditions.
	SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(memfd_create), SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	// Threads and their ends; clone has conditions.
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(rseq), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
	SCMP_SYS(set_robust_list),
	// Signals; changing handlers and sending have conditions.
	SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack),
	// Time, where the clock needs a call.
	SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep), SCMP_SYS(time),
	// Open files; fcntl and ioctl have conditions.
	SCMP_SYS(close), SCMP_SYS(fadvise64), SCMP_SYS(fallocate), SCMP_SYS(fdatasync),
	SCMP_SYS(flock), SCMP_SYS(fstat), SCMP_SYS(fstatfs), SCMP_SYS(fsync),
	SCMP_SYS(ftruncate), SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(preadv),
	SCMP_SYS(preadv2), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(pwritev2),
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev),
	// About the machine.
	SCMP_SYS(getrandom), SCMP_SYS(sysinfo),
};

/// Libraries look for files (the C library's malloc for the system's overcommitment,
/// its processor count and libblkid in /sys) and go on when there are none.
constexpr std::array looks_by_name = {
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(lstat),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(stat), SCMP_SYS(statfs),
	SCMP_SYS(statx),
};

/// Discarding and zeroing work only on a device that is open for writing.
constexpr std::array<std::uint32_t, 7> allowed_requests = {
	TCGETS, TIOCGWINSZ, BLKGETSIZE64, BLKSSZGET, BLKGETZONESZ, BLKDISCARD, BLKZEROOUT,
};

/// libblkid asks every block device whether it is one of these.
constexpr std::array<std::uint32_t, 4> declined_requests = {
	FDGETFDCSTAT, CDROM_GET_CAPABILITY, CDROM_DRIVE_STATUS, CDROM_LAST_WRITTEN,
};

/// A condition on argument @index, of which only the bits of @mask count. The calls'
/// ints are the lower half of a register whose upper half can be anything.
constexpr scmp_arg_cmp argument(unsigned index, std::uint64_t mask, std::uint64_t value)
{
	return {index, SCMP_CMP_MASKED_EQ, mask, value};
}

constexpr scmp_arg_cmp argument(unsigned index, std::uint32_t value)
{
	return argument(index, 0xffffffff, value);
}

/// A filter in the making; the first failure counts.
class Filter {
public:
	Filter() : context_(::seccomp_init(SCMP_ACT_TRAP), ::seccomp_release)
	{
		if (!context_)
			result_ = -ENOMEM;
	}

	void set(scmp_filter_attr attribute, std::uint32_t value)
	{
		note(::seccomp_attr_set(context_.get(), attribute, value));
	}

	void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions = {})
	{
		note(::seccomp_rule_add_array(context_.get(), action, call,
					      static_cast<unsigned>(conditions.size()),
					      conditions.begin()));
	}

	void load() { note(::seccomp_load(context_.get())); }

	/// 0 or a negative errno.
	int result() const { return result_; }

private:
	void note(int result)
	{
		if (result_ == 0)
			result_ = result;
	}

	std::unique_ptr<void, decltype(&::seccomp_release)> context_;
	int result_ = 0;
};

void add_memory(Filter &filter)
{
	// No memory becomes code. What is code already was made so before.
	for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
		filter.add(SCMP_ACT_ALLOW, call, {argument(2, PROT_EXEC, 0)});
	// The limit of a file in memory is asked for, of this process and not changed.
	filter.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64),
		   {argument(0, 0), argument(2, ~std::uint64_t{0}, 0)});
}

void add_threads(Filter &filter)
{
	constexpr std::uint64_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;

	filter.add(SCMP_ACT_ALLOW, SCMP_SYS(clone), {argument(0, thread, thread)});
	// Its flags are in memory, where a filter cannot look; the C library then
	// uses clone().
	filter.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
}

void add_signals(Filter &filter)
{
	const std::uint32_t self = static_cast<std::uint32_t>(::getpid());

	for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill)})
		filter.add(SCMP_ACT_ALLOW, call, {argument(0, self)});
	// For ends by a signal; not for what our own handler is for.
	for (const std::uint32_t signal : {SIGABRT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGBUS,
					   SIGFPE, SIGILL, SIGSEGV, SIGTRAP})
		filter.add(SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), {argument(0, signal)});
}

void add_open_files(Filter &filter)
{
	for (const std::uint32_t command : {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC})
		filter.add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), {argument(1, command)});
	for (const std::uint32_t request : allowed_requests)
		filter.add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {argument(1, request)});
	for (const std::uint32_t request : declined_requests)
		filter.add(SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), {argument(1, request)});
}

void add_names(Filter &filter, std::span<const int> directories)
{
	const std::uint32_t refusal = SCMP_ACT_ERRNO(EACCES);
	constexpr std::uint64_t changing = O_ACCMODE | O_CREAT | O_TRUNC;

	filter.add(refusal, SCMP_SYS(open), {argument(1, changing, O_RDONLY)});
	filter.add(refusal, SCMP_SYS(openat), {argument(2, changing, O_RDONLY)});
	for (const int call : looks_by_name)
		filter.add(refusal, call);
	// fstat(), when the name is empty; otherwise it tells what is there, not more.
	filter.add(SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), {argument(3, AT_EMPTY_PATH)});
	filter.add(refusal, SCMP_SYS(newfstatat), {argument(3, AT_EMPTY_PATH, 0)});

	// Which names is confine_files()'s concern.
	for (const int fd : directories) {
		const auto directory = static_cast<std::uint32_t>(fd);

		filter.add(SCMP_ACT_ALLOW, SCMP_SYS(unlinkat),
			   {argument(0, directory), argument(2, 0)});
		filter.add(SCMP_ACT_ALLOW, SCMP_SYS(renameat),
			   {argument(0, directory), argument(2, directory)});
		filter.add(SCMP_ACT_ALLOW, SCMP_SYS(renameat2),
			   {argument(0, directory), argument(2, directory),
			    argument(4, 0xffffffff ^ RENAME_NOREPLACE, 0)});
	}
}

/// Sockets that are connected can be used; no other can be reached through them.
void add_served(Filter &filter)
{
	for (const int call : {SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(recvfrom),
			       SCMP_SYS(shutdown), SCMP_SYS(wait4)})
		filter.add(SCMP_ACT_ALLOW, call);
	// Without an address.
	filter.add(SCMP_ACT_ALLOW, SCMP_SYS(sendto), {argument(4, ~std::uint64_t{0}, 0)});
}

/// Names for the message; libseccomp's own look-up allocates memory.
struct CallName {
	int number;
	std::string_view name;
};

constexpr std::array<CallName, 34> call_names = {{
	{SCMP_SYS(bind), "bind"},
	{SCMP_SYS(bpf), "bpf"},
	{SCMP_SYS(chdir), "chdir"},
	{SCMP_SYS(chmod), "chmod"},
	{SCMP_SYS(chroot), "chroot"},
	{SCMP_SYS(clone), "clone"},
	{SCMP_SYS(connect), "connect"},
	{SCMP_SYS(creat), "creat"},
	{SCMP_SYS(execve), "execve"},
	{SCMP_SYS(execveat), "execveat"},
	{SCMP_SYS(fork), "fork"},
	{SCMP_SYS(io_uring_setup), "io_uring_setup"},
	{SCMP_SYS(ioctl), "ioctl"},
	{SCMP_SYS(kill), "kill"},
	{SCMP_SYS(link), "link"},
	{SCMP_SYS(mkdir), "mkdir"},
	{SCMP_SYS(mmap), "mmap"},
	{SCMP_SYS(mount), "mount"},
	{SCMP_SYS(mprotect), "mprotect"},
	{SCMP_SYS(open), "open"},
	{SCMP_SYS(openat), "openat"},
	{SCMP_SYS(process_vm_readv), "process_vm_readv"},
	{SCMP_SYS(process_vm_writev), "process_vm_writev"},
	{SCMP_SYS(ptrace), "ptrace"},
	{SCMP_SYS(rename), "rename"},
	{SCMP_SYS(renameat), "renameat"},
	{SCMP_SYS(rt_sigaction), "rt_sigaction"},
	{SCMP_SYS(sendmsg), "sendmsg"},
	{SCMP_SYS(sendto), "sendto"},
	{SCMP_SYS(socket), "socket"},
	{SCMP_SYS(tgkill), "tgkill"},
	{SCMP_SYS(unlink), "unlink"},
	{SCMP_SYS(unlinkat), "unlinkat"},
	{SCMP_SYS(vfork), "vfork"},
}};

/// SYS_SECCOMP, which the C library's headers lack.
constexpr int from_seccomp = 1;

std::string_view tool_name;

/// A line put together without memory from the heap.
class Line {
public:
	Line &operator<<(std::string_view text)
	{
		used_ += text.copy(text_.data() + used_, text_.size() - used_);
		return *this;
	}

	Line &operator<<(unsigned number)
	{
		std::array<char, 10> digits;
		std::size_t first = digits.size();

		do {
			digits[--first] = static_cast<char>('0' + number % 10);
			number /= 10;
		} while (number);
		return *this << std::string_view(digits.data() + first, digits.size() - first);
	}

	void write(int fd) const
	{
		[[maybe_unused]] const ssize_t written = ::write(fd, text_.data(), used_);
	}

private:
	std::array<char, 256> text_;
	std::size_t used_ = 0;
};

void on_refusal(int, siginfo_t *info, void *)
{
	// Somebody's kill -SYS.
	if (info->si_code != from_seccomp)
		return;

	Line line;

	line << "\n" << tool_name << ": sandbox: system call "
	     << static_cast<unsigned>(info->si_syscall);
	for (const CallName &known : call_names)
		if (known.number == info->si_syscall)
			line << " (" << known.name << ")";
	line << " refused; work on this image should not need it\n";
	line.write(STDERR_FILENO);
	remove_temporaries();
	::_exit(2);
}

Result<void> failed(const char *what, int result)
{
	return host_failure(std::string("seccomp: ") + what, -result);
}

} // namespace

Result<void> confine_calls(std::string_view tool, std::span<const int> directories, bool served)
{
	Filter filter;

	filter.set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	filter.set(SCMP_FLTATR_CTL_TSYNC, 1);
	filter.set(SCMP_FLTATR_API_SYSRAWRC, 1);
	for (const int call : allowed_calls)
		filter.add(SCMP_ACT_ALLOW, call);
	add_memory(filter);
	add_threads(filter);
	add_signals(filter);
	add_open_files(filter);
	add_names(filter, directories);
	if (served)
		add_served(filter);
	if (filter.result() < 0)
		return failed("filter", filter.result());

	struct sigaction action = {};
	action.sa_sigaction = on_refusal;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigfillset(&action.sa_mask);
	tool_name = tool;
	if (::sigaction(SIGSYS, &action, nullptr) < 0)
		return failed("handler", -errno);
	filter.load();
	return filter.result() < 0 ? failed("load", filter.result()) : Result<void>();
}

} // namespace lkl::apps
