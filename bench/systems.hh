// SPDX-License-Identifier: GPL-2.0
// The two sides of a comparison: Library and Native have the same functions, so
// that one template is both sides of a benchmark. Everything dies on failure.
#pragma once

#include <cstdint>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <lkl.h>
#include <lkl/syscalls.h>

#include "bench/support.hh"

namespace lkl::bench {

/// A kernel in this process.
class Library {
public:
	explicit Library(unsigned cpus = 1)
	{
		lkl_options options = {};

		options.size = sizeof(options);
		options.cpus = cpus;
		if (lkl_create(&options, &kernel_) < 0)
			die(lkl_last_error(nullptr));
		if (lkl_start(kernel_) < 0)
			die(lkl_last_error(kernel_));
	}

	Library(const Library &) = delete;
	Library &operator=(const Library &) = delete;

	~Library()
	{
		lkl_destroy(kernel_);
	}

	operator lkl_kernel *() const
	{
		return kernel_;
	}

	template <std::signed_integral Result> Result must(Result result, const char *what) const
	{
		if (result < 0)
			die(std::string(what) + ": " +
			    (lkl_health(kernel_) < 0 ? lkl_last_error(kernel_)
						     : lkl_strerror(static_cast<int>(result))));
		return result;
	}

	/// Give the calling thread a task now rather than in its first call.
	void attach()
	{
		must(lkl_attach(kernel_), "attach");
	}

	int getppid()
	{
		return lkl_sys_getppid(kernel_);
	}

	int create(const std::string &path)
	{
		return must(lkl_sys_openat(kernel_, LKL_AT_FDCWD, path.c_str(),
					   LKL_O_RDWR | LKL_O_CREAT | LKL_O_TRUNC, 0600),
			    "create");
	}

	int open(const std::string &path)
	{
		return must(lkl_sys_openat(kernel_, LKL_AT_FDCWD, path.c_str(), LKL_O_RDONLY, 0),
			    "open");
	}

	void close(int file)
	{
		must(lkl_sys_close(kernel_, file), "close");
	}

	void unlink(const std::string &path)
	{
		must(lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, path.c_str(), 0), "unlink");
	}

	void make_directory(const std::string &path)
	{
		must(lkl_sys_mkdirat(kernel_, LKL_AT_FDCWD, path.c_str(), 0700), "mkdir");
	}

	std::int64_t read(int file, void *data, std::size_t bytes)
	{
		return must(lkl_sys_read(kernel_, file, data, bytes), "read");
	}

	std::int64_t write(int file, const void *data, std::size_t bytes)
	{
		return must(lkl_sys_write(kernel_, file, data, bytes), "write");
	}

	std::int64_t pread(int file, void *data, std::size_t bytes, std::int64_t offset)
	{
		return must(lkl_sys_pread64(kernel_, file, data, bytes, offset), "pread");
	}

	void advise(int file, int advice)
	{
		must(lkl_sys_fadvise64(kernel_, file, 0, 0, advice), "fadvise");
	}

	void pipe(int (&ends)[2])
	{
		must(lkl_sys_pipe2(kernel_, ends, 0), "pipe");
	}

	void sleep(std::int64_t nanoseconds)
	{
		const lkl_timespec time = {0, nanoseconds};

		must(lkl_sys_nanosleep(kernel_, &time, nullptr), "nanosleep");
	}

	void set_timer_slack(std::int64_t nanoseconds)
	{
		must(lkl_sys_prctl(kernel_, PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0), "prctl");
	}

private:
	lkl_kernel *kernel_ = nullptr;
};

/// The kernel under this process.
class Native {
public:
	void attach() {}

	int getppid()
	{
		return static_cast<int>(::syscall(SYS_getppid));
	}

	int create(const std::string &path)
	{
		return must(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
			    "create");
	}

	int open(const std::string &path)
	{
		return must(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open");
	}

	void close(int file)
	{
		must(::close(file), "close");
	}

	void unlink(const std::string &path)
	{
		must(::unlink(path.c_str()), "unlink");
	}

	void make_directory(const std::string &path)
	{
		must(::mkdir(path.c_str(), 0700), "mkdir");
	}

	std::int64_t read(int file, void *data, std::size_t bytes)
	{
		return must(::read(file, data, bytes), "read");
	}

	std::int64_t write(int file, const void *data, std::size_t bytes)
	{
		return must(::write(file, data, bytes), "write");
	}

	std::int64_t pread(int file, void *data, std::size_t bytes, std::int64_t offset)
	{
		return must(::pread(file, data, bytes, offset), "pread");
	}

	void advise(int file, int advice)
	{
		if (::posix_fadvise(file, 0, 0, advice))
			die("fadvise failed");
	}

	void pipe(int (&ends)[2])
	{
		must(::pipe2(ends, O_CLOEXEC), "pipe");
	}

	void sleep(std::int64_t nanoseconds)
	{
		const timespec time = {0, nanoseconds};

		must(::nanosleep(&time, nullptr), "nanosleep");
	}

	void set_timer_slack(std::int64_t nanoseconds)
	{
		must(::prctl(PR_SET_TIMERSLACK, nanoseconds), "prctl");
	}
};

/// The @System that a program's benchmarks share, made by its first user.
template <class System> System &shared()
{
	static System system;

	return system;
}

/// Keeps the calling thread, and threads it makes meanwhile, on one host CPU: the
/// @number-th that it may use, starting over when there are fewer. Where a busy host
/// places threads would otherwise be half of the figure.
class Pinned {
public:
	explicit Pinned(int number = 0)
	{
		cpu_set_t one;
		int cpu = -1;

		must(::sched_getaffinity(0, sizeof(before_), &before_), "sched_getaffinity");
		for (number %= CPU_COUNT(&before_); number >= 0; number--)
			do
				cpu++;
			while (!CPU_ISSET(cpu, &before_));
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		must(::sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
	}

	Pinned(const Pinned &) = delete;
	Pinned &operator=(const Pinned &) = delete;

	~Pinned()
	{
		::sched_setaffinity(0, sizeof(before_), &before_);
	}

private:
	cpu_set_t before_;
};

} // namespace lkl::bench
