// SPDX-License-Identifier: GPL-2.0
// What every end-to-end test uses: a watchdog, instances made as the
// environment says, threads that start together, and the process's own usage.
//
// Constructors throw std::runtime_error (gtest reports it as a failure), so a
// test body reads as a sequence of steps. Environment:
//  LKL_TEST_CPUS     virtual CPUs of instances (default 1)
//  LKL_TEST_KERNEL   another kernel image to load
//  LKL_TEST_SCALE    multiplies the length of stress tests (default 1)
//  LKL_TEST_TIMEOUT  seconds after which a test counts as hung (default 120)
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <lkl.h>
#include <lkl/syscalls.h>

#include "sanitized.hh"

namespace lkl::test {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

inline double environment(const char *name, double otherwise)
{
	const char *text = std::getenv(name);

	return text && *text ? std::strtod(text, nullptr) : otherwise;
}

inline unsigned cpus()
{
	return static_cast<unsigned>(environment("LKL_TEST_CPUS", 1));
}

/// The CPU counts that stress tests go through: LKL_TEST_CPUS alone, if given.
inline std::vector<unsigned> cpu_counts()
{
	const char *text = std::getenv("LKL_TEST_CPUS");

	return text && *text ? std::vector<unsigned>{cpus()} : std::vector<unsigned>{1, 2, 4, 8};
}

/// @count, stretched for long runs and shortened for slow kernels.
inline unsigned scaled(unsigned count)
{
	const double scaled = count * environment("LKL_TEST_SCALE", 1);

	return scaled < 1 ? 1 : static_cast<unsigned>(scaled);
}

inline double seconds_since(Clock::time_point start)
{
	return std::chrono::duration<double>(Clock::now() - start).count();
}

/// All of host file @path; empty when it cannot be read.
inline std::string read_host_file(const std::string &path)
{
	std::string content;
	char piece[65536];
	const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return content;
	for (ssize_t got; (got = ::read(fd, piece, sizeof(piece))) > 0;)
		content.append(piece, static_cast<std::size_t>(got));
	::close(fd);
	return content;
}

/// Turns a hang into a failure that says where every thread was.
class Watchdog : public testing::EmptyTestEventListener {
public:
	/// Watch what is called @name from now on, until the next call or end().
	static void begin(const std::string &name)
	{
		std::snprintf(name_, sizeof(name_), "%s", name.c_str());
		deadline_s_ = now_s() + std::int64_t(environment("LKL_TEST_TIMEOUT", 120));
		if (!running_) {
			running_ = true;
			std::thread(watch).detach();
		}
	}

	static void end()
	{
		deadline_s_ = never;
	}

	/// Long tests ask for @seconds more.
	static void extend(std::int64_t seconds)
	{
		deadline_s_ += seconds;
	}

	void OnTestStart(const testing::TestInfo &info) override
	{
		begin(std::string(info.test_suite_name()) + "." + info.name());
	}

	void OnTestEnd(const testing::TestInfo &) override
	{
		end();
	}

private:
	static constexpr std::int64_t never = INT64_MAX / 2;

	static std::int64_t now_s()
	{
		return std::chrono::duration_cast<std::chrono::seconds>(
			       Clock::now().time_since_epoch()).count();
	}

	static void watch()
	{
		while (now_s() < deadline_s_)
			std::this_thread::sleep_for(200ms);
		std::printf("\nHUNG: %s ran longer than its limit; its threads:\n", name_);
		std::fflush(stdout);
		const std::string pid = std::to_string(::getpid());
		const std::string threads =
			"for t in /proc/" + pid + "/task/*; do echo \"$(cat $t/comm) $(cat $t/wchan) "
			"$(cat $t/syscall)\"; done; command -v gdb >/dev/null && timeout 60 gdb -p " + pid +
			" -batch -ex 'thread apply all bt 24' 2>/dev/null";

		if (std::system(threads.c_str()))
			std::printf("(no more is known: gdb is not installed or failed)\n");
		std::printf("[  FAILED  ] %s (hung)\n", name_);
		std::fflush(stdout);
		// Not exit(), whose handlers might wait for what hangs.
		::_exit(99);
	}

	static inline char name_[256];
	static inline std::atomic<std::int64_t> deadline_s_{never};
	static inline bool running_;
};

inline const bool watchdog_installed = [] {
	testing::UnitTest::GetInstance()->listeners().Append(new Watchdog);
	return true;
}();

/// Success of a call that returns a negative errno otherwise.
inline testing::AssertionResult ok(std::int64_t result)
{
	if (result >= 0)
		return testing::AssertionSuccess();
	return testing::AssertionFailure() << result << " (" << lkl_strerror(static_cast<int>(result))
					   << ")";
}

/// The same for code outside a test body: throws with @what.
inline std::int64_t must(std::int64_t result, std::string_view what)
{
	if (result < 0)
		throw std::runtime_error(std::string(what) + ": " +
					 lkl_strerror(static_cast<int>(result)));
	return result;
}

/// The kernel's log as it arrived, callable from inside the kernel.
class Log {
public:
	static void receive(void *log, int, std::uint64_t, const char *line)
	{
		Log *self = static_cast<Log *>(log);
		const std::lock_guard guard(self->mutex_);

		self->text_.append(line).push_back('\n');
	}

	std::string text() const
	{
		const std::lock_guard guard(mutex_);

		return text_;
	}

	bool contains(std::string_view what) const
	{
		return text().find(what) != std::string::npos;
	}

	/// From where the kernel first finds fault with itself (an oops, a broken
	/// locking rule, undefined behaviour, ...) to the end; empty when it does not.
	std::string alarm() const
	{
		const std::string log = text();
		std::size_t first = std::string::npos;

		for (const char *sign : {"BUG:", "WARNING:", "UBSAN:", "Oops", "Call Trace", "INFO: task",
					 "detected stall", "detected buffer overflow", "Kernel panic"})
			first = std::min(first, log.find(sign));
		return first == std::string::npos ? "" : log.substr(log.rfind('\n', first) + 1);
	}

private:
	mutable std::mutex mutex_;
	std::string text_;
};

/// How to make an Instance where the environment's way is not enough.
struct Setup {
	std::uint64_t memory_bytes = 0;
	const char *command_line = nullptr;
	unsigned cpus = 0;		// 0: LKL_TEST_CPUS
	bool start = true;
	bool may_alarm = false;		// the test makes the kernel find fault with itself
	std::uint64_t virtual_start_ns = 0;	// needs cpus = 1
	std::array<std::uint64_t, 4> seed = {};
};

/// A running kernel; usable wherever the C API wants its pointer. When it ends, an
/// alarm in its log is a failure of the test.
class Instance {
public:
	explicit Instance(const Setup &setup = {}) : may_alarm_(setup.may_alarm)
	{
		lkl_options options = {};

		options.size = sizeof(options);
		options.cpus = setup.cpus ? setup.cpus : test::cpus();
		options.memory_bytes = setup.memory_bytes;
		options.command_line = setup.command_line;
		options.kernel_path = std::getenv("LKL_TEST_KERNEL");
		options.log = Log::receive;
		options.log_user = &log_;
		options.virtual_start_ns = setup.virtual_start_ns;
		std::ranges::copy(setup.seed, options.seed);
		if (lkl_create(&options, &kernel_) < 0)
			throw std::runtime_error(lkl_last_error(nullptr));
		if (setup.start && lkl_start(kernel_) < 0) {
			const std::string reason = lkl_last_error(kernel_);

			lkl_destroy(kernel_);
			throw std::runtime_error(reason + "\n" + log_.text());
		}
	}

	Instance(const Instance &) = delete;
	Instance &operator=(const Instance &) = delete;

	~Instance()
	{
		lkl_destroy(kernel_);
		if (!may_alarm_) {
			EXPECT_EQ(log_.alarm(), "");
		}
	}

	operator lkl_kernel *() const
	{
		return kernel_;
	}

	const Log &log() const
	{
		return log_;
	}

private:
	lkl_kernel *kernel_ = nullptr;
	bool may_alarm_;
	Log log_;
};

/// Run @body(0) .. @body(count - 1) on threads released together; wait for all.
/// What they throw becomes a failure of the test.
inline void in_threads(unsigned count, const std::function<void(unsigned)> &body)
{
	std::barrier start(static_cast<std::ptrdiff_t>(count));
	std::vector<std::thread> threads;

	for (unsigned i = 0; i < count; i++)
		threads.emplace_back([&, i] {
			start.arrive_and_wait();
			try {
				body(i);
			} catch (const std::exception &failure) {
				ADD_FAILURE() << "thread " << i << ": " << failure.what();
			}
		});
	for (std::thread &thread : threads)
		thread.join();
}

/// Wait until @condition holds, or give up after @limit.
inline bool eventually(const std::function<bool()> &condition,
		       std::chrono::milliseconds limit = 10s)
{
	const auto end = Clock::now() + limit;

	while (!condition()) {
		if (Clock::now() > end)
			return false;
		std::this_thread::sleep_for(1ms);
	}
	return true;
}

/// What this process holds of the host. A sanitizer keeps freed memory, and has mappings of its
/// own: both are 0 with one.
struct Usage {
	long threads = 0, descriptors = 0, mappings = 0, resident_kib = 0;

	static Usage now()
	{
		const std::string status = read_host_file("/proc/self/status");
		const std::string maps = read_host_file("/proc/self/maps");
		auto field = [&status](const char *name) {
			const std::size_t at = status.find(name);

			return at == std::string::npos
				? 0 : std::strtol(status.c_str() + at + std::strlen(name), nullptr, 10);
		};
		Usage usage = {.threads = field("Threads:")};

		if (!sanitized) {
			usage.mappings = std::count(maps.begin(), maps.end(), '\n');
			usage.resident_kib = field("VmRSS:");
		}
		if (DIR *directory = ::opendir("/proc/self/fd")) {
			while (::readdir(directory))
				usage.descriptors++;
			::closedir(directory);
		}
		return usage;
	}
};

/// Deterministic pseudo-random numbers (splitmix64), the same on every host.
class Random {
public:
	explicit Random(std::uint64_t seed) : state_(seed) {}

	std::uint64_t next()
	{
		std::uint64_t z = state_ += 0x9e3779b97f4a7c15;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		return z ^ (z >> 31);
	}

	/// A number in [0, @limit)
	std::uint64_t below(std::uint64_t limit)
	{
		return next() % limit;
	}

	void fill(void *data, std::size_t bytes)
	{
		unsigned char *at = static_cast<unsigned char *>(data);

		for (; bytes >= 8; at += 8, bytes -= 8) {
			const std::uint64_t value = next();

			std::memcpy(at, &value, 8);
		}
		for (; bytes; bytes--)
			*at++ = static_cast<unsigned char>(next());
	}

	std::vector<unsigned char> bytes(std::size_t count)
	{
		std::vector<unsigned char> data(count);

		fill(data.data(), count);
		return data;
	}

private:
	std::uint64_t state_;
};

} // namespace lkl::test
