// SPDX-License-Identifier: GPL-2.0
// Where a disk's bytes may be, and that the block device shows exactly those.

#include "support_disks.hh"

#include <memory>

using namespace lkl::test;

namespace {

std::string random_text(std::size_t bytes, std::uint64_t seed)
{
	std::string text(bytes, '\0');

	Random(seed).fill(text.data(), bytes);
	return text;
}

std::uint64_t size_of(lkl_kernel *kernel, const std::string &device)
{
	const Fd fd(kernel, device, LKL_O_RDONLY);
	lkl_u64 bytes = 0;

	must(lkl_sys_ioctl(kernel, fd, LKL_BLKGETSIZE64, &bytes), "BLKGETSIZE64");
	return bytes;
}

/// Random writes and reads through @device, checked against a copy in memory.
void exercise(lkl_kernel *kernel, const std::string &device, std::string &expected)
{
	const Fd fd(kernel, device, LKL_O_RDWR);
	Random random(17);

	for (unsigned round = 0; round < scaled(200); round++) {
		const std::size_t at = random.below(expected.size());
		const std::size_t bytes = std::min(expected.size() - at, std::size_t(random.below(40000) + 1));
		std::string data(bytes, '\0');

		if (round & 1) {
			random.fill(data.data(), bytes);
			ASSERT_EQ(lkl_sys_pwrite64(kernel, fd, data.data(), bytes, lkl_s64(at)), std::int64_t(bytes));
			expected.replace(at, bytes, data);
		} else {
			ASSERT_EQ(lkl_sys_pread64(kernel, fd, data.data(), bytes, lkl_s64(at)), std::int64_t(bytes));
			ASSERT_TRUE(data == expected.substr(at, bytes)) << at << "+" << bytes;
		}
	}
	ASSERT_TRUE(ok(lkl_sys_fsync(kernel, fd)));
}

TEST(DiskBackends, FileByPath)
{
	const Image image(8 << 20);
	std::string expected = random_text(8 << 20, 1);

	image.set_content(expected);
	Instance kernel;
	const int disk = add_disk(kernel, disk_of(image.path()));

	EXPECT_TRUE(get_file(kernel, device_of(kernel, disk)) == expected);
	exercise(kernel, device_of(kernel, disk), expected);
	EXPECT_TRUE(image.content() == expected);
}

TEST(DiskBackends, FileByDescriptorStaysTheCallers)
{
	const Image image(4 << 20);
	std::string expected(4 << 20, '\0');
	const int fd = ::open(image.path(), O_RDWR | O_CLOEXEC);
	lkl_disk disk = disk_of(nullptr);

	disk.fd = fd;
	{
		Instance kernel;

		exercise(kernel, device_of(kernel, add_disk(kernel, disk)), expected);
	}
	EXPECT_TRUE(image.content() == expected);
	EXPECT_GE(::fcntl(fd, F_GETFD), 0);
	::close(fd);
}

TEST(DiskBackends, CallbacksFromMemory)
{
	MemoryDisk memory(4 << 20);
	std::string expected(4 << 20, '\0');
	Instance kernel;

	exercise(kernel, device_of(kernel, add_disk(kernel, memory.disk())), expected);
	EXPECT_TRUE(memory.content() == expected);
	EXPECT_GT(memory.reads, 0u);
	EXPECT_GT(memory.writes, 0u);
	EXPECT_GT(memory.flushes, 0u);
}

TEST(DiskBackends, PartOfAFile)
{
	const Image image(3 << 20);
	std::string whole = random_text(3 << 20, 2);

	image.set_content(whole);
	Instance kernel;
	lkl_disk disk = disk_of(image.path());

	disk.flags = LKL_DISK_NO_LOCK;
	disk.offset = 1 << 20;
	disk.bytes = 1 << 20;
	std::string expected = whole.substr(disk.offset, disk.bytes);
	const std::string device = device_of(kernel, add_disk(kernel, disk));

	EXPECT_EQ(size_of(kernel, device), disk.bytes);
	exercise(kernel, device, expected);
	whole.replace(disk.offset, disk.bytes, expected);
	EXPECT_TRUE(image.content() == whole);
	// The rest of the file, beginning in the middle of a page.
	disk.offset = (1 << 20) + 512;
	disk.bytes = 0;
	EXPECT_TRUE(get_file(kernel, device_of(kernel, add_disk(kernel, disk))) == whole.substr(disk.offset));
}

TEST(DiskBackends, RangesBeyondTheFileAreRefused)
{
	const Image image(1 << 20);
	Instance kernel;
	lkl_disk disk = disk_of(image.path());

	for (const auto &[offset, bytes] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
		     {2 << 20, 0}, {0, 2 << 20}, {512, 1 << 20}, {~0ull, 0}, {512, ~0ull}, {~0ull, ~0ull}}) {
		disk.offset = offset;
		disk.bytes = bytes;
		EXPECT_LT(lkl_disk_add(kernel, &disk), 0) << offset << "+" << bytes;
	}
}

TEST(DiskBackends, OddSizesAreRoundedDownToBlocks)
{
	Instance kernel;

	for (const std::uint64_t bytes : {512ull, 513ull, 1023ull, 4095ull, 4097ull, 1000003ull, 1048576ull + 511}) {
		const Image image(bytes);
		std::string content = random_text(bytes, bytes);

		image.set_content(content);
		const int disk = add_disk(kernel, disk_of(image.path()));
		const std::string device = device_of(kernel, disk);

		EXPECT_EQ(size_of(kernel, device), bytes / 512 * 512);
		EXPECT_TRUE(get_file(kernel, device) == content.substr(0, bytes / 512 * 512)) << bytes;
		EXPECT_EQ(lkl_disk_remove(kernel, disk), 0) << lkl_last_error(kernel);
		EXPECT_TRUE(image.content() == content);
	}
}

TEST(DiskBackends, LargeSparseDisksWork)
{
	const Image image(5ull << 40);
	Instance kernel;
	const std::string device = device_of(kernel, add_disk(kernel, disk_of(image.path())));
	const Fd fd(kernel, device, LKL_O_RDWR);
	char back[16] = {};

	EXPECT_EQ(size_of(kernel, device), 5ull << 40);
	// Beyond what 32-bit sector numbers reach.
	EXPECT_EQ(lkl_sys_pwrite64(kernel, fd, "far away", 8, (4ll << 40) + 777), 8);
	EXPECT_TRUE(ok(lkl_sys_fsync(kernel, fd)));
	const int host = ::open(image.path(), O_RDONLY | O_CLOEXEC);

	EXPECT_EQ(::pread(host, back, 8, (4ll << 40) + 777), 8);
	::close(host);
	EXPECT_STREQ(back, "far away");
}

TEST(DiskBackends, LogicalBlocksMayBeLarger)
{
	const Image image(4 << 20);
	Instance kernel;
	lkl_disk disk = disk_of(image.path());
	int block = 0;

	disk.block_bytes = 4096;
	const std::string device = device_of(kernel, add_disk(kernel, disk));
	const Fd fd(kernel, device, LKL_O_RDONLY);

	EXPECT_TRUE(ok(lkl_sys_ioctl(kernel, fd, LKL_BLKSSZGET, &block)));
	EXPECT_EQ(block, 4096);
	disk.flags = LKL_DISK_NO_LOCK;
	for (const unsigned wrong : {1u, 100u, 513u, 3000u}) {
		disk.block_bytes = wrong;
		EXPECT_LT(lkl_disk_add(kernel, &disk), 0) << wrong;
	}
}

TEST(DiskBackends, SerialIsSeenInside)
{
	const Image image(1 << 20);
	Instance kernel;
	lkl_disk disk = disk_of(image.path());

	for (const std::string serial : {"A1", "twenty-characters-20"}) {
		disk.serial = serial.c_str();
		const int number = add_disk(kernel, disk);
		const std::string name = device_of(kernel, number).substr(5);

		EXPECT_EQ(get_file(kernel, "/sys/block/" + name + "/serial"), serial);
		EXPECT_EQ(lkl_disk_remove(kernel, number), 0);
	}
}

TEST(DiskBackends, ReadOnlyDisksRefuseWrites)
{
	const Image image(1 << 20);
	const std::string content = random_text(1 << 20, 3);

	image.set_content(content);
	Instance kernel;
	const std::string device = device_of(kernel, add_disk(kernel, disk_of(image.path(), LKL_DISK_READ_ONLY)));
	int read_only = 0;
	const Fd fd(kernel, device, LKL_O_RDONLY);

	EXPECT_TRUE(ok(lkl_sys_ioctl(kernel, fd, LKL_BLKROGET, &read_only)));
	EXPECT_EQ(read_only, 1);
	const int writable = lkl_sys_openat(kernel, LKL_AT_FDCWD, device.c_str(), LKL_O_RDWR, 0);

	// Linux lets such a device be opened and fails the write.
	if (writable >= 0) {
		EXPECT_LT(lkl_sys_pwrite64(kernel, writable, "x", 1, 0) < 0
				  ? -1 : lkl_sys_fsync(kernel, writable), 0);
		lkl_sys_close(kernel, writable);
	}
	EXPECT_TRUE(get_file(kernel, device) == content);
	EXPECT_TRUE(image.content() == content);
}

TEST(DiskBackends, EightDisksAtOnce)
{
	constexpr unsigned count = 8;
	Instance kernel;
	std::vector<std::unique_ptr<MemoryDisk>> disks;
	std::vector<std::string> devices;

	for (unsigned i = 0; i < count; i++) {
		disks.push_back(std::make_unique<MemoryDisk>((i + 1) << 20));
		devices.push_back(device_of(kernel, add_disk(kernel, disks[i]->disk())));
	}
	EXPECT_EQ(std::set<std::string>(devices.begin(), devices.end()).size(), count);
	in_threads(count, [&](unsigned i) {
		std::string expected((i + 1) << 20, '\0');

		exercise(kernel, devices[i], expected);
		EXPECT_TRUE(disks[i]->content() == expected) << i;
	});
	EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
}

TEST(DiskBackends, WhatIsNoDiskIsRefusedWithItsName)
{
	Instance kernel;
	const Image empty(0);
	lkl_disk disk = disk_of("/nowhere/disk.img");

	EXPECT_EQ(lkl_disk_add(kernel, &disk), -LKL_ENOENT);
	EXPECT_NE(std::string(lkl_last_error(kernel)).find("/nowhere/disk.img"), std::string::npos)
		<< lkl_last_error(kernel);
	disk.path = "/dev/shm";
	EXPECT_EQ(lkl_disk_add(kernel, &disk), -LKL_EISDIR);
	disk.path = "/dev/null";
	EXPECT_LT(lkl_disk_add(kernel, &disk), 0);
	disk.path = empty.path();
	EXPECT_LT(lkl_disk_add(kernel, &disk), 0);
	disk.path = nullptr;
	EXPECT_EQ(lkl_disk_add(kernel, &disk), -LKL_EINVAL);
	disk.fd = 9999;
	EXPECT_EQ(lkl_disk_add(kernel, &disk), -LKL_EBADF);
	disk = disk_of(empty.path());
	disk.size = 0;
	EXPECT_EQ(lkl_disk_add(kernel, &disk), -LKL_EINVAL);
	EXPECT_EQ(lkl_disk_remove(kernel, 77), -LKL_ENXIO) << lkl_last_error(kernel);
	EXPECT_LT(lkl_disk_remove(kernel, -1), 0);
}

TEST(DiskBackends, AFileServesOneWriterOrManyReaders)
{
	const Image image(1 << 20);
	Instance first, second;
	lkl_disk disk = disk_of(image.path());
	const int writer = add_disk(first, disk);

	EXPECT_EQ(lkl_disk_add(second, &disk), -LKL_EBUSY) << lkl_last_error(second);
	EXPECT_EQ(lkl_disk_add(first, &disk), -LKL_EBUSY);
	disk.flags = LKL_DISK_READ_ONLY;
	EXPECT_EQ(lkl_disk_add(second, &disk), -LKL_EBUSY);
	disk.flags = LKL_DISK_NO_LOCK;
	EXPECT_TRUE(ok(lkl_disk_add(second, &disk)));
	EXPECT_EQ(lkl_disk_remove(first, writer), 0);
	disk.flags = LKL_DISK_READ_ONLY;
	EXPECT_TRUE(ok(lkl_disk_add(first, &disk)));
	EXPECT_TRUE(ok(lkl_disk_add(second, &disk)));
	disk.flags = LKL_DISK_OVERLAY;
	EXPECT_TRUE(ok(lkl_disk_add(second, &disk)));
}

} // namespace
