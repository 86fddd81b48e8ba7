// SPDX-License-Identifier: GPL-2.0
// The C++ API: ownership, moves, errors and callbacks.

#include <lkl.hh>

#include "support_disks.hh"

using namespace lkl::test;

namespace {

lkl::Options from_environment()
{
	lkl::Options options;

	options.cpus = cpus();
	if (const char *path = std::getenv("LKL_TEST_KERNEL"))
		options.kernel_path = path;
	return options;
}

TEST(LifeCpp, HeadersExampleWorks)
{
	const Image image(16 << 20, "mkfs.ext4 -q -F IMG");
	{
		lkl::Kernel kernel = lkl::Kernel::create(from_environment()).value();
		lkl::Disk disk = kernel.add_disk({.path = image.path()}).value();

		EXPECT_EQ(disk.device().value(), "/dev/vda");
		EXPECT_EQ(disk.probe().value(), "ext4");
		EXPECT_EQ(disk.partitions().value(), 0u);
		EXPECT_FALSE(disk.device(3).has_value());
		lkl::Mount mount = disk.mount().value();
		lkl::File file = kernel.open(mount.path() + "/file", LKL_O_CREAT | LKL_O_RDWR, 0600).value();

		EXPECT_TRUE(file.write("written in C++").has_value());
		EXPECT_EQ(file.seek(8).value(), 8u);
		EXPECT_EQ(file.read_all().value(), "in C++");
		EXPECT_EQ(file.stat().value().st_size, 14);
		EXPECT_TRUE(file.sync().has_value());
		EXPECT_EQ(mount.unmount().error().code(), LKL_EBUSY);
		EXPECT_TRUE(file.close().has_value());
		EXPECT_TRUE(file.close().has_value());
		EXPECT_EQ(disk.remove().error().code(), LKL_EBUSY);
		EXPECT_TRUE(mount.unmount().has_value());
		EXPECT_TRUE(disk.remove().has_value());
		EXPECT_TRUE(kernel.halt().has_value());
	}
	EXPECT_NO_THROW(image.run("e2fsck -fn IMG"));
}

TEST(LifeCpp, DestructorsCleanUpInAnyOrderOfScopes)
{
	const Image image(16 << 20, "mkfs.ext4 -q -F IMG");
	const lkl::Kernel kernel = lkl::Kernel::create(from_environment()).value();

	for (unsigned round = 0; round < 5; round++) {
		const lkl::Disk disk = kernel.add_disk({.path = image.path()}).value();
		const lkl::Mount mount = disk.mount({.options = "data=writeback"}).value();
		lkl::File file = kernel.open(mount.path() + "/file", LKL_O_CREAT | LKL_O_RDWR).value();

		EXPECT_TRUE(file.write(std::to_string(round)).has_value());
	}
	EXPECT_NO_THROW(image.run("e2fsck -fn IMG"));
}

TEST(LifeCpp, MovedFromObjectsOwnNothing)
{
	MemoryDisk memory(ext4_content(8 << 20));
	lkl::Kernel first = lkl::Kernel::create(from_environment()).value();
	lkl::File file = first.open("/proc/version").value();
	lkl::File other = std::move(file);

	EXPECT_TRUE(file.close().has_value());
	EXPECT_FALSE(other.read_all().value().empty());
	other = first.open("/proc/uptime").value();
	EXPECT_FALSE(other.read_all().value().empty());
	const int fd = other.release();

	EXPECT_EQ(lkl_sys_close(first.get(), fd), 0);
	lkl::Kernel second = std::move(first);

	EXPECT_GT(lkl_sys_getpid(second.get()), 0);
	EXPECT_TRUE(second.alive());
}

TEST(LifeCpp, AssignmentHaltsTheOldKernelWhoseLogStillHears)
{
	std::vector<std::string> heard[2];
	std::mutex mutex;
	auto options = [&](unsigned which) {
		lkl::Options options = from_environment();

		options.log = [&, which](int, std::uint64_t, std::string_view line) {
			const std::lock_guard guard(mutex);

			heard[which].emplace_back(line);
		};
		return options;
	};
	lkl::Kernel kernel = lkl::Kernel::create(options(0)).value();

	lkl::File mark = kernel.open("/dev/kmsg", LKL_O_WRONLY).value();
	EXPECT_TRUE(mark.write("said before\n").has_value());
	EXPECT_TRUE(mark.close().has_value());
	// The halt of the old kernel may still log, to a callback that must exist.
	kernel = lkl::Kernel::create(options(1)).value();
	EXPECT_GT(lkl_sys_getpid(kernel.get()), 0);
	EXPECT_FALSE(heard[0].empty());
	EXPECT_FALSE(heard[1].empty());
}

TEST(LifeCpp, ErrorsSayWhatAndWhy)
{
	const lkl::Kernel kernel = lkl::Kernel::create(from_environment()).value();
	const auto absent = kernel.open("/no/where");
	const auto disk = kernel.add_disk({.path = "/nowhere/disk.img"});

	ASSERT_FALSE(absent.has_value());
	EXPECT_EQ(absent.error().code(), LKL_ENOENT);
	EXPECT_NE(absent.error().message().find("/no/where"), std::string::npos);
	EXPECT_NE(absent.error().message().find("No such file or directory"), std::string::npos)
		<< absent.error().message();
	ASSERT_FALSE(disk.has_value());
	EXPECT_EQ(disk.error().code(), LKL_ENOENT);
	EXPECT_NE(disk.error().message().find("disk.img"), std::string::npos) << disk.error().message();
	// A failing read tells of the read, not of what failed before.
	lkl::File directory = kernel.open("/proc").value();
	std::byte byte;
	const auto read = directory.read(std::span(&byte, 1));

	ASSERT_FALSE(read.has_value());
	EXPECT_EQ(read.error().code(), LKL_EISDIR);
	EXPECT_NE(read.error().message().find("Is a directory"), std::string::npos) << read.error().message();
	EXPECT_EQ(read.error().message().find("disk.img"), std::string::npos) << read.error().message();
}

TEST(LifeCpp, FailedStartLeavesNothing)
{
	lkl::Options options = from_environment();

	options.kernel_path = "/dev/null";
	const auto kernel = lkl::Kernel::create(options);

	ASSERT_FALSE(kernel.has_value());
	EXPECT_GT(kernel.error().code(), 0);
	EXPECT_NE(kernel.error().message().find("/dev/null"), std::string::npos) << kernel.error().message();
}

TEST(LifeCpp, LogTailHasTheNewestLines)
{
	const lkl::Kernel kernel = lkl::Kernel::create(from_environment()).value();

	for (unsigned i = 0; i < 100; i++) {
		lkl::File log = kernel.open("/dev/kmsg", LKL_O_WRONLY).value();

		EXPECT_TRUE(log.write("line number " + std::to_string(i) + "\n").has_value());
	}
	EXPECT_TRUE(eventually([&] { return kernel.log_tail(7).find("line number 99") != std::string::npos; }));
	const std::string short_tail = kernel.log_tail(7, 64);

	EXPECT_NE(short_tail.find("line number 99"), std::string::npos) << short_tail;
	EXPECT_EQ(short_tail.find("line number 9\n"), std::string::npos);
}

} // namespace
