// SPDX-License-Identifier: GPL-2.0
// Durability: flushes reach the disk, and what fsync promised survives a power cut.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

TEST(DiskFlush, FsyncReachesTheDisk)
{
	MemoryDisk memory(ext4_content(32 << 20));
	Instance kernel;
	const std::string at = mount_disk(kernel, add_disk(kernel, memory.disk()));

	must(lkl_sys_sync(kernel), "sync");
	for (unsigned i = 0; i < 5; i++) {
		const Fd file(kernel, at + "/" + std::to_string(i), LKL_O_CREAT | LKL_O_RDWR);

		write_all(kernel, file, "data");
		const unsigned before = memory.flushes;

		EXPECT_EQ(lkl_sys_fsync(kernel, file), 0);
		EXPECT_GT(memory.flushes, before);
	}
}

TEST(DiskFlush, DeviceFsyncReachesTheDisk)
{
	MemoryDisk memory(1 << 20);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDWR);

	EXPECT_EQ(lkl_sys_pwrite64(kernel, device, "durable", 7, 5000), 7);
	EXPECT_EQ(lkl_sys_fdatasync(kernel, device), 0);
	EXPECT_EQ(memory.durable().substr(5000, 7), "durable");
}

TEST(DiskFlush, UnmountLeavesEverythingInTheImage)
{
	MemoryDisk memory(ext4_content(32 << 20));
	Instance kernel;
	const int disk = add_disk(kernel, memory.disk());
	const std::string at = mount_disk(kernel, disk);
	const std::string data(3 << 20, 'u');

	put_file(kernel, at + "/file", data);
	ASSERT_EQ(lkl_umount(kernel, at.c_str()), 0) << lkl_last_error(kernel);
	MemoryDisk copy(memory.durable());
	Instance reader;

	EXPECT_TRUE(get_file(reader, mount_disk(reader, add_disk(reader, copy.disk())) + "/file") == data);
}

TEST(DiskFlush, HaltLeavesEverythingInTheImage)
{
	MemoryDisk memory(ext4_content(32 << 20));
	const std::string data(3 << 20, 'h');
	{
		Instance kernel;

		put_file(kernel, mount_disk(kernel, add_disk(kernel, memory.disk())) + "/file", data);
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	}
	const Image image(0);

	image.set_content(memory.durable());
	EXPECT_EQ(image.run("e2fsck -fn IMG 2>&1 | grep -ci recover || true"), "0\n");
	Instance reader;
	const int disk = add_disk(reader, disk_of(image.path()));

	EXPECT_TRUE(get_file(reader, mount_disk(reader, disk) + "/file") == data);
}

TEST(DiskFlush, HaltUnmountsNestedMounts)
{
	MemoryDisk outer(ext4_content(16 << 20)), inner(ext4_content(16 << 20));
	{
		Instance kernel;
		const std::string at = mount_disk(kernel, add_disk(kernel, outer.disk()));
		lkl_mount mount = {};
		const std::string below = at + "/below";

		mount.size = sizeof(mount);
		mount.disk = add_disk(kernel, inner.disk());
		mount.target = below.c_str();
		must(lkl_mount_disk(kernel, &mount, nullptr, 0), "lkl_mount_disk");
		put_file(kernel, at + "/outer", "o");
		put_file(kernel, below + "/inner", "i");
		must(lkl_sys_openat(kernel, LKL_AT_FDCWD, (below + "/inner").c_str(), LKL_O_RDWR, 0), "open");
		must(lkl_sys_chdir(kernel, below.c_str()), "chdir");
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	}
	for (const auto &[disk, name] : {std::pair{&outer, "outer"}, std::pair{&inner, "inner"}}) {
		const Image image(0);

		image.set_content(disk->durable());
		EXPECT_NO_THROW(image.run("e2fsck -fn IMG"));
		EXPECT_NE(image.run(std::string("debugfs -R 'ls -p /' IMG 2>/dev/null")).find(name),
			  std::string::npos);
	}
}

/// An fsync that is promised nothing. f2fs numbers the nodes it has to wait for from 0 after each
/// checkpoint and takes 0 for "none" (f2fs_wait_on_node_pages_writeback() in fs/f2fs/node.c), so the
/// first fsync after one may return before its node is on the disk.
void spend_an_fsync(Instance &kernel, const std::string &at)
{
	const Fd file(kernel, at + "/spent", LKL_O_CREAT | LKL_O_APPEND | LKL_O_RDWR);

	write_all(kernel, file, "x");
	must(lkl_sys_fsync(kernel, file), "fsync");
}

/// After each fsync, what is durable is mounted elsewhere and must have the data.
void survives_power_cuts(const std::string &mkfs, std::uint64_t bytes, bool first_is_late = false)
{
	MemoryDisk memory(Image(bytes, mkfs).content());
	Instance kernel;
	const std::string at = mount_disk(kernel, add_disk(kernel, memory.disk()));
	std::map<std::string, std::string> promised;
	Random random(23);

	for (unsigned round = 0; round < 12; round++) {
		const std::string name = "/file" + std::to_string(random.below(5));
		std::string data(random.below(200000) + 1, '\0');

		random.fill(data.data(), data.size());
		// Unsynced noise that may or may not survive.
		put_file(kernel, at + "/noise" + std::to_string(round), data.substr(0, data.size() / 2));
		if (first_is_late)
			spend_an_fsync(kernel, at);
		{
			const Fd file(kernel, at + name, LKL_O_CREAT | LKL_O_TRUNC | LKL_O_RDWR);

			write_all(kernel, file, data);
			must(lkl_sys_fsync(kernel, file), "fsync");
		}
		if (round % 4 == 3) {
			const Fd directory(kernel, at, LKL_O_RDONLY | LKL_O_DIRECTORY);
			const std::string renamed = "/renamed" + std::to_string(round);

			must(lkl_sys_renameat2(kernel, LKL_AT_FDCWD, (at + name).c_str(), LKL_AT_FDCWD,
					       (at + renamed).c_str(), 0), "rename");
			must(lkl_sys_fsync(kernel, directory), "fsync directory");
			promised.erase(name);
			promised[renamed] = data;
		} else {
			promised[name] = data;
		}
		MemoryDisk cut(memory.durable());
		Instance after;
		const std::string there = mount_disk(after, add_disk(after, cut.disk()));

		for (const auto &[path, content] : promised)
			ASSERT_TRUE(get_file(after, there + path) == content) << path << " after round " << round;
	}
}

TEST(DiskFlush, PowerCutsOnExt4)
{
	survives_power_cuts("mkfs.ext4 -q -F IMG", 48 << 20);
}

TEST(DiskFlush, PowerCutsOnXfs)
{
	if (!host_has("mkfs.xfs"))
		GTEST_SKIP() << "no mkfs.xfs";
	survives_power_cuts("mkfs.xfs -q -f IMG", 320 << 20);
}

TEST(DiskFlush, PowerCutsOnBtrfs)
{
	if (!host_has("mkfs.btrfs"))
		GTEST_SKIP() << "no mkfs.btrfs";
	survives_power_cuts("mkfs.btrfs -q -f IMG", 128 << 20);
}

TEST(DiskFlush, PowerCutsOnF2fs)
{
	if (!host_has("mkfs.f2fs"))
		GTEST_SKIP() << "no mkfs.f2fs";
	survives_power_cuts("mkfs.f2fs -q -f IMG", 64 << 20, true);
}

} // namespace
