// SPDX-License-Identifier: GPL-2.0
// Disks that come and go while the kernel runs.

#include "support_disks.hh"

#include <memory>

using namespace lkl::test;

namespace {

TEST(DiskHotplug, ComeAndGoWithoutLeavingAnything)
{
	MemoryDisk memory(1 << 20);
	const Image image(1 << 20);
	Instance kernel;
	auto cycle = [&] {
		const int a = add_disk(kernel, memory.disk()), b = add_disk(kernel, disk_of(image.path()));

		get_file(kernel, device_of(kernel, a));
		put_file(kernel, device_of(kernel, b), "x");
		ASSERT_EQ(lkl_disk_remove(kernel, a), 0) << lkl_last_error(kernel);
		ASSERT_EQ(lkl_disk_remove(kernel, b), 0) << lkl_last_error(kernel);
	};

	for (unsigned round = 0; round < 10; round++)
		cycle();
	const Usage before = Usage::now();

	for (unsigned round = 0; round < 100; round++)
		cycle();
	const Usage after = Usage::now();

	EXPECT_LE(after.threads, before.threads);
	EXPECT_EQ(after.descriptors, before.descriptors);
	// Freed vmalloc areas are unmapped lazily, see PURGE_AFTER in arch/lkl/mm/vmap.c.
	EXPECT_LE(after.mappings, before.mappings + 1024 + 256);
	EXPECT_LE(after.resident_kib, before.resident_kib + 8192);
	EXPECT_EQ(names_in(kernel, "/sys/block").count("vda"), 0u);
}

TEST(DiskHotplug, RemovedDiskIsGoneAndItsNumberRefused)
{
	MemoryDisk memory(1 << 20);
	Instance kernel;
	const int disk = add_disk(kernel, memory.disk());
	const std::string device = device_of(kernel, disk);
	char buffer[64];

	EXPECT_EQ(lkl_disk_remove(kernel, disk), 0);
	EXPECT_EQ(lkl_disk_remove(kernel, disk), -LKL_ENXIO);
	EXPECT_LT(lkl_disk_device(kernel, disk, 0, buffer, sizeof(buffer)), 0);
	EXPECT_LT(lkl_disk_partitions(kernel, disk), 0);
	EXPECT_TRUE(eventually([&] { return !exists(kernel, device); }));
}

TEST(DiskHotplug, MountedDiskStays)
{
	MemoryDisk memory(ext4_content(16 << 20));
	Instance kernel;
	const int disk = add_disk(kernel, memory.disk());
	const std::string at = mount_disk(kernel, disk);

	put_file(kernel, at + "/file", "content");
	EXPECT_EQ(lkl_disk_remove(kernel, disk), -LKL_EBUSY);
	EXPECT_NE(std::string(lkl_last_error(kernel)), "");
	EXPECT_EQ(get_file(kernel, at + "/file"), "content");
	EXPECT_EQ(lkl_umount(kernel, at.c_str()), 0);
	EXPECT_EQ(lkl_disk_remove(kernel, disk), 0) << lkl_last_error(kernel);
}

TEST(DiskHotplug, OpenDeviceFailsAfterRemovalOrKeepsTheDisk)
{
	MemoryDisk memory(1 << 20);
	Instance kernel;
	const int disk = add_disk(kernel, memory.disk());
	Fd device(kernel, device_of(kernel, disk), LKL_O_RDONLY);
	char byte;

	if (lkl_disk_remove(kernel, disk) == 0) {
		must(lkl_sys_fadvise64(kernel, device, 0, 0, LKL_POSIX_FADV_DONTNEED), "fadvise");
		// An error, or the end of a device without size.
		EXPECT_LE(lkl_sys_pread64(kernel, device, &byte, 1, 500000), 0);
		device.close();
	} else {
		EXPECT_EQ(lkl_sys_pread64(kernel, device, &byte, 1, 500000), 1);
		device.close();
		EXPECT_EQ(lkl_disk_remove(kernel, disk), 0) << lkl_last_error(kernel);
	}
	EXPECT_EQ(lkl_health(kernel), 0);
}

TEST(DiskHotplug, RemovalWaitsForInputAndOutputInFlight)
{
	for (unsigned round = 0; round < scaled(5); round++) {
		Instance kernel;
		auto memory = std::make_unique<MemoryDisk>(8 << 20);
		const int disk = add_disk(kernel, memory->disk());
		const std::string device = device_of(kernel, disk);
		std::vector<std::thread> readers;
		std::atomic<bool> stop = false;

		memory->delay_us = 2000;
		for (unsigned i = 0; i < 4; i++)
			readers.emplace_back([&, i] {
				Random random(i);
				std::vector<char> buffer(4096);

				while (!stop) {
					const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, device.c_str(),
								      LKL_O_RDONLY, 0);

					if (fd < 0)
						break;
					lkl_sys_pread64(kernel, fd, buffer.data(), buffer.size(),
							lkl_s64(random.below(2000) * 4096));
					lkl_sys_close(kernel, fd);
				}
			});
		eventually([&] { return memory->reads > 20; });
		const int result = lkl_disk_remove(kernel, disk);

		if (result == 0) {
			// Nobody may use the callbacks any more: the disk's memory goes.
			EXPECT_EQ(memory->in_flight, 0u);
			memory.reset();
		} else {
			EXPECT_EQ(result, -LKL_EBUSY);
		}
		stop = true;
		for (std::thread &reader : readers)
			reader.join();
		EXPECT_EQ(lkl_health(kernel), 0);
		// While the disk's memory still lives: the halt may flush to it.
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	}
}

TEST(DiskHotplug, HaltReleasesDisks)
{
	const Image image(1 << 20);
	const std::string text(1 << 20, 'w');

	for (unsigned round = 0; round < 3; round++) {
		Instance kernel;
		const std::string device = device_of(kernel, add_disk(kernel, disk_of(image.path())));
		const Fd fd(kernel, device, LKL_O_RDWR);

		write_all(kernel, fd, text.substr(0, (round + 1) * 1000));
		// Unwritten data and an open device: the halt flushes and lets go.
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
		EXPECT_EQ(image.content().substr(0, (round + 1) * 1000), text.substr(0, (round + 1) * 1000));
		// The advisory lock is free again although the instance still exists.
		Instance next;

		EXPECT_TRUE(ok(add_disk(next, disk_of(image.path()))));
	}
}

TEST(DiskHotplug, HaltWithInputAndOutputInFlight)
{
	for (unsigned round = 0; round < scaled(5); round++) {
		MemoryDisk memory(8 << 20);
		Instance kernel;
		const std::string device = device_of(kernel, add_disk(kernel, memory.disk()));
		std::vector<std::thread> workers;

		memory.delay_us = 3000;
		for (unsigned i = 0; i < 6; i++)
			workers.emplace_back([&, i] {
				const std::string data(4096, char('a' + i));
				std::int64_t result = lkl_sys_openat(kernel, LKL_AT_FDCWD, device.c_str(),
								     LKL_O_RDWR | LKL_O_SYNC, 0);
				const int fd = static_cast<int>(result);

				for (unsigned at = i; result >= 0; at = (at + 6) % 2048)
					result = lkl_sys_pwrite64(kernel, fd, data.data(), data.size(),
								  lkl_s64(at) * 4096);
				EXPECT_TRUE(result == -LKL_EINTR || result == -LKL_ESHUTDOWN ||
					    result == -LKL_EIO) << result;
			});
		eventually([&] { return memory.writes > 10; });
		lkl_halt(kernel);
		for (std::thread &worker : workers)
			worker.join();
		EXPECT_EQ(memory.in_flight, 0u);
	}
}

TEST(DiskHotplug, ThreadsAddAndRemoveTheirOwnAtOnce)
{
	Instance kernel;

	in_threads(4, [&](unsigned i) {
		MemoryDisk memory(1 << 20);

		for (unsigned round = 0; round < scaled(10); round++) {
			const int disk = add_disk(kernel, memory.disk());
			const std::string mark = std::to_string(i * 1000 + round);

			put_file(kernel, device_of(kernel, disk), mark);
			EXPECT_EQ(get_file(kernel, device_of(kernel, disk)).substr(0, mark.size()), mark);
			EXPECT_EQ(lkl_disk_remove(kernel, disk), 0) << lkl_last_error(kernel);
			EXPECT_EQ(memory.content().substr(0, mark.size()), mark);
		}
	});
}

} // namespace
