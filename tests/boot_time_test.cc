// SPDX-License-Identifier: GPL-2.0
// Clocks agree with the host's, sleeps are never short, file times are right.

#include "support_files.hh"

#include <ctime>

using namespace lkl::test;

namespace {

std::int64_t host_ns(clockid_t clock)
{
	timespec now;

	::clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

std::int64_t kernel_ns(lkl_kernel *kernel, int clock)
{
	lkl_timespec now = {};

	must(lkl_sys_clock_gettime(kernel, clock, &now), "clock_gettime");
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

TEST(BootTime, WallClockIsTheHosts)
{
	Instance kernel;
	lkl_timeval coarse = {};

	for (unsigned round = 0; round < 3; round++) {
		const std::int64_t before = host_ns(CLOCK_REALTIME);
		const std::int64_t now = kernel_ns(kernel, LKL_CLOCK_REALTIME);

		EXPECT_NEAR(double(now - before), 0, 1e9);
		std::this_thread::sleep_for(300ms);
	}
	EXPECT_TRUE(ok(lkl_sys_gettimeofday(kernel, &coarse, nullptr)));
	EXPECT_NEAR(double(coarse.tv_sec), double(::time(nullptr)), 1.5);
}

TEST(BootTime, WallClockIsRightFromTheFirstMoment)
{
	const std::int64_t before = host_ns(CLOCK_REALTIME);
	Instance kernel;
	const std::int64_t now = kernel_ns(kernel, LKL_CLOCK_REALTIME);

	EXPECT_GE(now, before - 50000000);
	EXPECT_LE(now, host_ns(CLOCK_REALTIME) + 50000000);
}

TEST(BootTime, MonotonicClockRunsAtTheHostsPace)
{
	Instance kernel;
	const std::int64_t host = host_ns(CLOCK_MONOTONIC), ours = kernel_ns(kernel, LKL_CLOCK_MONOTONIC);

	std::this_thread::sleep_for(500ms);
	const std::int64_t ours_passed = kernel_ns(kernel, LKL_CLOCK_MONOTONIC) - ours;
	const std::int64_t host_passed = host_ns(CLOCK_MONOTONIC) - host;

	EXPECT_NEAR(double(ours_passed), double(host_passed), 20e6);
	EXPECT_GT(kernel_ns(kernel, LKL_CLOCK_BOOTTIME), 0);
}

TEST(BootTime, MonotonicClockNeverGoesBackOnAnyThread)
{
	Instance kernel;
	std::atomic<std::int64_t> newest = 0;

	in_threads(4, [&](unsigned) {
		for (unsigned round = 0; round < scaled(3000); round++) {
			const std::int64_t seen = newest.load();
			const std::int64_t now = kernel_ns(kernel, LKL_CLOCK_MONOTONIC);

			if (now < seen)
				ADD_FAILURE() << "the clock went back by " << seen - now << " ns";
			for (std::int64_t old = seen; old < now && !newest.compare_exchange_weak(old, now);)
				;
		}
	});
}

TEST(BootTime, ClocksHaveNanosecondResolution)
{
	Instance kernel;
	lkl_timespec resolution = {};

	for (const int clock : {LKL_CLOCK_REALTIME, LKL_CLOCK_MONOTONIC}) {
		EXPECT_TRUE(ok(lkl_sys_clock_getres(kernel, clock, &resolution)));
		EXPECT_EQ(resolution.tv_sec, 0);
		EXPECT_EQ(resolution.tv_nsec, 1);
	}
}

TEST(BootTime, SleepsAreNeverShort)
{
	Instance kernel;

	for (const std::int64_t ns : {0ll, 1ll, 999ll, 50000ll, 1000000ll, 3333333ll, 20000000ll, 150000000ll})
		for (unsigned round = 0; round < 5; round++) {
			const lkl_timespec wait = {0, ns};
			const std::int64_t start = host_ns(CLOCK_MONOTONIC);

			EXPECT_EQ(lkl_sys_nanosleep(kernel, &wait, nullptr), 0);
			EXPECT_GE(host_ns(CLOCK_MONOTONIC) - start, ns);
		}
}

TEST(BootTime, SleepsOfManyThreadsAreNeverShortNorLost)
{
	Instance kernel;

	in_threads(64, [&](unsigned i) {
		for (unsigned round = 0; round < 10; round++) {
			const std::int64_t ns = 1000000 + 100000 * ((i * 7 + round * 13) % 64);
			const lkl_timespec wait = {0, ns};
			const std::int64_t start = host_ns(CLOCK_MONOTONIC);

			EXPECT_EQ(lkl_sys_nanosleep(kernel, &wait, nullptr), 0);
			const std::int64_t took = host_ns(CLOCK_MONOTONIC) - start;

			EXPECT_GE(took, ns);
			EXPECT_LT(took, ns + 2000000000);
		}
	});
}

TEST(BootTime, SleepUntilAnAbsoluteMoment)
{
	Instance kernel;
	const std::int64_t until = kernel_ns(kernel, LKL_CLOCK_MONOTONIC) + 60000000;
	const lkl_timespec moment = {until / 1000000000, until % 1000000000};

	EXPECT_EQ(lkl_sys_clock_nanosleep(kernel, LKL_CLOCK_MONOTONIC, LKL_TIMER_ABSTIME, &moment,
					  nullptr), 0);
	EXPECT_GE(kernel_ns(kernel, LKL_CLOCK_MONOTONIC), until);
	EXPECT_EQ(lkl_sys_clock_nanosleep(kernel, LKL_CLOCK_MONOTONIC, LKL_TIMER_ABSTIME, &moment,
					  nullptr), 0);
}

TEST(BootTime, BadSleepsAreRefused)
{
	Instance kernel;
	const lkl_timespec negative = {-1, 0}, too_many = {0, 1000000000};

	EXPECT_EQ(lkl_sys_nanosleep(kernel, &negative, nullptr), -LKL_EINVAL);
	EXPECT_EQ(lkl_sys_nanosleep(kernel, &too_many, nullptr), -LKL_EINVAL);
}

TEST(BootTime, FilesCarryTheHostsTime)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	const std::int64_t before = host_ns(CLOCK_REALTIME);

	put_file(kernel, path, "x");
	const lkl_stat stat = stat_of(kernel, path);
	const std::int64_t modified = stat.st_mtime_sec * 1000000000 + std::int64_t(stat.st_mtime_nsec);

	EXPECT_NEAR(double(modified - before), 0, 1e9);
}

TEST(BootTime, FileTimesCanBeSetBeyond2038AndBefore1970)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";

	put_file(kernel, path, "x");
	for (const std::int64_t seconds : {-1000000000ll, 0ll, 5000000000ll, 33000000000ll}) {
		const lkl_timespec times[2] = {{seconds, 123456789}, {seconds + 1, 987654321}};

		ASSERT_TRUE(ok(lkl_sys_utimensat(kernel, LKL_AT_FDCWD, path.c_str(), times, 0)));
		const lkl_stat stat = stat_of(kernel, path);

		EXPECT_EQ(stat.st_atime_sec, seconds);
		EXPECT_EQ(stat.st_atime_nsec, 123456789u);
		EXPECT_EQ(stat.st_mtime_sec, seconds + 1);
		EXPECT_EQ(stat.st_mtime_nsec, 987654321u);
	}
}

TEST(BootTime, TimersFireWhileAnotherThreadKeepsTheCpuBusy)
{
	Instance kernel;
	std::atomic<bool> stop = false;
	std::thread busy([&] {
		while (!stop)
			lkl_sys_getppid(kernel);
	});
	double worst = 0;

	for (unsigned round = 0; round < 50; round++) {
		const lkl_timespec wait = {0, 2000000};
		const auto start = Clock::now();

		EXPECT_EQ(lkl_sys_nanosleep(kernel, &wait, nullptr), 0);
		worst = std::max(worst, seconds_since(start));
	}
	stop = true;
	busy.join();
	EXPECT_LT(worst, 1.0);
}

TEST(BootTime, IdleInstanceUsesNoProcessorTime)
{
	Instance kernel;
	std::thread sleeper([&] {
		const lkl_timespec wait = {1, 500000000};

		lkl_sys_nanosleep(kernel, &wait, nullptr);
	});

	std::this_thread::sleep_for(300ms);
	const std::int64_t before = host_ns(CLOCK_PROCESS_CPUTIME_ID);

	std::this_thread::sleep_for(1s);
	// Tickless: an idle second costs next to nothing, on any number of CPUs.
	EXPECT_LT(host_ns(CLOCK_PROCESS_CPUTIME_ID) - before, 50000000);
	sleeper.join();
}

} // namespace
