// SPDX-License-Identifier: GPL-2.0
// Host threads as tasks: attaching, detaching, ending, and what they share.

#include "support_files.hh"

#include <pthread.h>

using namespace lkl::test;

namespace {

/// Tasks that the kernel counts for this process.
std::size_t tasks(lkl_kernel *kernel)
{
	return names_in(kernel, "/proc/self/task").size();
}

TEST(BootThreads, SixtyFourAttachedAtOnce)
{
	constexpr unsigned count = 64;
	Instance kernel;
	std::vector<int> tids(count), pids(count);
	std::barrier attached(count), counted(count);
	std::size_t seen = 0;

	in_threads(count, [&](unsigned i) {
		EXPECT_TRUE(ok(lkl_attach(kernel)));
		tids[i] = lkl_sys_gettid(kernel);
		pids[i] = lkl_sys_getpid(kernel);
		attached.arrive_and_wait();
		if (i == 0)
			seen = tasks(kernel);
		counted.arrive_and_wait();
		for (unsigned round = 0; round < 200; round++) {
			if (lkl_sys_gettid(kernel) != tids[i])
				ADD_FAILURE() << "thread id of thread " << i << " changed";
		}
	});
	EXPECT_EQ(std::set<int>(tids.begin(), tids.end()).size(), count);
	EXPECT_EQ(std::set<int>(pids.begin(), pids.end()).size(), 1u);
	EXPECT_GT(*std::min_element(tids.begin(), tids.end()), 0);
	EXPECT_GE(seen, count);
}

TEST(BootThreads, AreAsleepWhileTheyAreOutside)
{
	Instance kernel({.cpus = 1});
	std::barrier attached(2), seen(2);
	int tid = 0;

	in_threads(2, [&](unsigned i) {
		EXPECT_TRUE(ok(lkl_attach(kernel)));
		if (i == 1)
			tid = lkl_sys_gettid(kernel);
		attached.arrive_and_wait();
		if (i == 0) {
			const std::string stat = get_file(kernel, "/proc/self/task/" + std::to_string(tid) + "/stat");

			EXPECT_NE(stat.find(") S "), std::string::npos) << stat;
		}
		seen.arrive_and_wait();
	});
}

TEST(BootThreads, AttachIsIdempotent)
{
	Instance kernel;

	in_threads(1, [&](unsigned) {
		EXPECT_TRUE(ok(lkl_attach(kernel)));
		const int tid = lkl_sys_gettid(kernel);

		EXPECT_TRUE(ok(lkl_attach(kernel)));
		EXPECT_EQ(lkl_sys_gettid(kernel), tid);
	});
}

TEST(BootThreads, DetachedThreadComesBackAsAnotherTask)
{
	Instance kernel;

	in_threads(1, [&](unsigned) {
		const int first = lkl_sys_gettid(kernel);
		const std::size_t with_us = tasks(kernel);

		lkl_detach(kernel);
		lkl_detach(kernel);
		EXPECT_NE(lkl_sys_gettid(kernel), first);
		EXPECT_EQ(tasks(kernel), with_us);
	});
}

TEST(BootThreads, EndedThreadsLeaveNoTask)
{
	Instance kernel;
	const std::size_t before = tasks(kernel);

	for (unsigned round = 0; round < 20; round++)
		in_threads(8, [&](unsigned) { EXPECT_GT(lkl_sys_gettid(kernel), 0); });
	EXPECT_TRUE(eventually([&] { return tasks(kernel) == before; }))
		<< tasks(kernel) << " tasks instead of " << before;
}

TEST(BootThreads, DetachOfAThreadThatNeverCameIsHarmless)
{
	Instance kernel;

	in_threads(4, [&](unsigned) { lkl_detach(kernel); });
	EXPECT_GT(lkl_sys_getpid(kernel), 0);
}

TEST(BootThreads, ShareFilesDirectoryAndUmask)
{
	Instance kernel;
	const std::string directory = workspace(kernel);
	int fd = -1;
	unsigned mask = 0;

	in_threads(1, [&](unsigned) {
		fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, (directory + "/shared").c_str(),
				    LKL_O_CREAT | LKL_O_RDWR, 0600);
		EXPECT_EQ(lkl_sys_write(kernel, fd, "hello", 5), 5);
		EXPECT_TRUE(ok(lkl_sys_chdir(kernel, directory.c_str())));
		lkl_sys_umask(kernel, 0027);
	});
	in_threads(1, [&](unsigned) {
		char buffer[16] = {}, cwd[64] = {};

		EXPECT_EQ(lkl_sys_pread64(kernel, fd, buffer, sizeof(buffer), 0), 5);
		EXPECT_STREQ(buffer, "hello");
		EXPECT_TRUE(ok(lkl_sys_getcwd(kernel, cwd, sizeof(cwd))));
		EXPECT_EQ(cwd, directory);
		mask = lkl_sys_umask(kernel, 0);
	});
	EXPECT_EQ(mask, 0027u);
	EXPECT_TRUE(exists(kernel, "shared"));
}

TEST(BootThreads, CredentialsBelongToTheThread)
{
	Instance kernel;
	const std::string directory = workspace(kernel);

	put_file(kernel, directory + "/secret", "x");
	must(lkl_sys_fchmodat(kernel, LKL_AT_FDCWD, (directory + "/secret").c_str(), 0600), "chmod");
	in_threads(1, [&](unsigned) {
		EXPECT_TRUE(ok(lkl_sys_setresuid(kernel, 1000, 1000, 1000)));
		EXPECT_EQ(lkl_sys_getuid(kernel), 1000u);
		EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, (directory + "/secret").c_str(),
					 LKL_O_RDONLY, 0), -LKL_EACCES);
	});
	EXPECT_EQ(lkl_sys_getuid(kernel), 0u);
	EXPECT_EQ(get_file(kernel, directory + "/secret"), "x");
	in_threads(1, [&](unsigned) { EXPECT_EQ(lkl_sys_getuid(kernel), 0u); });
}

TEST(BootThreads, ComeAndGoWhileOthersWork)
{
	Instance kernel;
	std::atomic<bool> stop = false;
	std::atomic<unsigned> calls = 0;

	std::thread worker([&] {
		while (!stop) {
			if (lkl_sys_getppid(kernel) < 0)
				ADD_FAILURE() << "getppid failed";
			calls++;
		}
	});
	for (unsigned round = 0; round < scaled(50); round++)
		in_threads(8, [&](unsigned i) {
			EXPECT_GT(lkl_sys_gettid(kernel), 0);
			if (i & 1)
				lkl_detach(kernel);
		});
	stop = true;
	worker.join();
	EXPECT_GT(calls, 0u);
}

TEST(BootThreads, FirstCallOfEveryNewThreadIsMade)
{
	Instance kernel;
	const std::string directory = workspace(kernel);

	// The first call of a new task must be run, not be taken for finished.
	for (unsigned round = 0; round < scaled(30); round++)
		in_threads(8, [&](unsigned i) {
			const std::string path = directory + "/" + std::to_string(round) + "." +
						 std::to_string(i);

			EXPECT_TRUE(ok(lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, path.c_str(), 0755)));
		});
	EXPECT_EQ(names_in(kernel, directory).size(), scaled(30) * 8);
}

TEST(BootThreads, MoreThreadsThanCpusAllProgress)
{
	constexpr unsigned count = 32;
	Instance kernel;
	std::vector<std::uint64_t> calls(count);
	const auto end = Clock::now() + 500ms;

	in_threads(count, [&](unsigned i) {
		while (Clock::now() < end) {
			if (lkl_sys_getpid(kernel) < 0)
				ADD_FAILURE() << "getpid failed";
			calls[i]++;
		}
	});
	for (unsigned i = 0; i < count; i++)
		EXPECT_GT(calls[i], 0u) << "thread " << i << " starved";
}

TEST(BootThreads, SmallStacksSuffice)
{
	Instance kernel;
	struct Job {
		lkl_kernel *kernel;
		std::int64_t result;
	} job = {kernel, -1};
	pthread_attr_t attributes;
	pthread_t thread;

	make_directory(kernel, "/m");
	::pthread_attr_init(&attributes);
	ASSERT_EQ(::pthread_attr_setstacksize(&attributes, 64 << 10), 0);
	ASSERT_EQ(::pthread_create(&thread, &attributes, [](void *argument) -> void * {
		Job *const job = static_cast<Job *>(argument);

		job->result = lkl_sys_mount(job->kernel, "none", "/m", "tmpfs", 0, nullptr);
		return nullptr;
	}, &job), 0);
	::pthread_join(thread, nullptr);
	::pthread_attr_destroy(&attributes);
	EXPECT_EQ(job.result, 0);
}

TEST(BootThreads, ThousandTasksOneAfterTheOther)
{
	Instance kernel;
	std::set<int> tids;

	for (unsigned i = 0; i < 1000; i++)
		std::thread([&] { tids.insert(lkl_sys_gettid(kernel)); }).join();
	EXPECT_GT(*tids.begin(), 0);
	EXPECT_EQ(lkl_health(kernel), 0);
}

} // namespace
