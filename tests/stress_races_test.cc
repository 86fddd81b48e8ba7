// SPDX-License-Identifier: GPL-2.0
// The races that a kernel without processors of its own can lose: who runs a task
// when its thread, its CPU or everybody is outside.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

class StressRaces : public testing::TestWithParam<unsigned> {
protected:
	Instance kernel{{.cpus = GetParam()}};

	/// Bind the calling thread's task to the last CPU.
	void bind_to_last_cpu()
	{
		const std::uint64_t mask = 1ull << (GetParam() - 1);

		must(lkl_sys_sched_setaffinity(kernel, 0, sizeof(mask), &mask), "sched_setaffinity");
	}
};

TEST_P(StressRaces, FirstCallOfANewTaskIsMade)
{
	const std::string t = workspace(kernel);

	for (unsigned round = 0; round < scaled(40); round++) {
		in_threads(16, [&](unsigned i) {
			const std::string path = t + "/" + std::to_string(i);

			if (lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, path.c_str(), 0755))
				ADD_FAILURE() << "mkdir " << path;
		});
		ASSERT_EQ(names_in(kernel, t).size(), 16u);
		for (unsigned i = 0; i < 16; i++)
			must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, (t + "/" + std::to_string(i)).c_str(),
					      LKL_AT_REMOVEDIR), "rmdir");
	}
}

/// What is deleted is freed only after a grace period, which takes the host's attention to
/// every CPU: with more CPUs than the host has, deleting is faster.
TEST_P(StressRaces, DeletingFasterThanFreeingIsNotOutOfMemory)
{
	Instance small({.memory_bytes = (24ull + 6 * std::max(4u, GetParam())) << 20, .cpus = GetParam()});
	const std::string t = workspace(small);

	in_threads(2 * GetParam(), [&](unsigned i) {
		const std::string path = t + "/" + std::to_string(i);

		for (unsigned round = 0; round < scaled(20000); round++) {
			must(lkl_sys_close(small, lkl_sys_openat(small, LKL_AT_FDCWD, path.c_str(),
								 LKL_O_CREAT | LKL_O_RDWR, 0600)), "create");
			must(lkl_sys_unlinkat(small, LKL_AT_FDCWD, path.c_str(), 0), "unlink");
		}
	});
}

/// When everybody is asleep, whose alarm is for the next timer?
TEST_P(StressRaces, EverySleepEnds)
{
	for (unsigned sleepers = 1; sleepers <= 5; sleepers++)
		in_threads(sleepers, [&](unsigned i) {
			Random random(i + 1);
			const auto start = Clock::now();

			while (seconds_since(start) < scaled(5) / 10.) {
				const lkl_timespec wait = {0, lkl_s64(random.below(300000))};

				must(lkl_sys_nanosleep(kernel, &wait, nullptr), "nanosleep");
				if (random.below(8) == 0)
					must(lkl_sys_gettid(kernel), "gettid");
			}
		});
}

TEST_P(StressRaces, EveryCallIsMadeExactlyOnce)
{
	constexpr unsigned threads = 12;
	const unsigned rounds = scaled(2000);
	const Fd sum(kernel, lkl_sys_eventfd2(kernel, 0, 0));
	const Fd file(kernel, workspace(kernel) + "/log", LKL_O_CREAT | LKL_O_RDWR | LKL_O_APPEND);
	std::uint64_t total = 0;

	in_threads(threads, [&](unsigned) {
		const std::uint64_t one = 1;

		for (unsigned round = 0; round < rounds; round++) {
			EXPECT_EQ(lkl_sys_write(kernel, sum, &one, 8), 8);
			if (round % 10 == 0) {
				EXPECT_EQ(lkl_sys_write(kernel, file, "x", 1), 1);
			}
		}
	});
	EXPECT_EQ(lkl_sys_read(kernel, sum, &total, 8), 8);
	EXPECT_EQ(total, std::uint64_t(threads) * rounds);
	EXPECT_EQ(lkl_sys_lseek(kernel, file, 0, LKL_SEEK_END), std::int64_t(threads) * ((rounds + 9) / 10));
}

TEST_P(StressRaces, EveryCallGetsItsOwnResult)
{
	std::atomic<bool> stop = false;
	std::vector<std::thread> sleepers;

	// Tasks asleep inside calls, so that "current" is rarely the caller's.
	for (unsigned i = 0; i < 8; i++)
		sleepers.emplace_back([&, i] {
			while (!stop) {
				const lkl_timespec wait = {0, 100000 * (i + 1)};

				EXPECT_EQ(lkl_sys_nanosleep(kernel, &wait, nullptr), 0);
			}
		});
	in_threads(8, [&](unsigned i) {
		const int tid = lkl_sys_gettid(kernel), pid = lkl_sys_getpid(kernel);

		for (unsigned round = 0; round < scaled(3000); round++) {
			const int value = int(i * 100000 + round);
			const int gone = lkl_sys_close(kernel, -1 - value);

			if (lkl_sys_gettid(kernel) != tid || lkl_sys_getpid(kernel) != pid || gone != -LKL_EBADF) {
				ADD_FAILURE() << "thread " << i << " got another's result in round " << round;
				return;
			}
		}
	});
	stop = true;
	for (std::thread &sleeper : sleepers)
		sleeper.join();
}

TEST_P(StressRaces, LateWakeUpsDoNotShortenTheNextSleep)
{
	const Pipe pipe(kernel);
	std::atomic<bool> stop = false;
	std::vector<std::thread> wakers;

	for (unsigned i = 0; i < 3; i++)
		wakers.emplace_back([&] {
			while (!stop) {
				lkl_sys_write(kernel, pipe.writer, "x", 1);
				std::this_thread::sleep_for(100us);
			}
		});
	for (unsigned round = 0; round < scaled(300); round++) {
		const lkl_timespec wait = {0, 300000};
		char byte;

		ASSERT_EQ(lkl_sys_read(kernel, pipe.reader, &byte, 1), 1);
		const auto start = Clock::now();

		ASSERT_EQ(lkl_sys_nanosleep(kernel, &wait, nullptr), 0);
		ASSERT_GE(Clock::now() - start, 300us);
	}
	stop = true;
	for (std::thread &waker : wakers)
		waker.join();
}

/// Wake a reader and never enter the kernel again: it must come out by itself.
void wake_and_leave(lkl_kernel *kernel, const std::function<void()> &reader_prepares)
{
	double worst = 0;

	for (unsigned round = 0; round < scaled(100); round++) {
		const Pipe pipe(kernel);
		std::atomic<bool> waiting = false, got = false;
		std::thread reader([&] {
			char byte;

			reader_prepares();
			waiting = true;
			EXPECT_EQ(lkl_sys_read(kernel, pipe.reader, &byte, 1), 1);
			got = true;
		});

		eventually([&] { return waiting.load(); });
		if (round & 1)
			std::this_thread::sleep_for(2ms);
		const auto start = Clock::now();

		EXPECT_EQ(lkl_sys_write(kernel, pipe.writer, "x", 1), 1);
		while (!got && seconds_since(start) < 5)
			std::this_thread::yield();
		worst = std::max(worst, seconds_since(start));
		reader.join();
	}
	EXPECT_LT(worst, 1.0) << "a woken task was left behind";
}

TEST_P(StressRaces, WokenTaskIsNotLeftBehind)
{
	wake_and_leave(kernel, [] {});
}

TEST_P(StressRaces, TaskWokenOnAParkedCpuIsNotLeftBehind)
{
	wake_and_leave(kernel, [&] { bind_to_last_cpu(); });
}

TEST_P(StressRaces, ManyTasksWokenByOneCallAllComeOut)
{
	for (unsigned round = 0; round < scaled(50); round++) {
		constexpr unsigned count = 16;
		alignas(64) lkl_u32 word = 0;
		std::atomic<unsigned> out = 0;
		std::vector<std::thread> waiters;

		for (unsigned i = 0; i < count; i++)
			waiters.emplace_back([&] {
				const int result = lkl_sys_futex(kernel, &word, LKL_FUTEX_WAIT | LKL_FUTEX_PRIVATE_FLAG,
								 0, nullptr, nullptr, 0);

				EXPECT_TRUE(result == 0 || result == -LKL_EAGAIN) << result;
				out++;
			});
		std::this_thread::sleep_for(std::chrono::microseconds(200 * (round % 10)));
		__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
		EXPECT_TRUE(ok(lkl_sys_futex(kernel, &word, LKL_FUTEX_WAKE | LKL_FUTEX_PRIVATE_FLAG, INT32_MAX,
					     nullptr, nullptr, 0)));
		EXPECT_TRUE(eventually([&] { return out == count; })) << out << " of " << count;
		for (std::thread &waiter : waiters)
			waiter.join();
	}
}

TEST_P(StressRaces, TimersFireWithNobodyInside)
{
	in_threads(8, [&](unsigned i) {
		for (unsigned round = 0; round < scaled(30); round++) {
			const lkl_timespec wait = {0, 1000000 + 300000 * i};
			const auto start = Clock::now();

			EXPECT_EQ(lkl_sys_nanosleep(kernel, &wait, nullptr), 0);
			EXPECT_LT(seconds_since(start), 1);
		}
	});
}

TEST_P(StressRaces, KernelThreadsWorkWithNobodyInside)
{
	MemoryDisk memory(4 << 20);
	const int disk = add_disk(kernel, memory.disk());
	Fd device(kernel, device_of(kernel, disk), LKL_O_RDWR);

	put_file(kernel, "/proc/sys/vm/dirty_writeback_centisecs", "20");
	put_file(kernel, "/proc/sys/vm/dirty_expire_centisecs", "30");
	ASSERT_EQ(lkl_sys_pwrite64(kernel, device, "written back", 12, 0), 12);
	// No call from here on: timer, flusher thread and disk do it alone.
	EXPECT_TRUE(eventually([&] { return memory.content().starts_with("written back"); }, 20s));
	device.close();
	EXPECT_EQ(lkl_disk_remove(kernel, disk), 0) << lkl_last_error(kernel);
}

TEST_P(StressRaces, GracePeriodsEndWhileThreadsStayOutside)
{
	constexpr int query = 0, global = 1;
	std::atomic<bool> stop = false;
	std::atomic<unsigned> outside = 0;
	std::vector<std::thread> threads;

	for (unsigned i = 0; i < 8; i++)
		threads.emplace_back([&] {
			lkl_attach(kernel);
			outside++;
			while (!stop)
				std::this_thread::yield();
		});
	eventually([&] { return outside == 8; });
	const std::int64_t commands = lkl_call(kernel, LKL_SYS_membarrier, query, 0, 0, 0, 0, 0);

	if (commands >= 0 && commands & global)
		for (unsigned round = 0; round < 10; round++) {
			const auto start = Clock::now();

			EXPECT_EQ(lkl_call(kernel, LKL_SYS_membarrier, global, 0, 0, 0, 0, 0), 0);
			EXPECT_LT(seconds_since(start), 5);
		}
	for (unsigned round = 0; round < 10; round++) {
		// Unmounting waits for grace periods in any configuration.
		if (round == 0)
			make_directory(kernel, "/m");
		must(lkl_sys_mount(kernel, "none", "/m", "tmpfs", 0, nullptr), "mount");
		must(lkl_sys_umount2(kernel, "/m", 0), "umount");
	}
	stop = true;
	for (std::thread &thread : threads)
		thread.join();
}

TEST_P(StressRaces, YieldingThreadsStarveNobody)
{
	std::atomic<bool> stop = false;
	std::vector<std::thread> yielders;

	for (unsigned i = 0; i < 4; i++)
		yielders.emplace_back([&] {
			while (!stop)
				lkl_sys_sched_yield(kernel);
		});
	const std::string t = workspace(kernel);

	for (unsigned round = 0; round < scaled(50); round++) {
		const lkl_timespec wait = {0, 100000};

		ASSERT_EQ(lkl_sys_nanosleep(kernel, &wait, nullptr), 0);
		put_file(kernel, t + "/file", "x");
	}
	stop = true;
	for (std::thread &yielder : yielders)
		yielder.join();
}

TEST_P(StressRaces, DetachRacesWithWakeUps)
{
	const Pipe pipe(kernel);
	std::atomic<bool> stop = false;
	std::thread writer([&] {
		while (!stop) {
			lkl_sys_write(kernel, pipe.writer, "x", 1);
			std::this_thread::sleep_for(50us);
		}
	});

	in_threads(6, [&](unsigned) {
		for (unsigned round = 0; round < scaled(200); round++) {
			char byte;

			if (lkl_sys_read(kernel, pipe.reader, &byte, 1) != 1)
				ADD_FAILURE() << "read failed";
			lkl_detach(kernel);
		}
	});
	stop = true;
	writer.join();
}

INSTANTIATE_TEST_SUITE_P(Cpus, StressRaces, testing::ValuesIn(cpu_counts()), testing::PrintToStringParamName());

} // namespace
