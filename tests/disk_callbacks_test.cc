// SPDX-License-Identifier: GPL-2.0
// Disks of callbacks that have the later members of lkl_disk_ops, and those that do not.

#include "support_disks.hh"

#include <cstddef>
#include <mutex>

using namespace lkl::test;

namespace {

constexpr std::uint64_t mib = 1 << 20;

/// Takes requests as a whole, and remembers what it was asked.
struct WholeDisk {
	explicit WholeDisk(std::size_t bytes) : data(bytes, 'x') {}

	lkl_disk disk()
	{
		lkl_disk given = disk_of(nullptr);

		given.ops = &ops;
		given.user = this;
		given.bytes = data.size();
		return given;
	}

	static WholeDisk &self(void *user) { return *static_cast<WholeDisk *>(user); }

	static int readv(void *user, const lkl_buffer *buffers, std::size_t count, std::uint64_t offset)
	{
		WholeDisk &disk = self(user);
		const std::lock_guard guard(disk.mutex);

		disk.requests++;
		for (std::size_t i = 0; i < count; i++) {
			std::memcpy(buffers[i].data, disk.data.data() + offset, buffers[i].bytes);
			offset += buffers[i].bytes;
		}
		return disk.result;
	}

	static int writev(void *user, const lkl_buffer *buffers, std::size_t count, std::uint64_t offset)
	{
		WholeDisk &disk = self(user);
		const std::lock_guard guard(disk.mutex);

		disk.requests++;
		for (std::size_t i = 0; i < count; i++) {
			std::memcpy(disk.data.data() + offset, buffers[i].data, buffers[i].bytes);
			offset += buffers[i].bytes;
		}
		return disk.result;
	}

	static int discard(void *user, std::uint64_t offset, std::uint64_t bytes)
	{
		const std::lock_guard guard(self(user).mutex);

		self(user).data.replace(offset, bytes, bytes, 'd');
		return self(user).result;
	}

	static int zero(void *user, std::uint64_t offset, std::uint64_t bytes)
	{
		const std::lock_guard guard(self(user).mutex);

		self(user).zeroed += bytes;
		self(user).data.replace(offset, bytes, bytes, '\0');
		return self(user).result;
	}

	lkl_disk_ops ops = {sizeof(lkl_disk_ops), 0, nullptr, nullptr, nullptr, discard, zero, readv, writev};
	std::mutex mutex;
	std::string data;
	unsigned requests = 0;
	std::uint64_t zeroed = 0;
	int result = 0;
};

TEST(DiskCallbacks, RequestsComeAsAWhole)
{
	WholeDisk memory(8 * mib);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDWR);
	std::string text(4 * mib, '\0');

	Random(3).fill(text.data(), text.size());
	memory.requests = 0;
	ASSERT_EQ(lkl_sys_pwrite64(kernel, device, text.data(), text.size(), mib), std::int64_t(text.size()));
	ASSERT_TRUE(ok(lkl_sys_fsync(kernel, device)));
	EXPECT_TRUE(memory.data.substr(mib, text.size()) == text);
	EXPECT_TRUE(memory.data.substr(0, mib) == std::string(mib, 'x'));
	// 1024 pages.
	EXPECT_LT(memory.requests, 64u);

	Instance other;
	memory.requests = 0;
	EXPECT_TRUE(get_file(other, device_of(other, add_disk(other, memory.disk()))) == memory.data);
	EXPECT_LT(memory.requests, 200u);
}

TEST(DiskCallbacks, AreToldOfDiscardsAndZeroes)
{
	WholeDisk memory(16 * mib);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDWR);
	lkl_u64 discard[2] = {4 * mib, 2 * mib}, zero[2] = {8 * mib, 2 * mib};

	ASSERT_TRUE(ok(lkl_sys_ioctl(kernel, device, LKL_BLKDISCARD, discard)));
	ASSERT_TRUE(ok(lkl_sys_ioctl(kernel, device, LKL_BLKZEROOUT, zero)));
	EXPECT_EQ(memory.zeroed, 2 * mib);
	EXPECT_TRUE(memory.data == std::string(4 * mib, 'x') + std::string(2 * mib, 'd') +
					   std::string(2 * mib, 'x') + std::string(2 * mib, '\0') +
					   std::string(6 * mib, 'x'));
}

TEST(DiskCallbacks, ErrorsOfTheLaterMembersCount)
{
	WholeDisk memory(8 * mib);
	Instance kernel;
	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDWR);
	lkl_u64 range[2] = {mib, mib};
	char byte = 0;

	memory.result = -LKL_EIO;
	EXPECT_EQ(lkl_sys_ioctl(kernel, device, LKL_BLKDISCARD, range), -LKL_EIO);
	EXPECT_EQ(lkl_sys_pread64(kernel, device, &byte, 1, 4 * mib), -LKL_EIO);
	memory.result = 0;
	EXPECT_EQ(lkl_sys_pread64(kernel, device, &byte, 1, 5 * mib), 1);
}

TEST(DiskCallbacks, ProgramsBuiltBeforeTheLaterMembersWork)
{
	WholeDisk memory(8 * mib);
	Instance kernel;

	memory.ops.read = [](void *user, void *buffer, std::size_t bytes, std::uint64_t offset) {
		const lkl_buffer one = {buffer, bytes};

		return WholeDisk::readv(user, &one, 1, offset);
	};
	memory.ops.write = [](void *user, const void *buffer, std::size_t bytes, std::uint64_t offset) {
		const lkl_buffer one = {const_cast<void *>(buffer), bytes};

		return WholeDisk::writev(user, &one, 1, offset);
	};
	// What is behind it was never written.
	memory.ops.size = offsetof(lkl_disk_ops, discard);

	const Fd device(kernel, device_of(kernel, add_disk(kernel, memory.disk())), LKL_O_RDWR);
	lkl_u64 zero[2] = {mib, mib};

	ASSERT_TRUE(ok(lkl_sys_ioctl(kernel, device, LKL_BLKZEROOUT, zero)));
	EXPECT_EQ(memory.zeroed, 0u);
	EXPECT_TRUE(memory.data.substr(mib, mib) == std::string(mib, '\0'));
	EXPECT_TRUE(memory.data.substr(2 * mib) == std::string(6 * mib, 'x'));
}

} // namespace
