// SPDX-License-Identifier: GPL-2.0
// Discard and zeroing: freed blocks give their storage back to the host.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

constexpr std::uint64_t mib = 1 << 20;

TEST(DiskDiscard, TrimOfExt4PunchesHoles)
{
	const Image image(128 * mib, "mkfs.ext4 -q -F IMG");
	Instance kernel;
	const std::string at = mount_disk(kernel, add_disk(kernel, disk_of(image.path())));
	lkl_fstrim_range range = {0, ~0ull, 0};

	put_file(kernel, at + "/stays", std::string(5 * mib, 's'));
	put_file(kernel, at + "/goes", std::string(60 * mib, 'g'));
	must(lkl_sys_sync(kernel), "sync");
	const std::uint64_t full = image.allocated();

	must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, (at + "/goes").c_str(), 0), "unlink");
	must(lkl_sys_sync(kernel), "sync");
	const Fd root(kernel, at, LKL_O_RDONLY | LKL_O_DIRECTORY);

	ASSERT_TRUE(ok(lkl_sys_ioctl(kernel, root, LKL_FITRIM, &range)));
	EXPECT_GE(range.len, 60 * mib);
	EXPECT_LT(image.allocated() + 50 * mib, full);
	EXPECT_EQ(get_file(kernel, at + "/stays"), std::string(5 * mib, 's'));
}

TEST(DiskDiscard, DeviceRangesAreDiscardedAndZeroed)
{
	const Image image(32 * mib);

	image.set_content(std::string(32 * mib, 'x'));
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, disk_of(image.path()))), LKL_O_RDWR);
	lkl_u64 discard[2] = {4 * mib, 8 * mib}, zero[2] = {16 * mib, 4 * mib};
	const std::uint64_t full = image.allocated();

	ASSERT_TRUE(ok(lkl_sys_ioctl(kernel, device, LKL_BLKDISCARD, discard)));
	ASSERT_TRUE(ok(lkl_sys_ioctl(kernel, device, LKL_BLKZEROOUT, zero)));
	EXPECT_LE(image.allocated() + 8 * mib, full);
	const std::string content = image.content();

	EXPECT_EQ(content.substr(0, 4 * mib), std::string(4 * mib, 'x'));
	EXPECT_EQ(content.substr(12 * mib, 4 * mib), std::string(4 * mib, 'x'));
	EXPECT_EQ(content.substr(16 * mib, 4 * mib), std::string(4 * mib, '\0'));
	EXPECT_EQ(content.substr(20 * mib), std::string(12 * mib, 'x'));
	lkl_u64 unaligned[2] = {4 * mib + 1, 512}, beyond[2] = {31 * mib, 2 * mib};

	EXPECT_EQ(lkl_sys_ioctl(kernel, device, LKL_BLKDISCARD, unaligned), -LKL_EINVAL);
	EXPECT_EQ(lkl_sys_ioctl(kernel, device, LKL_BLKDISCARD, beyond), -LKL_EINVAL);
}

TEST(DiskDiscard, OverlayForgetsDiscardedBlocks)
{
	const Image image(16 * mib);

	image.set_content(std::string(16 * mib, 'x'));
	{
		Instance kernel;
		const int disk = add_disk(kernel, disk_of(image.path(), LKL_DISK_OVERLAY));
		const Fd device(kernel, device_of(kernel, disk), LKL_O_RDWR);
		lkl_u64 zero[2] = {1 * mib, 1 * mib};
		std::string back(mib, 'y');

		write_all(kernel, device, std::string(4 * mib, 'w'));
		must(lkl_sys_fsync(kernel, device), "fsync");
		ASSERT_TRUE(ok(lkl_sys_ioctl(kernel, device, LKL_BLKZEROOUT, zero)));
		EXPECT_EQ(lkl_sys_pread64(kernel, device, back.data(), mib, mib), std::int64_t(mib));
		EXPECT_EQ(back, std::string(mib, '\0'));
		EXPECT_EQ(lkl_sys_pread64(kernel, device, back.data(), mib, 2 * mib), std::int64_t(mib));
		EXPECT_EQ(back, std::string(mib, 'w'));
	}
	EXPECT_EQ(image.content(), std::string(16 * mib, 'x'));
}

TEST(DiskDiscard, ReadOnlyDisksAreNotTrimmed)
{
	const Image image(16 * mib);

	image.set_content(std::string(16 * mib, 'x'));
	Instance kernel;
	const std::string device = device_of(kernel, add_disk(kernel, disk_of(image.path(), LKL_DISK_READ_ONLY)));
	const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, device.c_str(), LKL_O_RDWR, 0);
	lkl_u64 range[2] = {0, 16 * mib};

	if (fd >= 0) {
		EXPECT_LT(lkl_sys_ioctl(kernel, fd, LKL_BLKDISCARD, range), 0);
		EXPECT_LT(lkl_sys_ioctl(kernel, fd, LKL_BLKZEROOUT, range), 0);
	}
	EXPECT_EQ(image.content(), std::string(16 * mib, 'x'));
}

} // namespace
