// SPDX-License-Identifier: GPL-2.0
// Virtual time: nobody waits, and the same calls have the same results.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t day = 86'400 * second;
constexpr std::uint64_t start_ns = 1'000'000'000ull * second;	// September 2001

Setup virtual_setup(std::array<std::uint64_t, 4> seed = {1, 2, 3, 4})
{
	Setup setup;

	setup.cpus = 1;
	setup.virtual_start_ns = start_ns;
	setup.seed = seed;
	return setup;
}

std::int64_t now(lkl_kernel *kernel, int clock = LKL_CLOCK_REALTIME)
{
	lkl_timespec time = {};

	must(lkl_sys_clock_gettime(kernel, clock, &time), "clock_gettime");
	return time.tv_sec * second + time.tv_nsec;
}

void sleep_for(lkl_kernel *kernel, std::int64_t ns)
{
	const lkl_timespec time = {ns / second, ns % second};

	must(lkl_sys_nanosleep(kernel, &time, nullptr), "nanosleep");
}

std::string random_bytes(lkl_kernel *kernel)
{
	std::string bytes(64, '\0');

	must(lkl_sys_getrandom(kernel, bytes.data(), bytes.size(), 0), "getrandom");
	return bytes;
}

TEST(LifeVirtualTime, BeginsWhereItIsTold)
{
	const auto first_look = [] {
		Instance kernel(virtual_setup());

		return now(kernel);
	};
	const std::int64_t first = first_look();

	EXPECT_GE(first, std::int64_t(start_ns));
	EXPECT_LT(first, std::int64_t(start_ns) + 60 * second);
	EXPECT_EQ(first, first_look());
}

TEST(LifeVirtualTime, DaysAreSleptAtOnce)
{
	Instance kernel(virtual_setup());
	const std::int64_t before = now(kernel);
	const std::int64_t before_monotonic = now(kernel, LKL_CLOCK_MONOTONIC);

	for (unsigned i = 0; i < 3; i++)
		sleep_for(kernel, day);
	EXPECT_GE(now(kernel), before + 3 * day);
	EXPECT_LT(now(kernel), before + 3 * day + second);
	EXPECT_GE(now(kernel, LKL_CLOCK_MONOTONIC), before_monotonic + 3 * day);
}

TEST(LifeVirtualTime, StandsStillWhileNobodyCalls)
{
	Instance kernel(virtual_setup());
	const std::int64_t before = now(kernel);

	std::this_thread::sleep_for(300ms);
	EXPECT_LT(now(kernel), before + second / 1000);
}

TEST(LifeVirtualTime, EveryCallTakesAMoment)
{
	Instance kernel(virtual_setup());
	const std::int64_t before = now(kernel);

	for (unsigned i = 0; i < 1000; i++)
		lkl_sys_getpid(kernel);
	EXPECT_GE(now(kernel), before + 1000 * 1000);
}

TEST(LifeVirtualTime, TimeoutsEndWaits)
{
	Instance kernel(virtual_setup());
	const Pipe pipe(kernel);
	lkl_pollfd poll = {pipe.reader, LKL_POLLIN, 0};
	lkl_timespec hour = {3600, 0};
	const std::int64_t before = now(kernel);

	EXPECT_EQ(lkl_sys_ppoll(kernel, &poll, 1, &hour, nullptr, 0), 0);
	EXPECT_GE(now(kernel), before + 3600 * second);
}

TEST(LifeVirtualTime, OneThreadWakesAnother)
{
	Instance kernel(virtual_setup());
	const Pipe pipe(kernel);
	std::string got;
	std::int64_t read_at = 0;

	in_threads(2, [&](unsigned number) {
		if (number == 0) {
			got = read_all(kernel, pipe.reader, 5);
			read_at = now(kernel);
		} else {
			sleep_for(kernel, 3600 * second);
			write_all(kernel, pipe.writer, "hello");
		}
	});
	EXPECT_EQ(got, "hello");
	EXPECT_GE(read_at, std::int64_t(start_ns) + 3600 * second);
}

TEST(LifeVirtualTime, SleepersWakeInTheOrderOfTheirTimes)
{
	Instance kernel(virtual_setup());
	std::array<std::int64_t, 8> woken = {};

	in_threads(8, [&](unsigned number) {
		for (unsigned i = 0; i < 50; i++)
			sleep_for(kernel, (number + 1) * second);
		woken[number] = now(kernel);
	});
	for (unsigned number = 0; number < 8; number++)
		EXPECT_GE(woken[number], std::int64_t(start_ns) + 50 * (number + 1) * second) << number;
}

TEST(LifeVirtualTime, WaitingForEverHoldsUpNobody)
{
	Instance kernel(virtual_setup());
	const Pipe pipe(kernel);
	std::thread waiter([&] {
		char byte;

		EXPECT_EQ(lkl_sys_read(kernel, pipe.reader, &byte, 1), 1);
	});

	for (unsigned i = 0; i < 1000; i++)
		sleep_for(kernel, second);
	write_all(kernel, pipe.writer, "x");
	waiter.join();
}

TEST(LifeVirtualTime, HaltEndsWaits)
{
	Instance kernel(virtual_setup());
	const Pipe pipe(kernel);
	std::atomic<bool> about_to_wait = false;
	std::int64_t result = 0;
	std::thread waiter([&] {
		char byte;

		must(lkl_attach(kernel), "attach");
		about_to_wait = true;
		result = lkl_sys_read(kernel, pipe.reader, &byte, 1);
	});

	ASSERT_TRUE(eventually([&] { return about_to_wait.load(); }));
	std::this_thread::sleep_for(50ms);
	EXPECT_TRUE(ok(lkl_halt(kernel)));
	waiter.join();
	EXPECT_TRUE(result == -LKL_EINTR || result == -LKL_ESHUTDOWN) << result;
}

TEST(LifeVirtualTime, PanicEndsWaits)
{
	lkl::test::Setup setup = virtual_setup();

	setup.may_alarm = true;
	Instance kernel(setup);
	const Pipe pipe(kernel);
	std::int64_t result = 0;
	std::thread waiter([&] {
		char byte;

		result = lkl_sys_read(kernel, pipe.reader, &byte, 1);
	});
	const Fd trigger(kernel, "/proc/sysrq-trigger", LKL_O_WRONLY);

	EXPECT_LT(lkl_sys_write(kernel, trigger, "c", 1), 0);
	waiter.join();
	EXPECT_EQ(result, -LKL_EIO);
	EXPECT_EQ(lkl_health(kernel), -LKL_EIO);
}

// Whose work is done by timers and ticks, however few calls wait.
TEST(LifeVirtualTime, FreedMemoryIsReclaimed)
{
	lkl::test::Setup setup = virtual_setup();

	setup.memory_bytes = 48 << 20;
	Instance kernel(setup);

	for (unsigned i = 0; i < 100'000; i++) {
		put_file(kernel, "/tmp/file", "x");
		must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, "/tmp/file", 0), "unlink");
	}
}

TEST(LifeVirtualTime, RandomNumbersFollowFromTheSeed)
{
	const auto numbers = [](std::array<std::uint64_t, 4> seed) {
		Instance kernel(virtual_setup(seed));

		return random_bytes(kernel);
	};
	const std::string first = numbers({1, 2, 3, 4});

	EXPECT_EQ(first, numbers({1, 2, 3, 4}));
	EXPECT_NE(first, numbers({1, 2, 3, 5}));
	EXPECT_NE(numbers({}), numbers({}));
}

TEST(LifeVirtualTime, DisksGetTheSameBytes)
{
	const auto written = [] {
		const Image image(64 << 20, "E2FSPROGS_FAKE_TIME=1000000000 mke2fs -q -F -t ext4 -U "
					    "01234567-89ab-cdef-0123-456789abcdef -E "
					    "hash_seed=01234567-89ab-cdef-0123-456789abcdef IMG");
		{
			Instance kernel(virtual_setup());
			const std::string root = mount_disk(kernel, add_disk(kernel, disk_of(image.path())));

			for (unsigned i = 0; i < 300; i++) {
				const std::string number = std::to_string(i);

				make_directory(kernel, root + "/dir" + number);
				put_file(kernel, root + "/dir" + number + "/file",
					 std::string(i * 331, static_cast<char>(i)));
			}
			EXPECT_TRUE(ok(lkl_halt(kernel)));
		}
		EXPECT_NO_THROW(image.run("e2fsck -fn IMG"));
		return image.content();
	};
	const std::string first = written();

	// Not EXPECT_EQ, which would print them.
	EXPECT_TRUE(first == written());
	EXPECT_TRUE(first == written());
}

TEST(LifeVirtualTime, TakesOneCpu)
{
	lkl_options options = {};
	lkl_kernel *kernel = nullptr;

	options.size = sizeof(options);
	options.cpus = 2;
	options.virtual_start_ns = start_ns;
	EXPECT_EQ(lkl_create(&options, &kernel), -LKL_EINVAL);
	EXPECT_NE(std::string_view(lkl_last_error(nullptr)).find("2 CPUs"), std::string_view::npos);
}

TEST(LifeVirtualTime, SeedsAloneAreRefused)
{
	lkl_options options = {};
	lkl_kernel *kernel = nullptr;

	options.size = sizeof(options);
	options.seed[3] = 1;
	EXPECT_EQ(lkl_create(&options, &kernel), -LKL_EINVAL);
	EXPECT_NE(std::string_view(lkl_last_error(nullptr)).find("seed"), std::string_view::npos);
}

} // namespace
