// SPDX-License-Identifier: GPL-2.0
// Waiting: pipes, poll, epoll, eventfd, timerfd, inotify.

#include "support_files.hh"

using namespace lkl::test;

namespace {

lkl_timespec after(std::chrono::nanoseconds time)
{
	return {time / 1s, time % 1s / 1ns};
}

TEST(BootEvents, PipeWakesItsReader)
{
	Instance kernel;
	const Pipe pipe(kernel);
	std::thread writer([&] {
		std::this_thread::sleep_for(50ms);
		EXPECT_EQ(lkl_sys_write(kernel, pipe.writer, "late", 4), 4);
	});
	char buffer[8] = {};

	EXPECT_EQ(lkl_sys_read(kernel, pipe.reader, buffer, sizeof(buffer)), 4);
	EXPECT_STREQ(buffer, "late");
	writer.join();
}

TEST(BootEvents, PipeBlocksWhenFullAndEndsWhenClosed)
{
	Instance kernel;
	Pipe pipe(kernel);
	const std::vector<unsigned char> data = Random(5).bytes(1 << 20);
	std::string got;

	EXPECT_EQ(lkl_sys_fcntl(kernel, pipe.writer, LKL_F_GETPIPE_SZ, 0), 65536);
	std::thread writer([&] {
		EXPECT_EQ(lkl_sys_write(kernel, pipe.writer, data.data(), data.size()),
			  std::int64_t(data.size()));
		EXPECT_EQ(pipe.writer.close(), 0);
	});
	got = read_all(kernel, pipe.reader);
	writer.join();
	EXPECT_TRUE(std::equal(got.begin(), got.end(), data.begin(), data.end(),
			       [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; }));
}

TEST(BootEvents, NonblockingPipeSaysTryAgain)
{
	Instance kernel;
	const Pipe pipe(kernel, LKL_O_NONBLOCK);
	const std::string big(200000, 'x');
	char byte;

	EXPECT_EQ(lkl_sys_read(kernel, pipe.reader, &byte, 1), -LKL_EAGAIN);
	EXPECT_EQ(lkl_sys_write(kernel, pipe.writer, big.data(), big.size()), 65536);
	EXPECT_EQ(lkl_sys_write(kernel, pipe.writer, big.data(), 1), -LKL_EAGAIN);
}

TEST(BootEvents, BrokenPipeIsAnErrorAndNoDeath)
{
	Instance kernel;
	Pipe pipe(kernel);

	EXPECT_EQ(pipe.reader.close(), 0);
	for (unsigned round = 0; round < 3; round++)
		EXPECT_EQ(lkl_sys_write(kernel, pipe.writer, "x", 1), -LKL_EPIPE);
	EXPECT_GT(lkl_sys_getpid(kernel), 0);
	in_threads(1, [&](unsigned) {
		EXPECT_EQ(lkl_sys_write(kernel, pipe.writer, "x", 1), -LKL_EPIPE);
		EXPECT_GT(lkl_sys_gettid(kernel), 0);
	});
	// A pending SIGPIPE must not interrupt later waits.
	const lkl_timespec moment = after(20ms);

	EXPECT_EQ(lkl_sys_nanosleep(kernel, &moment, nullptr), 0);
}

TEST(BootEvents, PollWaitsForTheFirstOfSeveral)
{
	Instance kernel;
	const Pipe first(kernel), second(kernel);
	lkl_pollfd fds[] = {{first.reader, LKL_POLLIN, 0}, {second.reader, LKL_POLLIN, 0},
			    {999, LKL_POLLIN, 0}};
	lkl_timespec wait = after(30ms);
	const auto start = Clock::now();

	EXPECT_EQ(lkl_sys_ppoll(kernel, fds, 2, &wait, nullptr, 0), 0);
	EXPECT_GE(Clock::now() - start, 30ms);
	std::thread writer([&] {
		std::this_thread::sleep_for(30ms);
		lkl_sys_write(kernel, second.writer, "x", 1);
	});

	EXPECT_EQ(lkl_sys_ppoll(kernel, fds, 2, nullptr, nullptr, 0), 1);
	EXPECT_EQ(fds[0].revents, 0);
	EXPECT_EQ(fds[1].revents, LKL_POLLIN);
	writer.join();
	EXPECT_EQ(lkl_sys_ppoll(kernel, fds, 3, nullptr, nullptr, 0), 2);
	EXPECT_EQ(fds[2].revents, LKL_POLLNVAL);
}

TEST(BootEvents, EpollReportsEachReadyDescriptorWithItsData)
{
	constexpr unsigned count = 200;
	Instance kernel;
	const Fd epoll(kernel, lkl_sys_epoll_create1(kernel, LKL_EPOLL_CLOEXEC));
	std::vector<Pipe> pipes;
	std::vector<lkl_epoll_event> events(count);
	std::set<std::uint64_t> seen;

	for (unsigned i = 0; i < count; i++) {
		pipes.emplace_back(kernel);
		lkl_epoll_event event = {LKL_EPOLLIN, 0x1234567800000000u + i};

		must(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD, pipes[i].reader, &event),
		     "epoll_ctl");
	}
	EXPECT_EQ(lkl_sys_epoll_wait(kernel, epoll, events.data(), count, 0), 0);
	for (unsigned i = 0; i < count; i += 2)
		must(lkl_sys_write(kernel, pipes[i].writer, "x", 1), "write");
	const int ready = lkl_sys_epoll_wait(kernel, epoll, events.data(), count, 1000);

	ASSERT_EQ(ready, int(count / 2));
	for (int i = 0; i < ready; i++) {
		const std::uint64_t data = events[static_cast<std::size_t>(i)].data;

		EXPECT_EQ(data >> 32, 0x12345678u);
		EXPECT_EQ(data % 2, 0u);
		seen.insert(data);
	}
	EXPECT_EQ(seen.size(), count / 2);
}

TEST(BootEvents, EpollEdgeAndOneShot)
{
	Instance kernel;
	const Fd epoll(kernel, lkl_sys_epoll_create1(kernel, 0));
	const Pipe edge(kernel), once(kernel);
	lkl_epoll_event edge_event = {LKL_EPOLLIN | LKL_EPOLLET, 1};
	lkl_epoll_event once_event = {LKL_EPOLLIN | LKL_EPOLLONESHOT, 2};
	lkl_epoll_event events[4];

	must(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD, edge.reader, &edge_event), "add");
	must(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD, once.reader, &once_event), "add");
	EXPECT_EQ(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD, once.reader, &once_event),
		  -LKL_EEXIST);
	must(lkl_sys_write(kernel, edge.writer, "x", 1), "write");
	must(lkl_sys_write(kernel, once.writer, "x", 1), "write");
	EXPECT_EQ(lkl_sys_epoll_wait(kernel, epoll, events, 4, 100), 2);
	EXPECT_EQ(lkl_sys_epoll_wait(kernel, epoll, events, 4, 20), 0);
	must(lkl_sys_write(kernel, edge.writer, "x", 1), "write");
	must(lkl_sys_write(kernel, once.writer, "x", 1), "write");
	ASSERT_EQ(lkl_sys_epoll_wait(kernel, epoll, events, 4, 100), 1);
	EXPECT_EQ(std::uint64_t(events[0].data), 1u);
}

TEST(BootEvents, EventfdCountsAndWakes)
{
	Instance kernel;
	const Fd counter(kernel, lkl_sys_eventfd2(kernel, 3, 0));
	const Fd semaphore(kernel, lkl_sys_eventfd2(kernel, 2, LKL_EFD_SEMAPHORE | LKL_EFD_NONBLOCK));
	std::uint64_t value = 4;

	EXPECT_EQ(lkl_sys_write(kernel, counter, &value, 8), 8);
	EXPECT_EQ(lkl_sys_read(kernel, counter, &value, 8), 8);
	EXPECT_EQ(value, 7u);
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(lkl_sys_read(kernel, semaphore, &value, 8), 8);
		EXPECT_EQ(value, 1u);
	}
	EXPECT_EQ(lkl_sys_read(kernel, semaphore, &value, 8), -LKL_EAGAIN);
	std::thread writer([&] {
		const std::uint64_t nine = 9;

		std::this_thread::sleep_for(30ms);
		lkl_sys_write(kernel, counter, &nine, 8);
	});

	EXPECT_EQ(lkl_sys_read(kernel, counter, &value, 8), 8);
	EXPECT_EQ(value, 9u);
	writer.join();
}

TEST(BootEvents, TimerfdFiresOnTimeAndCountsPeriods)
{
	Instance kernel;
	const Fd timer(kernel, lkl_sys_timerfd_create(kernel, LKL_CLOCK_MONOTONIC, 0));
	const lkl_itimerspec periodic = {after(10ms), after(50ms)};
	lkl_itimerspec left = {};
	std::uint64_t expirations = 0;
	const auto start = Clock::now();

	ASSERT_TRUE(ok(lkl_sys_timerfd_settime(kernel, timer, 0, &periodic, nullptr)));
	ASSERT_TRUE(ok(lkl_sys_timerfd_gettime(kernel, timer, &left)));
	EXPECT_LE(left.it_value.tv_nsec, 50000000);
	EXPECT_EQ(lkl_sys_read(kernel, timer, &expirations, 8), 8);
	EXPECT_GE(Clock::now() - start, 50ms);
	EXPECT_GE(expirations, 1u);
	std::this_thread::sleep_for(100ms);
	EXPECT_EQ(lkl_sys_read(kernel, timer, &expirations, 8), 8);
	EXPECT_GE(expirations, 9u);
	EXPECT_LE(expirations, std::uint64_t(seconds_since(start) * 100) + 2);
}

TEST(BootEvents, EpollWakesForTimersAndSockets)
{
	Instance kernel;
	const Fd epoll(kernel, lkl_sys_epoll_create1(kernel, 0));
	const Fd timer(kernel, lkl_sys_timerfd_create(kernel, LKL_CLOCK_MONOTONIC, 0));
	const lkl_itimerspec once = {{0, 0}, after(40ms)};
	lkl_epoll_event event = {LKL_EPOLLIN, 42}, got = {};
	const auto start = Clock::now();

	must(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD, timer, &event), "epoll_ctl");
	must(lkl_sys_timerfd_settime(kernel, timer, 0, &once, nullptr), "timerfd_settime");
	EXPECT_EQ(lkl_sys_epoll_wait(kernel, epoll, &got, 1, -1), 1);
	EXPECT_GE(Clock::now() - start, 40ms);
	EXPECT_EQ(std::uint64_t(got.data), 42u);
}

TEST(BootEvents, EpollTimeoutIsKept)
{
	Instance kernel;
	const Fd epoll(kernel, lkl_sys_epoll_create1(kernel, 0));
	lkl_epoll_event event;

	for (const int timeout_ms : {1, 5, 20, 100}) {
		const auto start = Clock::now();

		EXPECT_EQ(lkl_sys_epoll_wait(kernel, epoll, &event, 1, timeout_ms), 0);
		EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(timeout_ms));
	}
}

TEST(BootEvents, InotifyTellsWhatHappened)
{
	Instance kernel;
	const std::string t = workspace(kernel);
	const Fd inotify(kernel, lkl_sys_inotify_init1(kernel, LKL_IN_NONBLOCK));
	char buffer[4096];
	std::string told;

	must(lkl_sys_inotify_add_watch(kernel, inotify, t.c_str(),
				       LKL_IN_CREATE | LKL_IN_DELETE | LKL_IN_MOVED_FROM |
				       LKL_IN_MOVED_TO | LKL_IN_CLOSE_WRITE), "inotify_add_watch");
	put_file(kernel, t + "/a", "x");
	must(lkl_sys_renameat2(kernel, LKL_AT_FDCWD, (t + "/a").c_str(), LKL_AT_FDCWD,
			       (t + "/b").c_str(), 0), "rename");
	must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, (t + "/b").c_str(), 0), "unlink");
	const std::int64_t got = lkl_sys_read(kernel, inotify, buffer, sizeof(buffer));

	ASSERT_TRUE(ok(got));
	for (std::int64_t at = 0; at < got;) {
		lkl_inotify_event event;

		std::memcpy(&event, buffer + at, sizeof(event));
		char step[64];

		std::snprintf(step, sizeof(step), "%x:%s ", event.mask, buffer + at + sizeof(event));
		told += step;
		at += std::int64_t(sizeof(event)) + event.len;
	}
	EXPECT_EQ(told, "100:a 8:a 40:a 80:b 200:b ");
}

TEST(BootEvents, PingPongBetweenThreadsLosesNothing)
{
	Instance kernel;
	const Pipe there(kernel), back(kernel);
	const unsigned rounds = scaled(20000);
	std::thread echo([&] {
		std::uint32_t value;

		for (unsigned i = 0; i < rounds; i++) {
			if (lkl_sys_read(kernel, there.reader, &value, 4) != 4 || value != i)
				ADD_FAILURE() << "echo read " << value << " instead of " << i;
			if (lkl_sys_write(kernel, back.writer, &value, 4) != 4)
				ADD_FAILURE() << "echo could not write";
		}
	});

	for (std::uint32_t i = 0, value; i < rounds; i++) {
		ASSERT_EQ(lkl_sys_write(kernel, there.writer, &i, 4), 4);
		ASSERT_EQ(lkl_sys_read(kernel, back.reader, &value, 4), 4);
		ASSERT_EQ(value, i);
	}
	echo.join();
}

} // namespace
