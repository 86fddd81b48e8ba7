// SPDX-License-Identifier: GPL-2.0
// The system as a whole: uname, /proc, /sys, /dev, sysctls, credentials.

#include "support_files.hh"

using namespace lkl::test;

namespace {

TEST(BootSystem, UnameIsLinux)
{
	Instance kernel;
	lkl_utsname name = {};

	ASSERT_TRUE(ok(lkl_sys_uname(kernel, &name)));
	EXPECT_STREQ(name.sysname, "Linux");
	EXPECT_TRUE(name.release[0] >= '6' && name.release[0] <= '9') << name.release;
	EXPECT_NE(get_file(kernel, "/proc/version").find(name.release), std::string::npos);
	EXPECT_TRUE(ok(lkl_sys_sethostname(kernel, "inside", 6)));
	EXPECT_EQ(get_file(kernel, "/proc/sys/kernel/hostname"), "inside\n");
}

TEST(BootSystem, ProcIsMountedAndTellsAboutUs)
{
	Instance kernel;
	const std::string status = get_file(kernel, "/proc/self/status");

	EXPECT_NE(status.find("Threads:"), std::string::npos);
	EXPECT_NE(get_file(kernel, "/proc/self/mounts").find(" /proc proc "), std::string::npos);
	EXPECT_NE(get_file(kernel, "/proc/meminfo").find("MemTotal:"), std::string::npos);
	EXPECT_NE(get_file(kernel, "/proc/stat").find("cpu0"), std::string::npos);
	EXPECT_GE(std::stod(get_file(kernel, "/proc/uptime")), 0);
	EXPECT_EQ(names_in(kernel, "/proc/self/fd").count("3"), 1u);
}

TEST(BootSystem, EveryEntryOfProcReadsWithoutHarm)
{
	Instance kernel;
	unsigned files = 0;

	for (const std::string &name : names_in(kernel, "/proc")) {
		// These wait for events instead of ending.
		if (name == "kmsg" || name == "kpagecount" || name == "kpageflags" || name == "kcore")
			continue;
		const std::string path = "/proc/" + name;

		if ((stat_of(kernel, path).st_mode & LKL_S_IFMT) != LKL_S_IFREG)
			continue;
		const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(),
					      LKL_O_RDONLY | LKL_O_NONBLOCK, 0);

		if (fd < 0)
			continue;
		std::vector<char> buffer(1 << 18);

		lkl_sys_read(kernel, fd, buffer.data(), buffer.size());
		lkl_sys_close(kernel, fd);
		files++;
	}
	EXPECT_GT(files, 20u);
	EXPECT_EQ(lkl_health(kernel), 0);
}

TEST(BootSystem, EveryFileOfOurTaskReadsWithoutHarm)
{
	Instance kernel;

	for (const std::string &name : names_in(kernel, "/proc/self")) {
		const std::string path = "/proc/self/" + name;
		const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(),
					      LKL_O_RDONLY | LKL_O_NONBLOCK, 0);
		char buffer[4096];

		if (fd < 0)
			continue;
		lkl_sys_read(kernel, fd, buffer, sizeof(buffer));
		lkl_sys_close(kernel, fd);
	}
	EXPECT_EQ(lkl_health(kernel), 0);
}

TEST(BootSystem, KnowsTheFileSystemsItPromises)
{
	Instance kernel;
	const std::string known = get_file(kernel, "/proc/filesystems");
	std::string missing;

	if (std::getenv("LKL_TEST_KERNEL"))
		GTEST_SKIP() << "a lean kernel was asked for";
	for (const char *type : {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat", "exfat", "ntfs3",
				 "squashfs", "erofs", "iso9660", "udf", "hfs", "hfsplus", "minix", "nilfs2",
				 "jfs", "ufs", "romfs", "cramfs", "affs", "befs", "overlay", "tmpfs", "proc",
				 "sysfs", "devtmpfs"})
		if (known.find(std::string("\t") + type + "\n") == std::string::npos)
			missing += std::string(" ") + type;
	EXPECT_EQ(missing, "");
}

TEST(BootSystem, SysfsShowsTheCpus)
{
	const unsigned count = cpus();
	Instance kernel;
	const std::string online = get_file(kernel, "/sys/devices/system/cpu/online");

	EXPECT_EQ(online, count == 1 ? "0\n" : "0-" + std::to_string(count - 1) + "\n");
	EXPECT_TRUE(exists(kernel, "/sys/block"));
	EXPECT_TRUE(exists(kernel, "/sys/kernel"));
	EXPECT_TRUE(exists(kernel, "/sys/class/net/lo"));
}

TEST(BootSystem, DevicesBehave)
{
	Instance kernel;
	char buffer[64];

	std::memset(buffer, 'x', sizeof(buffer));
	{
		const Fd zero(kernel, "/dev/zero", LKL_O_RDWR);

		EXPECT_EQ(lkl_sys_read(kernel, zero, buffer, sizeof(buffer)), std::int64_t(sizeof(buffer)));
		EXPECT_EQ(std::count(buffer, buffer + sizeof(buffer), '\0'), std::int64_t(sizeof(buffer)));
	}
	const Fd null(kernel, "/dev/null", LKL_O_RDWR), full(kernel, "/dev/full", LKL_O_RDWR);

	EXPECT_EQ(lkl_sys_write(kernel, null, buffer, 10), 10);
	EXPECT_EQ(lkl_sys_read(kernel, null, buffer, 10), 0);
	EXPECT_EQ(lkl_sys_write(kernel, full, buffer, 10), -LKL_ENOSPC);
}

TEST(BootSystem, RandomBytesDiffer)
{
	Instance first, second;
	std::uint64_t a[2] = {}, b[2] = {};

	// Never blocks: the host seeds the generator.
	EXPECT_EQ(lkl_sys_getrandom(first, a, sizeof(a), LKL_GRND_NONBLOCK), 16);
	EXPECT_EQ(lkl_sys_getrandom(second, b, sizeof(b), LKL_GRND_NONBLOCK), 16);
	EXPECT_NE(a[0], a[1]);
	EXPECT_NE(a[0], b[0]);
}

TEST(BootSystem, SysinfoAndLimits)
{
	Instance kernel;
	lkl_sysinfo info = {};
	lkl_rlimit64 files = {};

	ASSERT_TRUE(ok(lkl_sys_sysinfo(kernel, &info)));
	EXPECT_GT(info.totalram * info.mem_unit, 16u << 20);
	EXPECT_GT(info.freeram, 0u);
	ASSERT_TRUE(ok(lkl_sys_prlimit64(kernel, 0, LKL_RLIMIT_NOFILE, nullptr, &files)));
	EXPECT_GE(files.rlim_cur, 1024u);
}

TEST(BootSystem, SysctlsCanBeRead)
{
	Instance kernel;

	put_file(kernel, "/proc/sys/vm/swappiness", "37");
	EXPECT_EQ(get_file(kernel, "/proc/sys/vm/swappiness"), "37\n");
	EXPECT_GT(std::stol(get_file(kernel, "/proc/sys/fs/file-max")), 1000);
}

TEST(BootSystem, KernelLogIsReadableInside)
{
	Instance kernel;
	std::vector<char> buffer(1 << 18);
	const int size = lkl_sys_syslog(kernel, LKL_SYSLOG_ACTION_READ_ALL, buffer.data(),
					static_cast<int>(buffer.size()));

	ASSERT_TRUE(ok(size));
	EXPECT_NE(std::string_view(buffer.data(), static_cast<std::size_t>(size)).find("Linux version"),
		  std::string_view::npos);
}

TEST(BootSystem, StartIsQuiet)
{
	Instance kernel;

	if (exists(kernel, "/proc/lockdep_stats"))
		GTEST_SKIP() << "a kernel that checks itself announces it";
	std::vector<char> buffer(1 << 16);
	std::string complaints(buffer.data(), lkl_log_tail(kernel, 4, buffer.data(), buffer.size()));

	// What init/main.c says on any machine without a console and without
	// write-protected kernel code; every other warning is ours to prevent.
	for (const std::string known : {"Warning: unable to open an initial console.",
					"This architecture does not have kernel memory protection."})
		if (const std::size_t at = complaints.find(known); at != std::string::npos)
			complaints.erase(at, known.size());
	EXPECT_EQ(complaints.find_first_not_of('\n'), std::string::npos) << complaints;
}

TEST(BootSystem, AffinityNamesTheCpus)
{
	Instance kernel;
	std::uint64_t mask[16] = {};

	ASSERT_TRUE(ok(lkl_sys_sched_getaffinity(kernel, 0, sizeof(mask), mask)));
	EXPECT_EQ(mask[0], (1ull << cpus()) - 1);
	in_threads(1, [&](unsigned) {
		const std::uint64_t last = 1ull << (cpus() - 1);
		lkl_u32 cpu = 99;

		EXPECT_TRUE(ok(lkl_sys_sched_setaffinity(kernel, 0, sizeof(last), &last)));
		for (unsigned round = 0; round < 20; round++) {
			EXPECT_TRUE(ok(lkl_sys_getcpu(kernel, &cpu, nullptr, nullptr)));
			EXPECT_EQ(cpu, cpus() - 1);
		}
	});
}

} // namespace
