// SPDX-License-Identifier: GPL-2.0
// Running out of memory is an error of the call that needed it, never a hang.

#include "support_files.hh"

using namespace lkl::test;

namespace {

/// A clean refusal, or the kernel's death of it, said plainly.
bool is_memory_error(lkl_kernel *kernel, std::int64_t result)
{
	return result == -LKL_ENOMEM || result == -LKL_ENOSPC || result == -LKL_ENFILE ||
	       result == -LKL_EMFILE || result == -LKL_ENOBUFS ||
	       (result == -LKL_EIO && lkl_health(kernel) == -LKL_EIO);
}

long meminfo_kib(lkl_kernel *kernel, const std::string &field)
{
	const std::string info = get_file(kernel, "/proc/meminfo");
	const std::size_t at = info.find(field + ":");

	return at == std::string::npos ? -1 : std::stol(info.substr(at + field.size() + 1));
}

TEST(LifeMemory, SizeIsWhatWasAskedFor)
{
	for (const std::uint64_t size : {32ull << 20, 48ull << 20, 128ull << 20, 1ull << 30}) {
		Instance kernel({.memory_bytes = size});
		const long total = meminfo_kib(kernel, "MemTotal");

		EXPECT_LE(total, long(size >> 10));
		// The image itself, page structures and tables are not in MemTotal.
		EXPECT_GE(total, long(size >> 10) * 15 / 16 - 24 * 1024);
	}
}

TEST(LifeMemory, UntouchedMemoryCostsNothing)
{
	{
		const Instance warm_up;
	}
	const long before = Usage::now().resident_kib;
	Instance kernel({.memory_bytes = 4ull << 30});

	EXPECT_GT(meminfo_kib(kernel, "MemTotal"), 3l << 20);
	// The page structures of 4 GiB, 64 MiB, are touched; the memory is not.
	EXPECT_LT(Usage::now().resident_kib - before, 128 * 1024);
}

TEST(LifeMemory, OddSizesWorkOrAreRefused)
{
	for (const std::uint64_t size : {1ull, 4096ull, 31ull << 20, (64ull << 20) + 1, (77ull << 20) + 12345,
					 1ull << 62, ~0ull}) {
		lkl_options options = {};
		lkl_kernel *kernel = nullptr;

		options.size = sizeof(options);
		options.memory_bytes = size;
		options.kernel_path = std::getenv("LKL_TEST_KERNEL");
		if (lkl_create(&options, &kernel) == 0) {
			if (lkl_start(kernel) == 0) {
				EXPECT_GT(lkl_sys_getpid(kernel), 0) << size;
			} else {
				EXPECT_STRNE(lkl_last_error(kernel), "") << size;
			}
			lkl_destroy(kernel);
		} else {
			EXPECT_STRNE(lkl_last_error(nullptr), "") << size;
		}
	}
}

TEST(LifeMemory, FullTmpfsEndsInAnErrorAndRecovers)
{
	Instance kernel({.memory_bytes = 48 << 20, .may_alarm = true});
	const std::string chunk(1 << 20, 'x');
	std::int64_t result = 0;

	make_directory(kernel, "/t");
	must(lkl_sys_mount(kernel, "none", "/t", "tmpfs", 0, "size=1g"), "mount");
	{
		const Fd file(kernel, "/t/file", LKL_O_CREAT | LKL_O_WRONLY);

		for (unsigned i = 0; i < 100 && result >= 0; i++)
			result = lkl_sys_write(kernel, file, chunk.data(), chunk.size());
	}
	EXPECT_TRUE(is_memory_error(kernel, result)) << result;
	if (lkl_health(kernel) < 0) {
		EXPECT_NE(std::strstr(lkl_last_error(kernel), "emory"), nullptr) << lkl_last_error(kernel);
		return;
	}
	must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, "/t/file", 0), "unlink");
	put_file(kernel, "/t/again", chunk);
	EXPECT_EQ(get_file(kernel, "/t/again"), chunk);
}

TEST(LifeMemory, FullPipesEndInAnError)
{
	Instance kernel({.memory_bytes = 48 << 20, .may_alarm = true});
	const std::string chunk(65536, 'x');
	std::int64_t result = 0;

	for (unsigned i = 0; i < 5000 && result >= 0; i++) {
		int ends[2];

		result = lkl_sys_pipe2(kernel, ends, LKL_O_NONBLOCK);
		if (result >= 0)
			result = lkl_sys_write(kernel, ends[1], chunk.data(), chunk.size());
	}
	EXPECT_TRUE(is_memory_error(kernel, result)) << result;
}

TEST(LifeMemory, ManyNamesEndInAnError)
{
	Instance kernel({.memory_bytes = 32 << 20, .may_alarm = true});
	std::int64_t result = 0;

	make_directory(kernel, "/t");
	must(lkl_sys_mount(kernel, "none", "/t", "tmpfs", 0, "nr_inodes=0"), "mount");
	Watchdog::extend(120);
	for (unsigned i = 0; i < 1000000 && result >= 0; i++) {
		const std::string path = "/t/" + std::to_string(i) + std::string(200, 'n');

		result = lkl_sys_symlinkat(kernel, path.c_str(), LKL_AT_FDCWD, path.c_str());
	}
	EXPECT_TRUE(is_memory_error(kernel, result)) << result;
}

TEST(LifeMemory, DescriptorLimitIsAnError)
{
	Instance kernel;
	std::int64_t result = 0;
	unsigned count = 0;

	while (result >= 0 && count < 2000000) {
		result = lkl_sys_openat(kernel, LKL_AT_FDCWD, "/dev/null", LKL_O_RDONLY, 0);
		count++;
	}
	EXPECT_EQ(result, -LKL_EMFILE);
	EXPECT_GE(count, 1000u);
	EXPECT_TRUE(ok(lkl_sys_close_range(kernel, 3, ~0u, 0)));
	EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, "/dev/null", LKL_O_RDONLY, 0), 3);
}

TEST(LifeMemory, ManyThreadsRunningOutTogetherAllReturn)
{
	Instance kernel({.memory_bytes = 48 << 20, .may_alarm = true});

	make_directory(kernel, "/t");
	must(lkl_sys_mount(kernel, "none", "/t", "tmpfs", 0, "size=1g"), "mount");
	in_threads(8, [&](unsigned i) {
		const std::string path = "/t/" + std::to_string(i), chunk(1 << 18, 'x');
		const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), LKL_O_CREAT | LKL_O_RDWR,
					      0644);
		std::int64_t result = fd;

		for (unsigned round = 0; round < 200 && result >= 0; round++)
			result = lkl_sys_write(kernel, fd, chunk.data(), chunk.size());
		EXPECT_TRUE(is_memory_error(kernel, result)) << result;
	});
}

TEST(LifeMemory, MoreTasksThanMemoryIsAnError)
{
	Instance kernel({.memory_bytes = 32 << 20, .may_alarm = true});
	constexpr unsigned count = 1500;
	std::vector<std::thread> threads;
	std::atomic<unsigned> attached = 0, refused = 0, wrong = 0;
	std::atomic<bool> leave = false;

	for (unsigned i = 0; i < count; i++)
		threads.emplace_back([&] {
			const int result = lkl_attach(kernel);

			if (result == 0)
				attached++;
			else if (result == -LKL_ENOMEM || result == -LKL_EAGAIN || result == -LKL_EIO)
				refused++;
			else
				wrong++;
			while (!leave)
				std::this_thread::sleep_for(10ms);
		});
	EXPECT_TRUE(eventually([&] { return attached + refused + wrong == count; }, 60s));
	leave = true;
	for (std::thread &thread : threads)
		thread.join();
	EXPECT_EQ(wrong, 0u);
	EXPECT_GT(attached, 10u);
	if (lkl_health(kernel) == 0) {
		EXPECT_GT(lkl_sys_getpid(kernel), 0);
	}
}

} // namespace
