// SPDX-License-Identifier: GPL-2.0
// File locks and futexes between attached threads.

#include "support_files.hh"

using namespace lkl::test;

namespace {

lkl_flock range(short type, lkl_s64 start, lkl_s64 length)
{
	lkl_flock lock = {};

	lock.l_type = type;
	lock.l_start = start;
	lock.l_len = length;
	return lock;
}

int set_lock(lkl_kernel *kernel, int fd, int command, lkl_flock lock)
{
	return lkl_sys_fcntl(kernel, fd, command, lkl_pointer(&lock));
}

TEST(BootLocks, FlockExcludesOtherOpenFiles)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	const Fd mine(kernel, path, LKL_O_CREAT | LKL_O_RDWR), other(kernel, path, LKL_O_RDWR);
	std::atomic<bool> granted = false;

	EXPECT_EQ(lkl_sys_flock(kernel, mine, LKL_LOCK_EX), 0);
	EXPECT_EQ(lkl_sys_flock(kernel, other, LKL_LOCK_EX | LKL_LOCK_NB), -LKL_EAGAIN);
	std::thread waiter([&] {
		EXPECT_EQ(lkl_sys_flock(kernel, other, LKL_LOCK_SH), 0);
		granted = true;
	});

	std::this_thread::sleep_for(50ms);
	EXPECT_FALSE(granted);
	EXPECT_EQ(lkl_sys_flock(kernel, mine, LKL_LOCK_UN), 0);
	waiter.join();
	EXPECT_EQ(lkl_sys_flock(kernel, mine, LKL_LOCK_SH | LKL_LOCK_NB), 0);
	EXPECT_EQ(lkl_sys_flock(kernel, mine, LKL_LOCK_EX | LKL_LOCK_NB), -LKL_EAGAIN);
}

TEST(BootLocks, ClosingReleasesAndWakes)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	Fd mine(kernel, path, LKL_O_CREAT | LKL_O_RDWR);
	const Fd other(kernel, path, LKL_O_RDWR);

	EXPECT_EQ(lkl_sys_flock(kernel, mine, LKL_LOCK_EX), 0);
	std::thread waiter([&] { EXPECT_EQ(lkl_sys_flock(kernel, other, LKL_LOCK_EX), 0); });

	std::this_thread::sleep_for(20ms);
	EXPECT_EQ(mine.close(), 0);
	waiter.join();
}

TEST(BootLocks, OpenFileRangesConflictWhereTheyMeet)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	const Fd mine(kernel, path, LKL_O_CREAT | LKL_O_RDWR), other(kernel, path, LKL_O_RDWR);
	lkl_flock query = range(LKL_F_WRLCK, 50, 10);

	EXPECT_EQ(set_lock(kernel, mine, LKL_F_OFD_SETLK, range(LKL_F_WRLCK, 0, 100)), 0);
	EXPECT_EQ(set_lock(kernel, other, LKL_F_OFD_SETLK, range(LKL_F_WRLCK, 100, 100)), 0);
	EXPECT_EQ(set_lock(kernel, other, LKL_F_OFD_SETLK, range(LKL_F_RDLCK, 99, 1)), -LKL_EAGAIN);
	EXPECT_EQ(lkl_sys_fcntl(kernel, other, LKL_F_OFD_GETLK, lkl_pointer(&query)), 0);
	EXPECT_EQ(query.l_type, LKL_F_WRLCK);
	EXPECT_EQ(query.l_start, 0);
	EXPECT_EQ(query.l_len, 100);
	std::thread waiter([&] {
		EXPECT_EQ(set_lock(kernel, other, LKL_F_OFD_SETLKW, range(LKL_F_WRLCK, 0, 50)), 0);
	});

	std::this_thread::sleep_for(20ms);
	EXPECT_EQ(set_lock(kernel, mine, LKL_F_OFD_SETLK, range(LKL_F_UNLCK, 0, 50)), 0);
	waiter.join();
}

TEST(BootLocks, ProcessLocksBelongToTheProcess)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	const Fd mine(kernel, path, LKL_O_CREAT | LKL_O_RDWR);

	EXPECT_EQ(set_lock(kernel, mine, LKL_F_SETLK, range(LKL_F_WRLCK, 0, 0)), 0);
	in_threads(1, [&](unsigned) {
		const Fd other(kernel, path, LKL_O_RDWR);

		EXPECT_EQ(set_lock(kernel, other, LKL_F_SETLK, range(LKL_F_WRLCK, 0, 0)), 0);
	});
}

TEST(BootLocks, LockedCounterLosesNoIncrement)
{
	constexpr unsigned threads = 8;
	Instance kernel;
	const std::string path = workspace(kernel) + "/counter";
	const unsigned rounds = scaled(100);

	put_file(kernel, path, std::string(8, '\0'));
	in_threads(threads, [&](unsigned) {
		const Fd file(kernel, path, LKL_O_RDWR);

		for (unsigned round = 0; round < rounds; round++) {
			std::uint64_t value = 0;

			EXPECT_EQ(lkl_sys_flock(kernel, file, LKL_LOCK_EX), 0);
			EXPECT_EQ(lkl_sys_pread64(kernel, file, &value, 8, 0), 8);
			value++;
			EXPECT_EQ(lkl_sys_pwrite64(kernel, file, &value, 8, 0), 8);
			EXPECT_EQ(lkl_sys_flock(kernel, file, LKL_LOCK_UN), 0);
		}
	});
	std::uint64_t value = 0;

	std::memcpy(&value, get_file(kernel, path).data(), 8);
	EXPECT_EQ(value, std::uint64_t(threads) * rounds);
}

constexpr int wait_op = LKL_FUTEX_WAIT | LKL_FUTEX_PRIVATE_FLAG;
constexpr int wake_op = LKL_FUTEX_WAKE | LKL_FUTEX_PRIVATE_FLAG;

TEST(BootLocks, FutexWakesTheWaitersAskedFor)
{
	Instance kernel;
	lkl_u32 word = 5;
	std::atomic<unsigned> woken = 0;
	std::vector<std::thread> waiters;

	EXPECT_EQ(lkl_sys_futex(kernel, &word, wait_op, 4, nullptr, nullptr, 0), -LKL_EAGAIN);
	EXPECT_EQ(lkl_sys_futex(kernel, &word, wake_op, 1, nullptr, nullptr, 0), 0);
	for (unsigned i = 0; i < 4; i++)
		waiters.emplace_back([&] {
			EXPECT_EQ(lkl_sys_futex(kernel, &word, wait_op, 5, nullptr, nullptr, 0), 0);
			woken++;
		});
	unsigned asked = 0;

	while (asked < 2)
		asked += static_cast<unsigned>(
			must(lkl_sys_futex(kernel, &word, wake_op, 1, nullptr, nullptr, 0), "wake"));
	EXPECT_TRUE(eventually([&] { return woken == 2; }));
	std::this_thread::sleep_for(50ms);
	EXPECT_EQ(woken, 2u);
	while (asked < 4)
		asked += static_cast<unsigned>(
			must(lkl_sys_futex(kernel, &word, wake_op, 100, nullptr, nullptr, 0), "wake"));
	for (std::thread &waiter : waiters)
		waiter.join();
}

TEST(BootLocks, FutexTimesOutNotEarly)
{
	Instance kernel;
	lkl_u32 word = 0;
	const lkl_timespec wait = {0, 30000000};
	const auto start = Clock::now();

	EXPECT_EQ(lkl_sys_futex(kernel, &word, wait_op, 0, &wait, nullptr, 0), -LKL_ETIMEDOUT);
	EXPECT_GE(Clock::now() - start, 30ms);
}

TEST(BootLocks, FutexPingPongLosesNoWake)
{
	Instance kernel;
	alignas(64) lkl_u32 turn = 0;
	const unsigned rounds = scaled(5000);

	in_threads(2, [&](unsigned me) {
		for (unsigned round = 0; round < rounds; round++) {
			while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != me) {
				const int result = lkl_sys_futex(kernel, &turn, wait_op, 1 - me,
								 nullptr, nullptr, 0);

				if (result && result != -LKL_EAGAIN)
					ADD_FAILURE() << lkl_strerror(result);
			}
			__atomic_store_n(&turn, 1 - me, __ATOMIC_RELEASE);
			EXPECT_TRUE(ok(lkl_sys_futex(kernel, &turn, wake_op, 1, nullptr, nullptr, 0)));
		}
	});
}

} // namespace
