// SPDX-License-Identifier: GPL-2.0
// A kernel that panics: every caller gets an error with the kernel's own words,
// and the process goes on.

#include "support_files.hh"

using namespace lkl::test;

namespace {

const Setup doomed = {.may_alarm = true};

/// Make the kernel panic; what the call that did it returned.
std::int64_t panic(lkl_kernel *kernel)
{
	const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, "/proc/sysrq-trigger", LKL_O_WRONLY, 0);

	return fd < 0 ? fd : lkl_sys_write(kernel, fd, "c", 1);
}

class LifePanic : public testing::Test {
protected:
	void SetUp() override
	{
		const Instance kernel;

		if (!exists(kernel, "/proc/sysrq-trigger"))
			GTEST_SKIP() << "this kernel has no /proc/sysrq-trigger";
	}
};

TEST_F(LifePanic, IsReportedToItsCallerWithTheReason)
{
	Instance kernel(doomed);

	EXPECT_EQ(lkl_health(kernel), 0);
	EXPECT_EQ(panic(kernel), -LKL_EIO);
	EXPECT_EQ(lkl_health(kernel), -LKL_EIO);
	EXPECT_NE(std::string(lkl_last_error(kernel)).find("sysrq triggered crash"), std::string::npos)
		<< lkl_last_error(kernel);
	EXPECT_TRUE(kernel.log().contains("Kernel panic - not syncing: sysrq triggered crash"));
	EXPECT_NE(kernel.log().alarm(), "");
	EXPECT_EQ(lkl_sys_getpid(kernel), -LKL_EIO);
	in_threads(2, [&](unsigned) {
		EXPECT_EQ(lkl_sys_getpid(kernel), -LKL_EIO);
		EXPECT_LT(lkl_attach(kernel), 0);
		lkl_detach(kernel);
	});
	char tail[4096];

	EXPECT_GT(lkl_log_tail(kernel, 0, tail, sizeof(tail)), 0u);
	EXPECT_NE(std::strstr(tail, "panic"), nullptr) << tail;
}

TEST_F(LifePanic, ReachesEightBlockedCallers)
{
	constexpr unsigned count = 8;
	Instance kernel(doomed);
	const Pipe pipe(kernel);
	const Fd epoll(kernel, lkl_sys_epoll_create1(kernel, 0));
	std::vector<std::int64_t> results(count), later(count);
	std::vector<int> health(count);
	std::vector<std::thread> threads;
	std::atomic<unsigned> inside = 0;
	static lkl_u32 word;

	for (unsigned i = 0; i < count; i++)
		threads.emplace_back([&, i] {
			const lkl_timespec wait = {1000, 0};
			lkl_epoll_event event;
			char byte;

			lkl_attach(kernel);
			inside++;
			switch (i % 5) {
			case 0:
				results[i] = lkl_sys_read(kernel, pipe.reader, &byte, 1);
				break;
			case 1:
				results[i] = lkl_sys_nanosleep(kernel, &wait, nullptr);
				break;
			case 2:
				results[i] = lkl_sys_epoll_wait(kernel, epoll, &event, 1, -1);
				break;
			case 3:
				results[i] = lkl_sys_futex(kernel, &word, LKL_FUTEX_WAIT | LKL_FUTEX_PRIVATE_FLAG,
							   0, nullptr, nullptr, 0);
				break;
			default:
				do
					results[i] = lkl_sys_getpid(kernel);
				while (results[i] > 0);
			}
			health[i] = lkl_health(kernel);
			later[i] = lkl_sys_getpid(kernel);
		});
	eventually([&] { return inside == count; });
	std::this_thread::sleep_for(50ms);
	EXPECT_EQ(panic(kernel), -LKL_EIO);
	for (std::thread &thread : threads)
		thread.join();
	for (unsigned i = 0; i < count; i++) {
		EXPECT_EQ(results[i], -LKL_EIO) << "way " << i % 5;
		EXPECT_EQ(health[i], -LKL_EIO);
		EXPECT_EQ(later[i], -LKL_EIO);
	}
	EXPECT_LT(lkl_halt(kernel), 0);
}

TEST_F(LifePanic, LeavesTheProcessFitForANewInstance)
{
	for (unsigned round = 0; round < 3; round++) {
		{
			Instance kernel(doomed);

			put_file(kernel, "/file", "x");
			EXPECT_EQ(panic(kernel), -LKL_EIO);
		}
		const Instance next;

		EXPECT_FALSE(exists(next, "/file"));
		put_file(next, "/file", "y");
		EXPECT_EQ(get_file(next, "/file"), "y");
	}
}

TEST_F(LifePanic, LeavesNothingBehindButThreadRecords)
{
	auto die_once = [] {
		Instance kernel(doomed);

		in_threads(4, [&](unsigned i) {
			if (i == 0)
				panic(kernel);
			else
				while (lkl_sys_getpid(kernel) > 0)
					;
		});
	};
	for (unsigned round = 0; round < 3; round++)
		die_once();
	const Usage before = Usage::now();

	for (unsigned round = 0; round < 10; round++)
		die_once();
	const Usage after = Usage::now();

	EXPECT_LE(after.threads, before.threads);
	EXPECT_LE(after.descriptors, before.descriptors);
	EXPECT_LE(after.mappings, before.mappings + 4);
	EXPECT_LE(after.resident_kib, before.resident_kib + 4096);
}

TEST_F(LifePanic, WithACpuOfAnotherThreadBusy)
{
	Instance kernel({.cpus = std::max(2u, cpus()), .may_alarm = true});
	const std::string data(1 << 20, 'x');
	std::thread worker([&] {
		std::int64_t result = lkl_sys_openat(kernel, LKL_AT_FDCWD, "/file", LKL_O_CREAT | LKL_O_RDWR,
						     0644);
		const int fd = static_cast<int>(result);

		while (result >= 0)
			result = lkl_sys_pwrite64(kernel, fd, data.data(), data.size(), 0);
		EXPECT_EQ(result, -LKL_EIO);
	});

	std::this_thread::sleep_for(20ms);
	EXPECT_EQ(panic(kernel), -LKL_EIO);
	worker.join();
}

TEST_F(LifePanic, DisksOfADeadKernelCanBeReleased)
{
	static const lkl_disk_ops ops = {
		sizeof(ops), 0,
		[](void *, void *buf, std::size_t bytes, std::uint64_t) {
			std::memset(buf, 0, bytes);
			return 0;
		},
		nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
	Instance kernel(doomed);
	lkl_disk disk = {};

	disk.size = sizeof(disk);
	disk.fd = -1;
	disk.flags = LKL_DISK_READ_ONLY;
	disk.ops = &ops;
	disk.bytes = 1 << 20;
	const int number = lkl_disk_add(kernel, &disk);

	ASSERT_TRUE(ok(number)) << lkl_last_error(kernel);
	EXPECT_EQ(panic(kernel), -LKL_EIO);
	EXPECT_LT(lkl_disk_add(kernel, &disk), 0);
	lkl_disk_remove(kernel, number);
	lkl_mount mount = {};

	mount.size = sizeof(mount);
	mount.disk = number;
	EXPECT_LT(lkl_mount_disk(kernel, &mount, nullptr, 0), 0);
	EXPECT_LT(lkl_umount(kernel, "/proc"), 0);
}

TEST(LifePanicAtStart, IsAnErrorWithTheKernelsReason)
{
	std::string reason;

	try {
		// Without an init to run, the kernel looks for a root file system.
		const Instance kernel({.command_line = "rdinit=/nowhere"});
	} catch (const std::runtime_error &error) {
		reason = error.what();
	}
	EXPECT_NE(reason.find("VFS: Unable to mount root fs"), std::string::npos) << reason;
	const Instance next;

	EXPECT_GT(lkl_sys_getpid(next), 0);
}

} // namespace
