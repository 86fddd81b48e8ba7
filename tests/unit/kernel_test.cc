// SPDX-License-Identifier: GPL-2.0
// The life of an instance around an image that is none: attaching, ending threads,
// halting and dying in every order.
#include "kernel.hh"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <lkl/abi.h>

#include "lkl.h"
#include "tests/unit/fake_image.hh"

namespace lkl::test {
namespace {

// A kernel as lkl_create() makes it, but from a FakeImage.
class Instance {
public:
	explicit Instance(FakeImage &image, lkl_options options = {})
		: kernel_(new lkl_kernel(options, image.source()))
	{
	}
	~Instance() { lkl_destroy(kernel_); }

	operator lkl_kernel *() const { return kernel_; }
	std::int64_t call(std::int64_t nr) const
	{
		const std::int64_t args[6] = {};

		return lkl_syscall(kernel_, nr, args);
	}

private:
	lkl_kernel *kernel_;
};

struct Running {
	Running() { EXPECT_EQ(lkl_start(instance), 0) << lkl_last_error(instance); }

	FakeImage image;
	Instance instance{image};
};

TEST(Kernel, CallsNeedAStart)
{
	FakeImage image;
	Instance instance(image);

	EXPECT_EQ(instance.call(LKL_SYS_getpid), -LKL_EINVAL);
	EXPECT_STREQ(lkl_last_error(instance),
		     "this instance was not started: Invalid argument");
	ASSERT_EQ(lkl_start(instance), 0);
	EXPECT_EQ(instance.call(LKL_SYS_getpid), 1);
	EXPECT_EQ(lkl_start(instance), -LKL_EINVAL);
	EXPECT_EQ(lkl_halt(instance), 0);
	EXPECT_EQ(instance.call(LKL_SYS_getpid), -LKL_ESHUTDOWN);
	EXPECT_EQ(lkl_attach(instance), -LKL_ESHUTDOWN);
	EXPECT_EQ(lkl_halt(instance), 0);
	EXPECT_EQ(image.halted, 1);
}

TEST(Kernel, CommandLineStopsAnOops)
{
	FakeImage image;
	lkl_options options = {};

	options.command_line = "debug";

	Instance instance(image, options);

	ASSERT_EQ(lkl_start(instance), 0);
	EXPECT_EQ(image.command_line, "rcupdate.rcu_expedited=1 oops=panic debug");
}

TEST(Kernel, CommandLineOfTheCallerDecidesAboutAnOops)
{
	FakeImage image;
	lkl_options options = {};

	options.command_line = "debug oops=continue";

	Instance instance(image, options);

	ASSERT_EQ(lkl_start(instance), 0);
	EXPECT_EQ(image.command_line, "rcupdate.rcu_expedited=1 debug oops=continue");
}

TEST(Kernel, ThreadsAttachOnceAndDetachAtTheirEnd)
{
	Running running;

	for (unsigned i = 0; i < 3; i++)
		std::thread([&] {
			EXPECT_EQ(running.instance.call(LKL_SYS_getpid), 1);
			EXPECT_EQ(lkl_attach(running.instance), 0);
			EXPECT_EQ(running.instance.call(LKL_SYS_getpid), 1);
		}).join();
	EXPECT_EQ(running.image.attached, 3);
	EXPECT_EQ(running.image.detached, 3);
}

TEST(Kernel, DetachedThreadsAttachAgain)
{
	Running running;

	lkl_detach(running.instance);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_EQ(running.instance.call(LKL_SYS_getpid), 1);
		lkl_detach(running.instance);
	}
	EXPECT_EQ(running.image.attached, 3);
	EXPECT_EQ(running.image.detached, 3);
}

TEST(Kernel, OneThreadInTwoInstances)
{
	Running a, b;

	for (unsigned i = 0; i < 100; i++) {
		EXPECT_EQ(a.instance.call(LKL_SYS_getpid), 1);
		EXPECT_EQ(b.instance.call(LKL_SYS_getpid), 1);
	}
	EXPECT_EQ(a.image.attached, 1);
	EXPECT_EQ(b.image.attached, 1);
	EXPECT_EQ(lkl_halt(a.instance), 0);
	EXPECT_EQ(a.instance.call(LKL_SYS_getpid), -LKL_ESHUTDOWN);
	EXPECT_EQ(b.instance.call(LKL_SYS_getpid), 1);
}

TEST(Kernel, ThreadOutlivesManyInstances)
{
	// Addresses come again, tasks must not.
	for (unsigned i = 0; i < 50; i++) {
		FakeImage image;
		{
			Instance instance(image);

			ASSERT_EQ(lkl_start(instance), 0);
			EXPECT_EQ(instance.call(LKL_SYS_getpid), 1);
		}
		EXPECT_EQ(image.attached, 1);
		EXPECT_EQ(image.detached, 0);
		EXPECT_EQ(image.halted, 1);
	}
}

TEST(Kernel, ThreadEndsAfterItsInstance)
{
	auto running = std::make_unique<Running>();
	std::mutex gate;
	std::unique_lock closed(gate);
	std::thread thread([&, instance = &running->instance] {
		instance->call(LKL_SYS_getpid);
		running->image.in_call = nullptr;
		std::lock_guard wait(gate);
	});

	while (running->image.attached == 0)
		std::this_thread::yield();
	while (running->image.inside)
		std::this_thread::yield();
	EXPECT_EQ(lkl_halt(running->instance), 0);
	EXPECT_EQ(running->image.detached, 0);
	closed.unlock();
	thread.join();
	running.reset();
}

TEST(Kernel, HaltBringsBlockedThreadsOut)
{
	constexpr int count = 8;
	Running running;
	std::vector<std::thread> threads;

	for (int i = 0; i < count; i++)
		threads.emplace_back([&] {
			EXPECT_EQ(running.instance.call(sys_block), -LKL_EINTR);
			EXPECT_EQ(running.instance.call(sys_block), -LKL_ESHUTDOWN);
		});
	running.image.wait_blocked(count);
	EXPECT_EQ(lkl_halt(running.instance), 0);
	EXPECT_EQ(running.image.interrupts, count);
	EXPECT_EQ(running.image.quiesced, 1);
	for (std::thread &thread : threads)
		thread.join();
	EXPECT_EQ(running.image.inside, 0);
}

TEST(Kernel, HaltFromSeveralThreadsIsOneHalt)
{
	Running running;
	std::vector<std::thread> threads;

	running.image.mounts = "/dev/vda /mnt ext4 rw 0 0\n";
	running.image.busy = {"/mnt", "/mnt"};
	for (unsigned i = 0; i < 4; i++)
		threads.emplace_back([&] { EXPECT_EQ(lkl_halt(running.instance), -LKL_EBUSY); });
	for (std::thread &thread : threads)
		thread.join();
	EXPECT_EQ(running.image.halted, 1);
	EXPECT_EQ(running.image.quiesced, 1);
}

TEST(Kernel, HaltWhileThreadsComeAndGo)
{
	for (unsigned round = 0; round < 30; round++) {
		Running running;
		std::vector<std::thread> threads;
		std::atomic<unsigned> started = 0;

		for (unsigned i = 0; i < 6; i++)
			threads.emplace_back([&, i] {
				std::int64_t result = 0;

				started++;
				while (result >= 0) {
					if (i < 2)
						result = running.instance.call(LKL_SYS_getpid);
					else if (i < 4)
						std::thread([&] {
							result = running.instance.call(LKL_SYS_getpid);
						}).join();
					else {
						result = running.instance.call(LKL_SYS_getpid);
						lkl_detach(running.instance);
					}
				}
				EXPECT_EQ(result, -LKL_ESHUTDOWN);
			});
		while (started < 6 || running.image.calls < 100)
			std::this_thread::yield();
		EXPECT_EQ(lkl_halt(running.instance), 0);
		for (std::thread &thread : threads)
			thread.join();
		EXPECT_EQ(running.image.inside, 0);
	}
}

TEST(Kernel, UnmountsInReverseAndSkipsWhatIsVolatile)
{
	Running running;

	running.image.mounts = "rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n"
			       "/dev/vda /mnt/a ext4 rw 0 0\n/dev/vdb /mnt/a/b\\040c xfs rw 0 0\n"
			       "tmpfs /tmp tmpfs rw 0 0\n";
	EXPECT_EQ(lkl_halt(running.instance), 0);
	EXPECT_EQ(running.image.unmounted, (std::vector<std::string>{"/mnt/a/b c", "/mnt/a"}));
}

TEST(Kernel, WhatOthersKeepBusyIsTriedAgain)
{
	Running running;

	running.image.mounts = "/dev/vda /a ext4 rw 0 0\n/dev/loop0 /b ext4 rw 0 0\n";
	running.image.busy = {"/b"};
	EXPECT_EQ(lkl_halt(running.instance), 0) << lkl_last_error(running.instance);
	EXPECT_EQ(running.image.unmounted, (std::vector<std::string>{"/a", "/b"}));
}

TEST(Kernel, WhatStaysMountedIsReported)
{
	Running running;

	running.image.mounts = "/dev/vda /a ext4 rw 0 0\n/dev/vdb /b xfs rw 0 0\n";
	running.image.busy = {"/b", "/b", "/b"};
	EXPECT_EQ(lkl_halt(running.instance), -LKL_EBUSY);
	EXPECT_NE(std::string(lkl_last_error(running.instance)).find("unmount /b (/dev/vdb)"),
		  std::string::npos)
		<< lkl_last_error(running.instance);
	EXPECT_EQ(running.image.unmounted, std::vector<std::string>{"/a"});
	EXPECT_EQ(running.image.halted, 1);
}

TEST(Kernel, DeathIsReportedToEverybody)
{
	Running running;
	std::thread blocked([&] {
		EXPECT_EQ(running.instance.call(sys_block), -LKL_EIO);
		EXPECT_EQ(lkl_health(running.instance), -LKL_EIO);
	});

	running.image.wait_blocked(1);
	EXPECT_EQ(lkl_health(running.instance), 0);
	EXPECT_EQ(running.instance.call(sys_die), -LKL_EIO);
	EXPECT_NE(std::string(lkl_last_error(running.instance)).find("told to die"),
		  std::string::npos)
		<< lkl_last_error(running.instance);
	blocked.join();
	std::thread([&] {
		EXPECT_EQ(running.instance.call(LKL_SYS_getpid), -LKL_EIO);
		EXPECT_EQ(lkl_attach(running.instance), -LKL_EIO);
	}).join();
	EXPECT_EQ(lkl_halt(running.instance), -LKL_EIO);
	EXPECT_NE(std::string(lkl_last_error(running.instance)).find("told to die"),
		  std::string::npos);
	EXPECT_EQ(running.image.quiesced, 0);
	EXPECT_EQ(running.image.halted, 1);
	EXPECT_EQ(running.image.detached, 0);
	EXPECT_TRUE(running.image.unmounted.empty());
}

TEST(Kernel, DeathInAnAttachLeavesTheImageItsThread)
{
	Running running;

	running.image.die_in_attach = true;
	std::thread([&] { EXPECT_EQ(lkl_attach(running.instance), -LKL_EIO); }).join();
	EXPECT_EQ(lkl_halt(running.instance), -LKL_EIO);
	EXPECT_EQ(running.image.halted, 1);
}

TEST(Kernel, FailedBootsAreErrors)
{
	for (int result : {-LKL_EINVAL, -LKL_EIO}) {
		FakeImage image;
		Instance instance(image);

		image.boot_result = result;
		EXPECT_EQ(lkl_start(instance), result);
		EXPECT_EQ(image.halted, result == -LKL_EIO ? 1 : 0);
		EXPECT_LT(instance.call(LKL_SYS_getpid), 0);
		EXPECT_EQ(lkl_halt(instance), 0);
		EXPECT_LT(lkl_start(instance), 0);
	}
}

TEST(Kernel, LastErrorHasTheKernelsComplaint)
{
	Running running;

	EXPECT_EQ(running.instance.call(sys_complain), -LKL_EIO);
	EXPECT_STREQ(lkl_last_error(running.instance),
		     "system call 5003: Input/output error: EXT4-fs error (device vda): bad block");
	// Of another call, without the old complaint; and of this thread only.
	EXPECT_EQ(lkl_disk_remove(running.instance, 3), -LKL_ENXIO);
	EXPECT_STREQ(lkl_last_error(running.instance), "disk 3: No such device or address");
	std::thread([&] { EXPECT_STREQ(lkl_last_error(running.instance), "no error"); }).join();
}

struct CallsAtItsEnd {
	~CallsAtItsEnd()
	{
		if (instance)
			result = instance->call(LKL_SYS_getpid);
	}

	Instance *instance = nullptr;
	static inline std::int64_t result = 0;
};
thread_local CallsAtItsEnd calls_at_its_end;

TEST(Kernel, CallsFromThreadLocalDestructors)
{
	Running running;

	for (bool before : {true, false}) {
		std::thread([&] {
			// Destroyed in reverse: before or after the library's own.
			if (before)
				running.instance.call(LKL_SYS_getpid);
			calls_at_its_end.instance = &running.instance;
			if (!before)
				running.instance.call(LKL_SYS_getpid);
		}).join();
		EXPECT_EQ(CallsAtItsEnd::result, 1);
		CallsAtItsEnd::result = 0;
		EXPECT_EQ(running.image.attached, running.image.detached);
	}
}

TEST(Kernel, LogLinesReachCallbackAndTail)
{
	static std::vector<std::string> lines;
	FakeImage image;
	lkl_options options = {};

	lines.clear();
	options.log = [](void *, int level, std::uint64_t, const char *line) {
		lines.push_back(std::to_string(level) + line);
	};

	Instance instance(image, options);

	ASSERT_EQ(lkl_start(instance), 0);
	instance.call(sys_complain);
	EXPECT_EQ(lines, std::vector<std::string>{"2EXT4-fs error (device vda): bad block"});

	char tail[64];

	EXPECT_EQ(lkl_log_tail(instance, 7, tail, sizeof(tail)), 37u);
	EXPECT_STREQ(tail, "EXT4-fs error (device vda): bad block");
	EXPECT_EQ(lkl_log_tail(instance, 7, tail, 37), 0u);
	EXPECT_EQ(lkl_log_tail(instance, 7, nullptr, 0), 0u);
}

TEST(Kernel, DisksAreCheckedBeforeTheyArePlugged)
{
	Running running;
	lkl_disk disk = {};

	EXPECT_EQ(lkl_disk_add(running.instance, nullptr), -LKL_EINVAL);
	EXPECT_EQ(lkl_disk_add(running.instance, &disk), -LKL_EINVAL);
	disk.size = sizeof(disk);
	disk.fd = -1;
	EXPECT_EQ(lkl_disk_add(running.instance, &disk), -LKL_EINVAL);
	disk.path = "/nowhere/disk.img";
	EXPECT_EQ(lkl_disk_add(running.instance, &disk), -LKL_ENOENT);
	EXPECT_NE(std::string(lkl_last_error(running.instance)).find("/nowhere/disk.img"),
		  std::string::npos);
	disk.block_bytes = 1000;
	EXPECT_EQ(lkl_disk_add(running.instance, &disk), -LKL_EINVAL);
	disk.block_bytes = 0;
	disk.flags = 1u << 31;
	EXPECT_EQ(lkl_disk_add(running.instance, &disk), -LKL_EINVAL);
}

TEST(Kernel, DisksGoWithTheHalt)
{
	static const lkl_disk_ops ops = {
		sizeof(ops), 0, [](void *, void *, std::size_t, std::uint64_t) { return 0; },
		nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
	Running running;
	lkl_disk disk = {};
	char path[32];

	disk.size = sizeof(disk);
	disk.ops = &ops;
	disk.bytes = 1 << 20;
	ASSERT_EQ(lkl_disk_add(running.instance, &disk), 0) << lkl_last_error(running.instance);
	ASSERT_EQ(lkl_disk_add(running.instance, &disk), 1);
	EXPECT_EQ(lkl_disk_device(running.instance, 1, 0, path, sizeof(path)), 0);
	EXPECT_STREQ(path, "/dev/vda");
	EXPECT_EQ(lkl_disk_device(running.instance, 1, 0, path, 8), -LKL_ERANGE);
	EXPECT_EQ(lkl_disk_remove(running.instance, 0), 0);
	EXPECT_EQ(lkl_disk_remove(running.instance, 0), -LKL_ENXIO);
	EXPECT_EQ(lkl_halt(running.instance), 0);
	EXPECT_EQ(lkl_disk_remove(running.instance, 1), -LKL_ENXIO);
}

TEST(Kernel, OptionsOfOtherVersions)
{
	lkl_kernel *kernel = nullptr;
	struct {
		lkl_options known;
		std::uint64_t unknown;
	} newer = {};

	newer.known.size = sizeof(newer);
	EXPECT_EQ(lkl_create(&newer.known, &kernel), 0);
	lkl_destroy(kernel);
	newer.unknown = 1;
	EXPECT_EQ(lkl_create(&newer.known, &kernel), -LKL_E2BIG);
	newer.known.size = 0;
	EXPECT_EQ(lkl_create(&newer.known, &kernel), -LKL_EINVAL);
	EXPECT_STRNE(lkl_last_error(nullptr), "");
	// An older caller's structure ends early; what follows is not looked at.
	newer.known.size = offsetof(lkl_options, memory_bytes);
	newer.known.memory_bytes = 1;
	EXPECT_EQ(lkl_create(&newer.known, &kernel), 0);
	lkl_destroy(kernel);
	newer.known.size = sizeof(newer.known);
	EXPECT_EQ(lkl_create(&newer.known, &kernel), -LKL_EINVAL);
	newer.known.memory_bytes = ~0ull;
	EXPECT_EQ(lkl_create(&newer.known, &kernel), -LKL_ENOMEM);
}

} // namespace
} // namespace lkl::test
