// SPDX-License-Identifier: GPL-2.0
// Partition tables: how many, where, and mounting one by its number.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

constexpr std::uint64_t mib = 1 << 20;

/// Put an ext4 file system with @content in "/mark" at @offset of @image.
void place_ext4(const Image &image, std::uint64_t offset, std::uint64_t bytes, const std::string &content)
{
	const Image part(bytes, "mkfs.ext4 -q -F IMG");
	{
		Instance kernel;

		put_file(kernel, mount_disk(kernel, add_disk(kernel, disk_of(part.path()))) + "/mark", content);
	}
	must_on_host("dd if=" + std::string(part.path()) + " of=" + image.path() + " bs=1M conv=notrunc seek=" +
		     std::to_string(offset / mib));
}

class DiskPartitions : public testing::Test {
protected:
	void SetUp() override
	{
		if (!host_has("sfdisk"))
			GTEST_SKIP() << "no sfdisk";
	}
};

TEST_F(DiskPartitions, GptPartitionsMountByNumber)
{
	const Image image(64 * mib, "printf 'label: gpt\\nstart=1MiB,size=16MiB\\nstart=20MiB,size=20MiB,name=root\\n"
				    "5: start=44MiB,size=4MiB\\n' | sfdisk -q IMG");

	place_ext4(image, 1 * mib, 16 * mib, "one");
	place_ext4(image, 20 * mib, 20 * mib, "two");
	Instance kernel;
	const int disk = add_disk(kernel, disk_of(image.path()));

	EXPECT_EQ(lkl_disk_partitions(kernel, disk), 5);
	EXPECT_EQ(device_of(kernel, disk), "/dev/vda");
	EXPECT_EQ(device_of(kernel, disk, 2), "/dev/vda2");
	EXPECT_EQ(get_file(kernel, mount_disk(kernel, disk, 1) + "/mark"), "one");
	EXPECT_EQ(get_file(kernel, mount_disk(kernel, disk, 2) + "/mark"), "two");
	for (const unsigned absent : {3u, 4u, 6u, 128u, 100000u, ~0u}) {
		char path[64];
		lkl_mount mount = {};

		mount.size = sizeof(mount);
		mount.disk = disk;
		mount.partition = absent;
		EXPECT_EQ(lkl_disk_device(kernel, disk, absent, path, sizeof(path)), -LKL_ENXIO) << absent;
		EXPECT_EQ(lkl_mount_disk(kernel, &mount, path, sizeof(path)), -LKL_ENXIO) << absent;
	}
	char type[32];

	EXPECT_EQ(lkl_probe(kernel, disk, 2, type, sizeof(type)), 0);
	EXPECT_STREQ(type, "ext4");
	EXPECT_EQ(lkl_probe(kernel, disk, 5, type, sizeof(type)), -LKL_ENODEV);
	EXPECT_EQ(lkl_probe(kernel, disk, 0, type, sizeof(type)), -LKL_ENODEV);
}

TEST_F(DiskPartitions, LogicalPartitionsOfAnMbr)
{
	const Image image(64 * mib, "printf 'label: dos\\nstart=1MiB,size=8MiB\\nstart=10MiB,size=50MiB,type=5\\n"
				    "start=11MiB,size=16MiB\\nstart=30MiB,size=16MiB\\n' | sfdisk -q IMG");

	place_ext4(image, 30 * mib, 16 * mib, "logical");
	Instance kernel;
	const int disk = add_disk(kernel, disk_of(image.path(), LKL_DISK_READ_ONLY));

	EXPECT_EQ(lkl_disk_partitions(kernel, disk), 6);
	EXPECT_EQ(get_file(kernel, mount_disk(kernel, disk, 6, LKL_MS_RDONLY) + "/mark"), "logical");
}

TEST_F(DiskPartitions, NoneOnAPlainFileSystem)
{
	const Image image(16 * mib, "mkfs.ext4 -q -F IMG");
	Instance kernel;

	EXPECT_EQ(lkl_disk_partitions(kernel, add_disk(kernel, disk_of(image.path()))), 0);
}

TEST_F(DiskPartitions, DamagedTablesHarmNothing)
{
	const Image image(8 * mib, "printf 'label: gpt\\nstart=1MiB,size=4MiB\\n' | sfdisk -q IMG");
	const std::string good = image.content();
	Random random(5);
	Instance kernel;

	for (unsigned round = 0; round < scaled(40); round++) {
		std::string bad = good;

		for (unsigned i = 0; i < 20; i++)
			bad[random.below(34 * 512)] = char(random.next());
		MemoryDisk memory(bad);
		const int disk = add_disk(kernel, memory.disk());

		EXPECT_GE(lkl_disk_partitions(kernel, disk), 0);
		EXPECT_EQ(lkl_disk_remove(kernel, disk), 0) << lkl_last_error(kernel);
	}
	EXPECT_EQ(lkl_health(kernel), 0);
}

TEST_F(DiskPartitions, NewTableIsReadOnRequest)
{
	const Image image(64 * mib);
	const Image table(64 * mib, "printf 'label: gpt\\nstart=1MiB,size=16MiB\\n' | sfdisk -q IMG");
	Instance kernel;
	const int disk = add_disk(kernel, disk_of(image.path()));

	EXPECT_EQ(lkl_disk_partitions(kernel, disk), 0);
	{
		const Fd device(kernel, device_of(kernel, disk), LKL_O_RDWR);

		write_all(kernel, device, table.content());
		must(lkl_sys_fsync(kernel, device), "fsync");
		EXPECT_TRUE(ok(lkl_sys_ioctl(kernel, device, LKL_BLKRRPART, nullptr)));
	}
	EXPECT_EQ(lkl_disk_partitions(kernel, disk), 1);
	EXPECT_EQ(device_of(kernel, disk, 1), "/dev/vda1");
}

} // namespace
