// SPDX-License-Identifier: GPL-2.0
// Start, halt and start again in one process: nothing may stay behind.

#include "support_files.hh"

#include <memory>

using namespace lkl::test;

namespace {

/// One life of an instance that did a little of everything.
void live_once(unsigned round)
{
	Instance kernel;
	const std::string t = workspace(kernel);

	put_file(kernel, t + "/file", std::string(100000, 'x'));
	in_threads(2, [&](unsigned i) {
		put_file(kernel, t + "/" + std::to_string(i), "y");
		if (round & 1)
			lkl_detach(kernel);
	});
	EXPECT_EQ(names_in(kernel, t).size(), 3u);
	if (round % 3 == 0) {
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	}
}

/// What @now holds beyond @before, in words; empty when nothing grew.
std::string growth(const Usage &before, const Usage &now)
{
	std::string told;

	if (now.threads > before.threads)
		told += std::to_string(now.threads - before.threads) + " threads ";
	if (now.descriptors > before.descriptors)
		told += std::to_string(now.descriptors - before.descriptors) + " descriptors ";
	// The allocator may keep an arena or two more than it had.
	if (now.mappings > before.mappings + 4)
		told += std::to_string(now.mappings - before.mappings) + " mappings ";
	if (now.resident_kib > before.resident_kib + 4096)
		told += std::to_string(now.resident_kib - before.resident_kib) + " KiB ";
	return told;
}

TEST(LifeCycle, TwoHundredLivesLeaveNothingBehind)
{
	Watchdog::extend(600);
	for (unsigned round = 0; round < 10; round++)
		live_once(round);
	const Usage before = Usage::now();

	for (unsigned round = 10; round < 200; round++)
		live_once(round);
	EXPECT_EQ(growth(before, Usage::now()), "");
}

TEST(LifeCycle, InstancesNeverStartedLeaveNothingBehind)
{
	{
		const Instance warm_up({.start = false});
	}
	const Usage before = Usage::now();

	for (unsigned round = 0; round < 50; round++)
		const Instance kernel({.start = false});
	EXPECT_EQ(growth(before, Usage::now()), "");
}

TEST(LifeCycle, HaltedInstanceHasGivenBackItsThreads)
{
	live_once(0);
	const Usage before = Usage::now();
	Instance kernel;

	in_threads(4, [&](unsigned) { lkl_sys_getpid(kernel); });
	EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	EXPECT_EQ(Usage::now().threads, before.threads);
}

TEST(LifeCycle, EachStepMayComeFromAnotherThread)
{
	lkl_options options = {};
	lkl_kernel *kernel = nullptr;

	options.size = sizeof(options);
	options.cpus = cpus();
	options.kernel_path = std::getenv("LKL_TEST_KERNEL");
	for (unsigned round = 0; round < 5; round++) {
		std::thread([&] { EXPECT_TRUE(ok(lkl_create(&options, &kernel))); }).join();
		std::thread([&] { EXPECT_TRUE(ok(lkl_start(kernel))) << lkl_last_error(kernel); }).join();
		std::thread([&] { EXPECT_GT(lkl_sys_getpid(kernel), 0); }).join();
		EXPECT_GT(lkl_sys_gettid(kernel), 0);
		std::thread([&] { EXPECT_TRUE(ok(lkl_halt(kernel))) << lkl_last_error(kernel); }).join();
		EXPECT_LT(lkl_sys_gettid(kernel), 0);
		std::thread([&] { lkl_destroy(kernel); }).join();
	}
}

TEST(LifeCycle, OneThreadServesInstanceAfterInstance)
{
	std::unique_ptr<Instance> current;
	std::barrier step(2);
	std::thread caller([&] {
		for (unsigned round = 0; round < 20; round++) {
			step.arrive_and_wait();
			EXPECT_GT(lkl_sys_gettid(*current), 0);
			EXPECT_GT(lkl_sys_gettid(*current), 0);
			step.arrive_and_wait();
		}
	});

	for (unsigned round = 0; round < 20; round++) {
		// Alternate between halting before and while the thread is attached.
		current = std::make_unique<Instance>();
		step.arrive_and_wait();
		step.arrive_and_wait();
		if (round & 1)
			lkl_halt(*current);
		current.reset();
	}
	caller.join();
}

TEST(LifeCycle, OpenFilesAndMountsDoNotHinderTheHalt)
{
	Instance kernel;
	const std::string t = workspace(kernel);

	for (unsigned i = 0; i < 100; i++)
		must(lkl_sys_openat(kernel, LKL_AT_FDCWD, (t + "/" + std::to_string(i)).c_str(),
				    LKL_O_CREAT | LKL_O_RDWR, 0644), "open");
	make_directory(kernel, t + "/inner");
	must(lkl_sys_mount(kernel, "none", (t + "/inner").c_str(), "tmpfs", 0, nullptr), "mount");
	must(lkl_sys_chdir(kernel, (t + "/inner").c_str()), "chdir");
	put_file(kernel, "file", "x");
	EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
}

TEST(LifeCycle, WrongOrderIsAnErrorAndHarmsNothing)
{
	Instance kernel({.start = false});
	char path[64];

	EXPECT_LT(lkl_sys_getpid(kernel), 0);
	EXPECT_LT(lkl_attach(kernel), 0);
	lkl_detach(kernel);
	EXPECT_LT(lkl_disk_partitions(kernel, 0), 0);
	EXPECT_LT(lkl_disk_device(kernel, 0, 0, path, sizeof(path)), 0);
	EXPECT_LT(lkl_umount(kernel, "/"), 0);
	ASSERT_TRUE(ok(lkl_start(kernel)));
	EXPECT_LT(lkl_start(kernel), 0);
	EXPECT_GT(lkl_sys_getpid(kernel), 0);
	EXPECT_EQ(lkl_halt(kernel), 0);
	lkl_halt(kernel);
	EXPECT_LT(lkl_start(kernel), 0);
	EXPECT_EQ(lkl_sys_getpid(kernel), -LKL_ESHUTDOWN);
	EXPECT_LT(lkl_attach(kernel), 0);
	EXPECT_LT(lkl_umount(kernel, "/"), 0);
	lkl_destroy(nullptr);
}

TEST(LifeCycle, HaltOfAnInstanceNeverStartedReturns)
{
	Instance kernel({.start = false});

	lkl_halt(kernel);
	EXPECT_LT(lkl_sys_getpid(kernel), 0);
}

} // namespace
