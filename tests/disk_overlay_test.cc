// SPDX-License-Identifier: GPL-2.0
// A disk whose writes stay in memory: the image keeps every byte and its times.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

/// The image's content and time of modification, to be compared later.
class Unchanged {
public:
	explicit Unchanged(const Image &image) : image_(image), content_(image.content()), stat_(stat()) {}

	void check() const
	{
		const struct stat now = stat();

		EXPECT_TRUE(image_.content() == content_) << "the image was written";
		EXPECT_EQ(now.st_mtim.tv_sec, stat_.st_mtim.tv_sec);
		EXPECT_EQ(now.st_mtim.tv_nsec, stat_.st_mtim.tv_nsec);
		EXPECT_EQ(now.st_blocks, stat_.st_blocks);
	}

private:
	struct stat stat() const
	{
		struct stat stat = {};

		::stat(image_.path(), &stat);
		return stat;
	}

	const Image &image_;
	std::string content_;
	struct stat stat_;
};

TEST(DiskOverlay, WritesAreSeenInsideOnly)
{
	const Image image(32 << 20, "mkfs.ext4 -q -F IMG");
	const Unchanged unchanged(image);
	{
		Instance kernel;
		const int disk = add_disk(kernel, disk_of(image.path(), LKL_DISK_OVERLAY));
		const std::string at = mount_disk(kernel, disk), data(5 << 20, 'o');

		put_file(kernel, at + "/file", data);
		must(lkl_sys_sync(kernel), "sync");
		EXPECT_EQ(lkl_umount(kernel, at.c_str()), 0) << lkl_last_error(kernel);
		const std::string again = mount_disk(kernel, disk);

		EXPECT_TRUE(get_file(kernel, again + "/file") == data);
		EXPECT_EQ(lkl_umount(kernel, again.c_str()), 0);
		EXPECT_EQ(lkl_disk_remove(kernel, disk), 0);
		// The layer went with the disk.
		const std::string fresh =
			mount_disk(kernel, add_disk(kernel, disk_of(image.path(), LKL_DISK_OVERLAY)));

		EXPECT_FALSE(exists(kernel, fresh + "/file"));
	}
	unchanged.check();
}

TEST(DiskOverlay, AlignmentsAllReadBackRight)
{
	const Image image(2 << 20);
	std::string expected(2 << 20, '\0');
	Random random(41);

	random.fill(expected.data(), expected.size());
	image.set_content(expected);
	const Unchanged unchanged(image);
	{
		Instance kernel;
		const Fd device(kernel, device_of(kernel, add_disk(kernel, disk_of(image.path(), LKL_DISK_OVERLAY))),
				LKL_O_RDWR);

		for (unsigned round = 0; round < scaled(300); round++) {
			const std::size_t at = random.below(expected.size() / 512) * 512;
			const std::size_t bytes = std::min(expected.size() - at,
							   std::size_t(random.below(40) + 1) * 512);
			std::string data(bytes, '\0');

			random.fill(data.data(), bytes);
			expected.replace(at, bytes, data);
			ASSERT_EQ(lkl_sys_pwrite64(kernel, device, data.data(), bytes, lkl_s64(at)), std::int64_t(bytes));
			if (round % 10 == 0) {
				// Through the layer and back, not from the cache.
				must(lkl_sys_fsync(kernel, device), "fsync");
				must(lkl_sys_ioctl(kernel, device, LKL_BLKFLSBUF, nullptr), "BLKFLSBUF");
				std::string back(expected.size(), '\0');

				ASSERT_EQ(lkl_sys_pread64(kernel, device, back.data(), back.size(), 0),
					  std::int64_t(back.size()));
				ASSERT_TRUE(back == expected) << "round " << round;
			}
		}
	}
	unchanged.check();
}

TEST(DiskOverlay, TwoLayersOverOneImageAreApart)
{
	const Image image(16 << 20, "mkfs.ext4 -q -F IMG");
	const Unchanged unchanged(image);
	{
		Instance first, second;
		const std::string a = mount_disk(first, add_disk(first, disk_of(image.path(), LKL_DISK_OVERLAY)));
		const std::string b = mount_disk(second, add_disk(second, disk_of(image.path(), LKL_DISK_OVERLAY)));

		put_file(first, a + "/file", "first");
		put_file(second, b + "/file", "second");
		EXPECT_EQ(get_file(first, a + "/file"), "first");
		EXPECT_EQ(get_file(second, b + "/file"), "second");
	}
	unchanged.check();
}

/// An image as a crash leaves it: mounted, synced, never unmounted.
void make_dirty(const Image &image, const Image &dirty)
{
	Instance kernel;
	const std::string at = mount_disk(kernel, add_disk(kernel, disk_of(image.path())));

	for (unsigned i = 0; i < 50; i++) {
		const Fd file(kernel, at + "/" + std::to_string(i), LKL_O_CREAT | LKL_O_RDWR);

		write_all(kernel, file, std::string(1000 * i + 1, char('a' + i % 26)));
		must(lkl_sys_fsync(kernel, file), "fsync");
	}
	dirty.set_content(image.content());
}

void reads_dirty_image_unchanged(const std::string &mkfs, std::uint64_t bytes)
{
	const Image image(bytes, mkfs), dirty(0);

	make_dirty(image, dirty);
	const Unchanged unchanged(dirty);

	for (const unsigned mount_flags : {0u, LKL_MS_RDONLY}) {
		Instance kernel;
		const int disk = add_disk(kernel, disk_of(dirty.path(), LKL_DISK_OVERLAY));
		const std::string at = mount_disk(kernel, disk, 0, mount_flags);

		for (unsigned i = 0; i < 50; i++)
			ASSERT_EQ(get_file(kernel, at + "/" + std::to_string(i)),
				  std::string(1000 * i + 1, char('a' + i % 26))) << i;
		EXPECT_EQ(lkl_umount(kernel, at.c_str()), 0);
	}
	unchanged.check();
}

TEST(DiskOverlay, DirtyExt4JournalIsReplayedInMemory)
{
	reads_dirty_image_unchanged("mkfs.ext4 -q -F IMG", 32 << 20);
}

TEST(DiskOverlay, DirtyXfsLogIsReplayedInMemory)
{
	if (!host_has("mkfs.xfs"))
		GTEST_SKIP() << "no mkfs.xfs";
	reads_dirty_image_unchanged("mkfs.xfs -q -f IMG", 320 << 20);
}

TEST(DiskOverlay, DirtyF2fsIsReplayedInMemory)
{
	if (!host_has("mkfs.f2fs"))
		GTEST_SKIP() << "no mkfs.f2fs";
	reads_dirty_image_unchanged("mkfs.f2fs -q -f IMG", 64 << 20);
}

TEST(DiskOverlay, DirtyBtrfsLogIsReplayedInMemory)
{
	if (!host_has("mkfs.btrfs"))
		GTEST_SKIP() << "no mkfs.btrfs";
	reads_dirty_image_unchanged("mkfs.btrfs -q -f IMG", 128 << 20);
}

TEST(DiskOverlay, ReadOnlyDiskWithDirtyJournalIsNotWritten)
{
	const Image image(32 << 20, "mkfs.ext4 -q -F IMG"), dirty(0);

	make_dirty(image, dirty);
	const Unchanged unchanged(dirty);
	{
		Instance kernel;
		const int disk = add_disk(kernel, disk_of(dirty.path(), LKL_DISK_READ_ONLY));
		lkl_mount mount = {};
		char path[64];

		mount.size = sizeof(mount);
		mount.disk = disk;
		mount.flags = LKL_MS_RDONLY;
		// The journal cannot be replayed: refused, unless told not to.
		EXPECT_LT(lkl_mount_disk(kernel, &mount, path, sizeof(path)), 0);
		mount.options = "norecovery";
		EXPECT_EQ(lkl_mount_disk(kernel, &mount, path, sizeof(path)), 0) << lkl_last_error(kernel);
	}
	unchanged.check();
}

TEST(DiskOverlay, FileWithoutWritePermissionServes)
{
	const Image image(16 << 20, "mkfs.ext4 -q -F IMG && chmod 0444 IMG");
	Instance kernel;
	const std::string at = mount_disk(kernel, add_disk(kernel, disk_of(image.path(), LKL_DISK_OVERLAY)));

	put_file(kernel, at + "/file", "x");
	EXPECT_EQ(get_file(kernel, at + "/file"), "x");
}

} // namespace
