// SPDX-License-Identifier: GPL-2.0
// Calls that must fail, each with its own errno, and the process that goes on.

#include "support_files.hh"

using namespace lkl::test;

namespace {

int open_of(lkl_kernel *kernel, const std::string &path, int flags = LKL_O_RDONLY)
{
	const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), flags, 0644);

	if (fd >= 0)
		lkl_sys_close(kernel, fd);
	return fd < 0 ? fd : 0;
}

TEST(BootErrors, FailingOpens)
{
	Instance kernel;
	const std::string t = workspace(kernel);

	put_file(kernel, t + "/file", "x");
	must(lkl_sys_symlinkat(kernel, "loop", LKL_AT_FDCWD, (t + "/loop").c_str()), "symlink");
	EXPECT_EQ(open_of(kernel, t + "/file"), 0);
	EXPECT_EQ(open_of(kernel, t + "/absent"), -LKL_ENOENT);
	EXPECT_EQ(open_of(kernel, t + "/absent/file", LKL_O_CREAT | LKL_O_RDWR), -LKL_ENOENT);
	EXPECT_EQ(open_of(kernel, ""), -LKL_ENOENT);
	EXPECT_EQ(open_of(kernel, t + "/file/below"), -LKL_ENOTDIR);
	EXPECT_EQ(open_of(kernel, t + "/file", LKL_O_RDONLY | LKL_O_DIRECTORY), -LKL_ENOTDIR);
	EXPECT_EQ(open_of(kernel, t, LKL_O_WRONLY), -LKL_EISDIR);
	EXPECT_EQ(open_of(kernel, t + "/file", LKL_O_CREAT | LKL_O_EXCL | LKL_O_RDWR), -LKL_EEXIST);
	EXPECT_EQ(open_of(kernel, t + "/" + std::string(256, 'n')), -LKL_ENAMETOOLONG);
	EXPECT_EQ(open_of(kernel, std::string(4096, '/')), -LKL_ENAMETOOLONG);
	EXPECT_EQ(open_of(kernel, std::string(4095, '/')), 0);
	EXPECT_EQ(open_of(kernel, t + "/loop"), -LKL_ELOOP);
	EXPECT_EQ(open_of(kernel, t + "/loop", LKL_O_RDONLY | LKL_O_NOFOLLOW), -LKL_ELOOP);
	EXPECT_EQ(lkl_sys_openat(kernel, 999, "file", LKL_O_RDONLY, 0), -LKL_EBADF);
}

TEST(BootErrors, BadDescriptors)
{
	Instance kernel;
	char byte = 0;
	lkl_stat stat;

	for (const int fd : {-1, 999, 1 << 30}) {
		EXPECT_EQ(lkl_sys_read(kernel, fd, &byte, 1), -LKL_EBADF);
		EXPECT_EQ(lkl_sys_write(kernel, fd, &byte, 1), -LKL_EBADF);
		EXPECT_EQ(lkl_sys_fstat(kernel, fd, &stat), -LKL_EBADF);
		EXPECT_EQ(lkl_sys_close(kernel, fd), -LKL_EBADF);
		EXPECT_EQ(lkl_sys_fsync(kernel, fd), -LKL_EBADF);
	}
	Fd file(kernel, "/proc/version", LKL_O_RDONLY);
	const int number = file;

	EXPECT_EQ(lkl_sys_write(kernel, file, &byte, 1), -LKL_EBADF);
	EXPECT_EQ(file.close(), 0);
	EXPECT_EQ(lkl_sys_close(kernel, number), -LKL_EBADF);
}

TEST(BootErrors, DirectoriesThatMayNotGo)
{
	Instance kernel;
	const std::string t = workspace(kernel), a = t + "/a";

	make_directory(kernel, a);
	put_file(kernel, a + "/file", "");
	EXPECT_EQ(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, a.c_str(), 0), -LKL_EISDIR);
	EXPECT_EQ(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, a.c_str(), LKL_AT_REMOVEDIR), -LKL_ENOTEMPTY);
	EXPECT_EQ(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, (a + "/file").c_str(), LKL_AT_REMOVEDIR),
		  -LKL_ENOTDIR);
	EXPECT_EQ(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, t.c_str(), LKL_AT_REMOVEDIR), -LKL_EBUSY);
	EXPECT_EQ(lkl_sys_renameat2(kernel, LKL_AT_FDCWD, a.c_str(), LKL_AT_FDCWD,
				    (a + "/below").c_str(), 0), -LKL_EINVAL);
	EXPECT_EQ(lkl_sys_linkat(kernel, LKL_AT_FDCWD, a.c_str(), LKL_AT_FDCWD, (t + "/b").c_str(), 0),
		  -LKL_EPERM);
	EXPECT_EQ(lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, a.c_str(), 0755), -LKL_EEXIST);
}

TEST(BootErrors, MountsThatCannotBe)
{
	Instance kernel;

	make_directory(kernel, "/m");
	EXPECT_EQ(lkl_sys_mount(kernel, "none", "/m", "no_such_type", 0, nullptr), -LKL_ENODEV);
	EXPECT_EQ(lkl_sys_mount(kernel, "/dev/absent", "/m", "ext4", 0, nullptr), -LKL_ENOENT);
	EXPECT_EQ(lkl_sys_mount(kernel, "none", "/absent", "tmpfs", 0, nullptr), -LKL_ENOENT);
	EXPECT_EQ(lkl_sys_mount(kernel, "none", "/m", "tmpfs", 0, "nonsense=1"), -LKL_EINVAL);
	EXPECT_EQ(lkl_sys_umount2(kernel, "/m", 0), -LKL_EINVAL);
}

TEST(BootErrors, ReadOnlyMountRefusesWrites)
{
	Instance kernel;

	make_directory(kernel, "/m");
	must(lkl_sys_mount(kernel, "none", "/m", "tmpfs", 0, nullptr), "mount");
	put_file(kernel, "/m/file", "x");
	must(lkl_sys_mount(kernel, "none", "/m", nullptr, LKL_MS_REMOUNT | LKL_MS_RDONLY, nullptr),
	     "remount");
	EXPECT_EQ(open_of(kernel, "/m/file", LKL_O_WRONLY), -LKL_EROFS);
	EXPECT_EQ(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, "/m/file", 0), -LKL_EROFS);
	EXPECT_EQ(get_file(kernel, "/m/file"), "x");
}

TEST(BootErrors, WhatIsNotOfferedSaysNotImplemented)
{
	Instance kernel;
	const Fd file(kernel, "/t", LKL_O_CREAT | LKL_O_RDWR);
	static char path[] = "/bin/true";
	static char *const argv[] = {path, nullptr};
	std::uint64_t action[4] = {};
	// Numbers of the generic table; the ABI header leaves them out on purpose.
	constexpr int rt_sigaction = 134, clone = 220, execve = 221, execveat = 281, clone3 = 435;

	write_all(kernel, file, std::string(4096, 'x'));
	EXPECT_EQ(lkl_call(kernel, clone, 17, 0, 0, 0, 0, 0), -LKL_ENOSYS);
	EXPECT_EQ(lkl_call(kernel, clone3, lkl_pointer(action), 64, 0, 0, 0, 0), -LKL_ENOSYS);
	EXPECT_EQ(lkl_call(kernel, execve, lkl_pointer(path), lkl_pointer(argv), 0, 0, 0, 0),
		  -LKL_ENOSYS);
	EXPECT_EQ(lkl_call(kernel, execveat, -100, lkl_pointer(path), lkl_pointer(argv), 0, 0, 0),
		  -LKL_ENOSYS);
	EXPECT_EQ(lkl_call(kernel, rt_sigaction, 10, lkl_pointer(action), 0, 8, 0, 0), -LKL_ENOSYS);
	EXPECT_EQ(lkl_call(kernel, LKL_SYS_mmap, 0, 4096, 1, 2, file, 0), -LKL_ENOSYS);
	EXPECT_GT(lkl_sys_getpid(kernel), 0);
}

TEST(BootErrors, UnknownNumbersSayNotImplemented)
{
	Instance kernel;

	for (const std::int64_t nr : {std::int64_t(-1), std::int64_t(244), std::int64_t(600),
				      std::int64_t(100000), INT64_MAX, INT64_MIN})
		EXPECT_EQ(lkl_call(kernel, nr, 0, 0, 0, 0, 0, 0), -LKL_ENOSYS) << nr;
	EXPECT_GT(lkl_sys_getpid(kernel), 0);
}

TEST(BootErrors, EndingCallsDoNotTakeTheProcessAlong)
{
	Instance kernel;
	constexpr int exit = 93, exit_group = 94;

	for (const int nr : {exit, exit_group}) {
		in_threads(1, [&](unsigned) {
			EXPECT_LT(lkl_call(kernel, nr, 1, 0, 0, 0, 0, 0), 0);
		});
		EXPECT_GT(lkl_sys_getpid(kernel), 0);
	}
	EXPECT_EQ(lkl_health(kernel), 0);
}

TEST(BootErrors, SignalsToTasksHurtNobodyElse)
{
	Instance kernel;

	for (const int signal : {1, 2, 9, 11, 13, 15}) {
		in_threads(1, [&](unsigned) {
			const int tid = lkl_sys_gettid(kernel);

			lkl_sys_tgkill(kernel, lkl_sys_getpid(kernel), tid, signal);
			// Killed or not: every call comes back.
			lkl_sys_gettid(kernel);
			lkl_sys_gettid(kernel);
		});
		in_threads(1, [&](unsigned) { EXPECT_GT(lkl_sys_gettid(kernel), 0) << signal; });
		EXPECT_GT(lkl_sys_getpid(kernel), 0) << signal;
	}
	EXPECT_EQ(lkl_health(kernel), 0);
}

TEST(BootErrors, TextsOfErrnos)
{
	EXPECT_STREQ(lkl_strerror(LKL_ENOSPC), "No space left on device");
	EXPECT_STREQ(lkl_strerror(-LKL_ENOSPC), "No space left on device");
	EXPECT_STREQ(lkl_strerror(LKL_EUCLEAN), "Structure needs cleaning");
	EXPECT_STRNE(lkl_strerror(99999), "");
	EXPECT_NE(lkl_strerror(0), nullptr);
	EXPECT_NE(lkl_strerror(INT32_MIN), nullptr);
}

} // namespace
