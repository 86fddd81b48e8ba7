// SPDX-License-Identifier: GPL-2.0
// Several kernels side by side in one process.

#include "support_files.hh"

#include <memory>

using namespace lkl::test;

namespace {

/// Mixed work whose results only hold if nobody else touches the instance.
void work(lkl_kernel *kernel, const std::string &mark, unsigned rounds)
{
	const Pipe pipe(kernel);

	for (unsigned round = 0; round < rounds; round++) {
		const std::string name = "/" + mark + std::to_string(round % 7);
		const std::string content = mark + std::to_string(round);
		char back[64] = {};

		put_file(kernel, name, content);
		must(lkl_sys_write(kernel, pipe.writer, content.data(), content.size()), "write");
		must(lkl_sys_read(kernel, pipe.reader, back, sizeof(back)), "read");
		if (get_file(kernel, name) != content || back != content)
			throw std::runtime_error("content of " + name + " is not ours");
	}
}

class LifeInstances : public testing::TestWithParam<unsigned> {};

TEST_P(LifeInstances, WorkInParallelUndisturbed)
{
	const unsigned count = GetParam();
	std::vector<std::unique_ptr<Instance>> kernels;

	for (unsigned i = 0; i < count; i++)
		kernels.push_back(std::make_unique<Instance>());
	in_threads(2 * count, [&](unsigned i) {
		work(*kernels[i / 2], std::to_string(i) + ".", scaled(200));
	});
	for (unsigned i = 0; i < count; i++)
		EXPECT_FALSE(exists(*kernels[i], "/" + std::to_string(2 * ((i + 1) % count)) + ".0") &&
			     count > 1);
}

TEST_P(LifeInstances, StartAndHaltInParallel)
{
	in_threads(GetParam(), [&](unsigned i) {
		for (unsigned round = 0; round < 5; round++) {
			Instance kernel;

			work(kernel, std::to_string(i) + ".", 20);
		}
	});
}

TEST_P(LifeInstances, OneThreadMayUseAllOfThem)
{
	std::vector<std::unique_ptr<Instance>> kernels;
	std::vector<int> fds;

	for (unsigned i = 0; i < GetParam(); i++) {
		kernels.push_back(std::make_unique<Instance>());
		fds.push_back(lkl_sys_openat(*kernels[i], LKL_AT_FDCWD, "/file",
					     LKL_O_CREAT | LKL_O_RDWR, 0644));
		EXPECT_EQ(fds[i], 3);
	}
	for (unsigned round = 0; round < 100; round++)
		for (unsigned i = 0; i < kernels.size(); i++) {
			const unsigned value = round * 1000 + i;
			unsigned back = 0;

			EXPECT_EQ(lkl_sys_pwrite64(*kernels[i], fds[i], &value, 4, 4 * round), 4);
			EXPECT_EQ(lkl_sys_pread64(*kernels[i], fds[i], &back, 4, 4 * round), 4);
			EXPECT_EQ(back, value);
		}
}

INSTANTIATE_TEST_SUITE_P(Count, LifeInstances, testing::Values(1u, 2u, 4u, 8u),
			 testing::PrintToStringParamName());

TEST(LifeInstancesMixed, HaltOfOneDoesNotDisturbTheOther)
{
	Instance stays;
	std::atomic<bool> stop = false;
	std::thread worker([&] {
		try {
			while (!stop)
				work(stays, "w", 10);
		} catch (const std::exception &failure) {
			ADD_FAILURE() << failure.what();
		}
	});

	for (unsigned round = 0; round < 20; round++) {
		Instance goes;

		work(goes, "g", 10);
		EXPECT_EQ(lkl_halt(goes), 0);
	}
	stop = true;
	worker.join();
}

TEST(LifeInstancesMixed, BlockedInOneWorkingInTheOther)
{
	Instance blocked, working;
	const Pipe pipe(blocked);
	char byte = 0;
	std::thread reader([&] { EXPECT_EQ(lkl_sys_read(blocked, pipe.reader, &byte, 1), 1); });

	work(working, "w", 200);
	EXPECT_EQ(lkl_sys_write(blocked, pipe.writer, "x", 1), 1);
	reader.join();
	EXPECT_EQ(byte, 'x');
}

TEST(LifeInstancesMixed, OrderOfDestructionDoesNotMatter)
{
	for (const bool first_goes_first : {true, false}) {
		auto first = std::make_unique<Instance>(), second = std::make_unique<Instance>();

		work(*first, "a", 5);
		work(*second, "b", 5);
		(first_goes_first ? first : second).reset();
		work(first_goes_first ? *second : *first, "c", 5);
	}
}

TEST(LifeInstancesMixed, DifferentSizesAndCpuCounts)
{
	Instance small({.memory_bytes = 48 << 20, .cpus = 1}), large({.memory_bytes = 512 << 20, .cpus = 4});

	EXPECT_EQ(get_file(small, "/sys/devices/system/cpu/online"), "0\n");
	if (!std::getenv("LKL_TEST_KERNEL")) {
		EXPECT_EQ(get_file(large, "/sys/devices/system/cpu/online"), "0-3\n");
	}
	in_threads(4, [&](unsigned i) {
		work(i & 1 ? large : small, std::to_string(i) + ".", scaled(100));
	});
}

TEST(LifeInstancesMixed, PanicOfOneDoesNotDisturbTheOther)
{
	Instance dies({.may_alarm = true}), lives;

	if (!exists(dies, "/proc/sysrq-trigger"))
		GTEST_SKIP() << "this kernel has no /proc/sysrq-trigger";
	const Fd trigger(dies, "/proc/sysrq-trigger", LKL_O_WRONLY);

	EXPECT_EQ(lkl_sys_write(dies, trigger, "c", 1), -LKL_EIO);
	EXPECT_EQ(lkl_health(dies), -LKL_EIO);
	EXPECT_EQ(lkl_health(lives), 0);
	work(lives, "w", 50);
}

} // namespace
