// SPDX-License-Identifier: GPL-2.0
// lkl_mount_disk(), lkl_umount() and lkl_probe(): what they accept and what they say.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

lkl_mount mount_of(int disk)
{
	lkl_mount mount = {};

	mount.size = sizeof(mount);
	mount.disk = disk;
	return mount;
}

class DiskMount : public testing::Test {
protected:
	DiskMount() : memory(ext4_content(16 << 20)), disk(add_disk(kernel, memory.disk())) {}

	MemoryDisk memory;
	Instance kernel;
	int disk;
};

TEST_F(DiskMount, ChoosesADirectoryAndProbes)
{
	const lkl_mount mount = mount_of(disk);
	char path[128] = {};

	ASSERT_EQ(lkl_mount_disk(kernel, &mount, path, sizeof(path)), 0) << lkl_last_error(kernel);
	EXPECT_EQ(path[0], '/');
	EXPECT_NE(get_file(kernel, "/proc/self/mounts").find(std::string(" ") + path + " ext4 rw"),
		  std::string::npos);
	EXPECT_TRUE(exists(kernel, std::string(path) + "/lost+found"));
	EXPECT_EQ(lkl_umount(kernel, path), 0);
	EXPECT_LT(lkl_umount(kernel, path), 0);
}

TEST_F(DiskMount, MakesTheDirectoryAskedFor)
{
	lkl_mount mount = mount_of(disk);
	char path[128] = {};

	mount.target = "/some/where/deep";
	ASSERT_EQ(lkl_mount_disk(kernel, &mount, path, sizeof(path)), 0) << lkl_last_error(kernel);
	EXPECT_STREQ(path, "/some/where/deep");
	EXPECT_TRUE(exists(kernel, "/some/where/deep/lost+found"));
}

TEST_F(DiskMount, FlagsAndOptionsCount)
{
	lkl_mount mount = mount_of(disk);

	mount.target = "/m";
	mount.flags = LKL_MS_RDONLY | LKL_MS_NOATIME;
	mount.options = "data=writeback,errors=remount-ro";
	ASSERT_EQ(lkl_mount_disk(kernel, &mount, nullptr, 0), 0) << lkl_last_error(kernel);
	EXPECT_EQ(lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, "/m/new", 0755), -LKL_EROFS);
	const std::string mounts = get_file(kernel, "/proc/self/mounts");

	EXPECT_NE(mounts.find("/m ext4 ro,noatime"), std::string::npos) << mounts;
	EXPECT_NE(mounts.find("errors=remount-ro"), std::string::npos) << mounts;
}

TEST_F(DiskMount, BadOptionsAreRefusedInTheKernelsWords)
{
	lkl_mount mount = mount_of(disk);

	mount.options = "no_such_option=1";
	EXPECT_EQ(lkl_mount_disk(kernel, &mount, nullptr, 0), -LKL_EINVAL);
	EXPECT_NE(std::string(lkl_last_error(kernel)).find("no_such_option"), std::string::npos)
		<< lkl_last_error(kernel);
}

TEST_F(DiskMount, WrongTypesAreRefused)
{
	lkl_mount mount = mount_of(disk);

	mount.type = "xfs";
	EXPECT_LT(lkl_mount_disk(kernel, &mount, nullptr, 0), 0);
	mount.type = "no_such_type";
	EXPECT_EQ(lkl_mount_disk(kernel, &mount, nullptr, 0), -LKL_ENODEV);
	mount.type = "";
	EXPECT_LT(lkl_mount_disk(kernel, &mount, nullptr, 0), 0);
	mount.type = nullptr;
	mount.disk = 99;
	EXPECT_LT(lkl_mount_disk(kernel, &mount, nullptr, 0), 0);
	mount.disk = disk;
	mount.size = 0;
	EXPECT_EQ(lkl_mount_disk(kernel, &mount, nullptr, 0), -LKL_EINVAL);
}

TEST_F(DiskMount, BusyMountStaysAndSaysSo)
{
	const std::string at = mount_disk(kernel, disk);
	Fd file(kernel, at + "/file", LKL_O_CREAT | LKL_O_RDWR);

	EXPECT_EQ(lkl_umount(kernel, at.c_str()), -LKL_EBUSY);
	EXPECT_NE(std::string(lkl_last_error(kernel)).find(at), std::string::npos) << lkl_last_error(kernel);
	write_all(kernel, file, "still here");
	file.close();
	EXPECT_EQ(lkl_umount(kernel, at.c_str()), 0);
}

TEST_F(DiskMount, TheSameDiskTwiceIsTheSameFileSystem)
{
	const std::string first = mount_disk(kernel, disk), second = mount_disk(kernel, disk);

	EXPECT_NE(first, second);
	put_file(kernel, first + "/file", "shared");
	EXPECT_EQ(get_file(kernel, second + "/file"), "shared");
	EXPECT_EQ(lkl_umount(kernel, first.c_str()), 0);
	EXPECT_EQ(get_file(kernel, second + "/file"), "shared");
}

TEST_F(DiskMount, MountAndUnmountRepeatedly)
{
	for (unsigned round = 0; round < scaled(30); round++) {
		const std::string at = mount_disk(kernel, disk);

		put_file(kernel, at + "/" + std::to_string(round), std::string(round * 100, 'r'));
		ASSERT_EQ(lkl_umount(kernel, at.c_str()), 0) << lkl_last_error(kernel);
	}
	const std::string at = mount_disk(kernel, disk);

	for (unsigned round = 0; round < scaled(30); round++)
		EXPECT_EQ(get_file(kernel, at + "/" + std::to_string(round)), std::string(round * 100, 'r'));
}

TEST_F(DiskMount, ShortPathBufferIsAnError)
{
	const lkl_mount mount = mount_of(disk);
	char path[2];
	char device[4];

	EXPECT_LT(lkl_mount_disk(kernel, &mount, path, sizeof(path)), 0);
	EXPECT_LT(lkl_disk_device(kernel, disk, 0, device, sizeof(device)), 0);
	// What could not be told must not stay mounted.
	EXPECT_EQ(lkl_disk_remove(kernel, disk), 0) << lkl_last_error(kernel);
}

TEST(DiskMountUnknown, NothingKnownIsNoDevice)
{
	MemoryDisk zeroes(4 << 20);
	std::string noise(4 << 20, '\0');

	Random(99).fill(noise.data(), noise.size());
	MemoryDisk random(noise);
	Instance kernel;

	for (MemoryDisk *memory : {&zeroes, &random}) {
		const int disk = add_disk(kernel, memory->disk());
		const lkl_mount mount = mount_of(disk);
		char type[32] = {};

		EXPECT_EQ(lkl_probe(kernel, disk, 0, type, sizeof(type)), -LKL_ENODEV) << type;
		EXPECT_EQ(lkl_mount_disk(kernel, &mount, nullptr, 0), -LKL_ENODEV);
		EXPECT_NE(std::string(lkl_last_error(kernel)), "");
	}
}

TEST(DiskMountUnknown, TruncatedImagesAreErrors)
{
	const std::string whole = ext4_content(32 << 20);

	for (const std::size_t bytes : {std::size_t(4096), std::size_t(65536), std::size_t(1 << 20),
					std::size_t(31 << 20)}) {
		MemoryDisk memory(whole.substr(0, bytes));
		Instance kernel;
		const lkl_mount mount = mount_of(add_disk(kernel, memory.disk()));

		EXPECT_LT(lkl_mount_disk(kernel, &mount, nullptr, 0), 0) << bytes;
		EXPECT_NE(std::string(lkl_last_error(kernel)), "");
		EXPECT_EQ(lkl_health(kernel), 0);
	}
}

TEST(DiskMountUnknown, DamagedImagesHarmNothing)
{
	const std::string whole = ext4_content(4 << 20);
	Random random(7);

	for (unsigned round = 0; round < scaled(25); round++) {
		std::string bad = whole;

		for (unsigned i = 0; i < 200; i++)
			bad[random.below(200000)] = char(random.next());
		// Keep the magic, so that the driver gets to see the rest.
		bad.replace(1080, 2, "\x53\xef");
		MemoryDisk memory(bad);
		Instance kernel;
		lkl_mount mount = mount_of(add_disk(kernel, memory.disk()));

		mount.type = "ext4";
		mount.target = "/m";
		// The superblock may ask for a panic on errors; we do not.
		mount.options = "errors=continue";
		if (lkl_mount_disk(kernel, &mount, nullptr, 0) == 0)
			for (unsigned i = 0; i < 10; i++) {
				const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, ("/m/" + std::to_string(i)).c_str(),
							      LKL_O_CREAT | LKL_O_RDWR, 0644);

				if (fd >= 0) {
					lkl_sys_write(kernel, fd, "x", 1);
					lkl_sys_fsync(kernel, fd);
					lkl_sys_close(kernel, fd);
				}
			}
		EXPECT_EQ(lkl_health(kernel), 0) << "round " << round;
		lkl_halt(kernel);
	}
}

} // namespace
