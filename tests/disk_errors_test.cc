// SPDX-License-Identifier: GPL-2.0
// A disk that fails or is slow: the error reaches the caller, nobody hangs, and
// nobody else waits.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

TEST(DiskErrors, FailedReadIsTheCallersError)
{
	MemoryDisk memory(4 << 20);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDONLY);
	char byte;

	memory.fail_reads_after = 0;
	EXPECT_EQ(lkl_sys_pread64(kernel, device, &byte, 1, 1 << 20), -LKL_EIO);
	memory.fail_reads_after = -1;
	EXPECT_EQ(lkl_sys_pread64(kernel, device, &byte, 1, 1 << 20), 1);
}

TEST(DiskErrors, NthReadFails)
{
	for (int nth = 0; nth < 12; nth++) {
		MemoryDisk memory(ext4_content(8 << 20));
		Instance kernel;
		const int disk = add_disk(kernel, memory.disk());
		lkl_mount mount = {};

		mount.size = sizeof(mount);
		mount.disk = disk;
		mount.type = "ext4";
		memory.fail_reads_after = nth;
		const int result = lkl_mount_disk(kernel, &mount, nullptr, 0);

		// Early failures prevent the mount; never a hang, never a panic.
		if (result < 0) {
			EXPECT_NE(std::string(lkl_last_error(kernel)), "");
		}
		EXPECT_EQ(lkl_health(kernel), 0) << nth;
		memory.fail_reads_after = -1;
		lkl_halt(kernel);
	}
}

TEST(DiskErrors, FailedWriteIsReportedByFsync)
{
	MemoryDisk memory(4 << 20);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDWR);

	memory.fail_writes_after = 0;
	EXPECT_EQ(lkl_sys_pwrite64(kernel, device, "x", 1, 0), 1);
	EXPECT_EQ(lkl_sys_fsync(kernel, device), -LKL_EIO);
	memory.fail_writes_after = -1;
	EXPECT_EQ(lkl_sys_pwrite64(kernel, device, "y", 1, 4096), 1);
	EXPECT_EQ(lkl_sys_fsync(kernel, device), 0);
	EXPECT_EQ(memory.content()[4096], 'y');
}

TEST(DiskErrors, DiskThatStopsWritesNoMore)
{
	MemoryDisk memory(4 << 20);
	Instance kernel;
	lkl_disk disk = memory.disk();

	disk.flags |= LKL_DISK_STOP_AT_ERROR;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, disk)), LKL_O_RDWR);
	const std::string before = memory.content();
	char byte;

	memory.fail_forever = false;
	memory.fail_writes_after = 0;
	EXPECT_EQ(lkl_sys_pwrite64(kernel, device, "x", 1, 0), 1);
	EXPECT_EQ(lkl_sys_fsync(kernel, device), -LKL_EIO);
	EXPECT_EQ(lkl_sys_pwrite64(kernel, device, "y", 1, 4096), 1);
	EXPECT_EQ(lkl_sys_fsync(kernel, device), -LKL_EIO);
	EXPECT_EQ(memory.content(), before);
	EXPECT_EQ(lkl_sys_pread64(kernel, device, &byte, 1, 1 << 20), 1);
}

TEST(DiskErrors, FailedFlushIsReportedByFsync)
{
	MemoryDisk memory(4 << 20);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDWR);

	memory.fail_flushes_after = 0;
	EXPECT_EQ(lkl_sys_pwrite64(kernel, device, "x", 1, 0), 1);
	EXPECT_EQ(lkl_sys_fsync(kernel, device), -LKL_EIO);
	memory.fail_flushes_after = -1;
	EXPECT_EQ(lkl_sys_fsync(kernel, device), 0);
}

TEST(DiskErrors, FileSystemOnADyingDiskEndsInErrors)
{
	MemoryDisk memory(ext4_content(16 << 20));
	Instance kernel;
	const std::string at = mount_disk(kernel, add_disk(kernel, memory.disk()));
	std::int64_t result = 0;

	put_file(kernel, at + "/before", "x");
	must(lkl_sys_sync(kernel), "sync");
	memory.fail_writes_after = 3;
	for (unsigned i = 0; i < 100 && result >= 0; i++) {
		result = lkl_sys_openat(kernel, LKL_AT_FDCWD, (at + "/" + std::to_string(i)).c_str(),
					LKL_O_CREAT | LKL_O_RDWR, 0644);
		if (result < 0)
			break;
		const int fd = static_cast<int>(result);

		result = lkl_sys_write(kernel, fd, "data", 4);
		if (result >= 0)
			result = lkl_sys_fsync(kernel, fd);
		lkl_sys_close(kernel, fd);
	}
	EXPECT_TRUE(result == -LKL_EIO || result == -LKL_EROFS) << result;
	EXPECT_TRUE(kernel.log().contains("I/O error"));
	EXPECT_EQ(lkl_health(kernel), 0);
	// The halt cannot flush, must say so, and must return.
	EXPECT_LT(lkl_halt(kernel), 0);
	EXPECT_NE(std::string(lkl_last_error(kernel)), "");
}

TEST(DiskErrors, ErrorsNameTheKernelsOwnComplaint)
{
	std::string content = ext4_content(8 << 20);

	// A superblock whose magic is right and whose geometry is not.
	content.replace(1024 + 24, 4, "\xff\xff\xff\xff");
	MemoryDisk memory(content);
	Instance kernel;
	lkl_mount mount = {};

	mount.size = sizeof(mount);
	mount.disk = add_disk(kernel, memory.disk());
	mount.type = "ext4";
	EXPECT_LT(lkl_mount_disk(kernel, &mount, nullptr, 0), 0);
	EXPECT_NE(std::string(lkl_last_error(kernel)).find("EXT4-fs"), std::string::npos)
		<< lkl_last_error(kernel);
}

TEST(DiskErrors, SlowDiskKeepsNobodyElseWaiting)
{
	MemoryDisk memory(4 << 20);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDONLY);
	std::atomic<bool> done = false;
	unsigned calls = 0;

	memory.delay_us = 500000;
	std::thread reader([&] {
		char byte;

		EXPECT_EQ(lkl_sys_pread64(kernel, device, &byte, 1, 1 << 20), 1);
		done = true;
	});

	eventually([&] { return memory.in_flight > 0; });
	// One CPU, one slow request: other calls go on at full speed meanwhile.
	while (!done) {
		ASSERT_GT(lkl_sys_getpid(kernel), 0);
		calls++;
	}
	reader.join();
	EXPECT_GT(calls, 10000u);
	memory.delay_us = 0;
}

TEST(DiskErrors, RequestsOfManyThreadsAreInFlightTogether)
{
	MemoryDisk memory(64 << 20);
	Instance kernel;
	const std::string device = device_of(kernel, add_disk(kernel, memory.disk()));

	memory.delay_us = 5000;
	in_threads(16, [&](unsigned i) {
		const Fd fd(kernel, device, LKL_O_RDONLY);
		char byte;

		for (unsigned round = 0; round < 4; round++)
			EXPECT_EQ(lkl_sys_pread64(kernel, fd, &byte, 1, lkl_s64(i * 4 + round) << 20), 1);
	});
	EXPECT_GE(memory.most_in_flight, 4u);
}

TEST(DiskErrors, TransientErrorsLeaveTheFileSystemUsable)
{
	MemoryDisk memory(ext4_content(32 << 20));
	Instance kernel;
	const std::string at = mount_disk(kernel, add_disk(kernel, memory.disk()));
	const std::string data(2 << 20, 'd');
	std::vector<char> buffer(4096);

	put_file(kernel, at + "/file", data);
	must(lkl_sys_sync(kernel), "sync");
	{
		const Fd file(kernel, at + "/file", LKL_O_RDONLY);

		must(lkl_sys_fadvise64(kernel, file, 0, 0, LKL_POSIX_FADV_DONTNEED), "fadvise");
		memory.fail_reads_after = 0;
		EXPECT_EQ(lkl_sys_pread64(kernel, file, buffer.data(), buffer.size(), 1 << 20), -LKL_EIO);
		memory.fail_reads_after = -1;
	}
	EXPECT_TRUE(get_file(kernel, at + "/file") == data);
	EXPECT_EQ(lkl_umount(kernel, at.c_str()), 0) << lkl_last_error(kernel);
}

TEST(DiskErrors, OneLostReadAheadIsMadeGood)
{
	MemoryDisk memory(4 << 20);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDONLY);

	// Only the first request fails: the kernel asks again for the page it needs.
	memory.fail_forever = false;
	memory.fail_reads_after = 0;
	EXPECT_EQ(read_all(kernel, device).size(), 4u << 20);
}

} // namespace
