// SPDX-License-Identifier: GPL-2.0
// What lkl/host_ops.h promises of clocks, events, threads and reports, for every
// host. Memory and faults have files of their own.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <pthread.h>
#include <signal.h>

#include "tests/unit/host_fixture.hh"

namespace lkl::test {
namespace {

class HostContract : public HostTest {};
INSTANTIATE_TEST_SUITE_P(Host, HostContract, all_hosts(), host_name);

TEST_P(HostContract, TableIsComplete)
{
	const lkl_host_ops &table = ops();
	EXPECT_EQ(table.size, sizeof(table));
	EXPECT_EQ(table.version, LKL_HOST_ABI_VERSION);
	// Two numbers, then nothing but function pointers.
	static_assert(sizeof(table) % sizeof(void *) == 0);
	void *const *members = reinterpret_cast<void *const *>(&table);
	for (std::size_t i = 1; i < sizeof(table) / sizeof(void *); i++)
		EXPECT_NE(members[i], nullptr) << "member " << i;
}

TEST_P(HostContract, ClockNeverGoesBack)
{
	std::uint64_t last = now();
	for (int i = 0; i < 100'000; i++) {
		std::uint64_t next = now();
		ASSERT_GE(next, last);
		last = next;
	}
}

TEST_P(HostContract, ClockIsOneForAllThreads)
{
	std::uint64_t before = now(), inside = 0;
	ScopedThread(ops(), host(), [&] { inside = now(); });
	EXPECT_GE(inside, before);
	EXPECT_GE(now(), inside);
}

TEST_P(HostContract, RealtimeIsUnixTimeAndRuns)
{
	constexpr std::uint64_t year_2020 = 1'577'836'800'000'000'000;
	std::uint64_t before = ops().realtime_ns(host());
	EXPECT_GT(before, year_2020);
	sleep(5 * ms);
	EXPECT_GE(ops().realtime_ns(host()), before + 4 * ms);
}

TEST_P(HostContract, SignalBeforeWaitIsKept)
{
	ScopedEvent event(ops(), host());
	event.signal();
	EXPECT_EQ(event.wait(), 0);
}

TEST_P(HostContract, NewEventIsNotSignalled)
{
	ScopedEvent event(ops(), host());
	EXPECT_EQ(event.wait(now()), -LKL_ETIMEDOUT);
}

TEST_P(HostContract, WaitClearsTheSignal)
{
	ScopedEvent event(ops(), host());
	event.signal();
	EXPECT_EQ(event.wait(), 0);
	EXPECT_EQ(event.wait(now() + ms), -LKL_ETIMEDOUT);
}

TEST_P(HostContract, SecondSignalIsAbsorbed)
{
	ScopedEvent event(ops(), host());
	event.signal();
	event.signal();
	EXPECT_EQ(event.wait(), 0);
	EXPECT_EQ(event.wait(now() + ms), -LKL_ETIMEDOUT);
}

TEST_P(HostContract, TimeoutIsNeverEarly)
{
	ScopedEvent event(ops(), host());
	for (std::uint64_t ns : {1ULL, 999ULL, 1'000ULL, 50'000ULL, 1'000'000ULL, 7'654'321ULL}) {
		for (int round = 0; round < 20; round++) {
			std::uint64_t deadline = now() + ns;
			ASSERT_EQ(event.wait(deadline), -LKL_ETIMEDOUT);
			ASSERT_GE(now(), deadline);
		}
	}
}

TEST_P(HostContract, PastDeadlineReturnsAtOnce)
{
	ScopedEvent event(ops(), host());
	EXPECT_EQ(event.wait(0), -LKL_ETIMEDOUT);
	EXPECT_EQ(event.wait(now() - 1), -LKL_ETIMEDOUT);
}

TEST_P(HostContract, PastDeadlineStillTakesASignal)
{
	ScopedEvent event(ops(), host());
	event.signal();
	EXPECT_EQ(event.wait(0), 0);
	EXPECT_EQ(event.wait(0), -LKL_ETIMEDOUT);
}

TEST_P(HostContract, EventIsUsableAfterATimeout)
{
	ScopedEvent event(ops(), host());
	EXPECT_EQ(event.wait(now() + ms), -LKL_ETIMEDOUT);
	event.signal();
	EXPECT_EQ(event.wait(), 0);
}

TEST_P(HostContract, SignalWakesAnotherThread)
{
	ScopedEvent event(ops(), host());
	int result = -1;
	ScopedThread waiter(ops(), host(), [&] { result = event.wait(); });
	sleep(5 * ms);
	event.signal();
	waiter.join();
	EXPECT_EQ(result, 0);
}

TEST_P(HostContract, SignalEndsATimedWaitBeforeItsDeadline)
{
	ScopedEvent event(ops(), host());
	constexpr std::uint64_t hour = 3'600'000 * ms;
	std::uint64_t deadline = now() + hour;
	int result = -1;
	ScopedThread waiter(ops(), host(), [&] { result = event.wait(deadline); });
	sleep(2 * ms);
	event.signal();
	waiter.join();
	EXPECT_EQ(result, 0);
	EXPECT_LT(now(), deadline);
}

TEST_P(HostContract, WritesBeforeASignalAreSeen)
{
	ScopedEvent ping(ops(), host()), pong(ops(), host());
	constexpr int rounds = 20'000;
	int ball = 0;	// plain: only the events order its accesses
	ScopedThread other(ops(), host(), [&] {
		for (int i = 0; i < rounds; i++) {
			ping.wait();
			ball++;
			pong.signal();
		}
	});
	for (int i = 0; i < rounds; i++) {
		ball++;
		ping.signal();
		EXPECT_EQ(pong.wait(), 0);
		ASSERT_EQ(ball, 2 * i + 2);
	}
}

TEST_P(HostContract, AbsorbedSignalsPublishToo)
{
	// Each signaller's last count must be seen by a wait that returns after its
	// last signal, though nearly all signals are absorbed.
	ScopedEvent event(ops(), host());
	constexpr int signallers = 4, rounds = 200'000;
	std::array<std::atomic<int>, signallers> counts{};
	std::vector<std::unique_ptr<ScopedThread>> threads;
	for (std::atomic<int> &count : counts) {
		threads.push_back(std::make_unique<ScopedThread>(ops(), host(), [&] {
			for (int i = 1; i <= rounds; i++) {
				count.store(i, std::memory_order_relaxed);
				event.signal();
			}
		}));
	}
	auto all_done = [&] {
		return std::ranges::all_of(counts, [](const std::atomic<int> &count) {
			return count.load(std::memory_order_relaxed) == rounds;
		});
	};
	while (!all_done())
		ASSERT_EQ(event.wait(now() + 30'000 * ms), 0) << "a signal was lost";
}

TEST_P(HostContract, SignalsRacingWithDeadlinesAreNotLost)
{
	ScopedEvent event(ops(), host()), done(ops(), host());
	constexpr int rounds = 2'000;
	ScopedThread signaller(ops(), host(), [&] {
		for (int i = 0; i < rounds; i++) {
			sleep(static_cast<std::uint64_t>(i % 50) * 1'000);
			event.signal();
			done.wait();
		}
	});
	for (int i = 0; i < rounds; i++) {
		while (event.wait(now() + 20'000) != 0) {
		}
		done.signal();
	}
}

TEST_P(HostContract, ThreadRunsItsFunctionOnce)
{
	int calls = 0;
	pthread_t self = pthread_self();
	bool elsewhere = false;
	ScopedThread(ops(), host(), [&] {
		calls++;
		elsewhere = !pthread_equal(self, pthread_self());
	});
	EXPECT_EQ(calls, 1);
	EXPECT_TRUE(elsewhere);
}

TEST_P(HostContract, EndedThreadCanBeJoinedLater)
{
	ScopedEvent ended(ops(), host());
	ScopedThread thread(ops(), host(), [&] { ended.signal(); });
	EXPECT_EQ(ended.wait(), 0);
	sleep(5 * ms);
	thread.join();
}

TEST_P(HostContract, ManyThreadsAtOnce)
{
	constexpr int count = 64;
	std::atomic<int> started = 0;
	ScopedEvent go(ops(), host());
	std::vector<std::unique_ptr<ScopedEvent>> gates;
	std::vector<std::unique_ptr<ScopedThread>> threads;
	for (int i = 0; i < count; i++) {
		gates.push_back(std::make_unique<ScopedEvent>(ops(), host()));
		ScopedEvent &gate = *gates.back();
		threads.push_back(std::make_unique<ScopedThread>(ops(), host(), [&] {
			if (++started == count)
				go.signal();
			gate.wait();
		}));
	}
	EXPECT_EQ(go.wait(), 0);
	for (std::unique_ptr<ScopedEvent> &gate : gates)
		gate->signal();
	threads.clear();
	EXPECT_EQ(started, count);
}

TEST_P(HostContract, ThreadsCanMakeThreads)
{
	int depth = 0;
	ScopedThread(ops(), host(), [&] {
		depth = 1;
		ScopedThread(ops(), host(), [&] { depth = 2; });
	});
	EXPECT_EQ(depth, 2);
}

TEST_P(HostContract, ThreadsHaveAStackForCallbacks)
{
	bool whole = false;
	ScopedThread(ops(), host(), [&] {
		volatile char frame[512 * 1024];
		for (std::size_t i = 0; i < sizeof(frame); i += 1024)
			frame[i] = 1;
		whole = frame[0] == 1;
	});
	EXPECT_TRUE(whole);
}

TEST_P(HostContract, ThreadsTakeNoSignalsButTheirOwn)
{
	sigset_t before, inside, after;
	pthread_sigmask(SIG_BLOCK, nullptr, &before);
	ScopedThread(ops(), host(), [&] { pthread_sigmask(SIG_BLOCK, nullptr, &inside); });
	pthread_sigmask(SIG_BLOCK, nullptr, &after);
	for (int signal : {SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGPIPE}) {
		EXPECT_TRUE(sigismember(&inside, signal)) << signal;
		EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal));
	}
	for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS})
		EXPECT_FALSE(sigismember(&inside, signal)) << signal;
}

TEST_P(HostContract, YieldReturns)
{
	ops().yield(host());
}

TEST_P(HostContract, ReportsWithoutAListenerAreDropped)
{
	ops().log(host(), 6, 1, "line", 4);
	ops().died(host(), "reason", 6);
}

class HostReports : public HostTest {
protected:
	host::Events events() override
	{
		return {[this](unsigned level, std::uint64_t time_us, std::string_view line) {
				log_ += std::to_string(level) + " " + std::to_string(time_us) +
					" " + std::string(line) + "\n";
			},
			[this](std::string_view reason) { reason_ = reason; }};
	}

	std::string log_, reason_;
};
INSTANTIATE_TEST_SUITE_P(Host, HostReports, all_hosts(), host_name);

TEST_P(HostReports, LogLinesArriveAsGiven)
{
	ops().log(host(), 3, 1'234'567, "ext4: error, and more", 11);
	ops().log(host(), 7, ~0ULL, "", 0);
	EXPECT_EQ(log_, "3 1234567 ext4: error\n7 18446744073709551615 \n");
}

TEST_P(HostReports, DeathArrivesWithItsReason)
{
	ops().died(host(), "Attempted to kill init!", 23);
	EXPECT_EQ(reason_, "Attempted to kill init!");
}

/// What a process may leak, from Linux's /proc.
struct Holdings {
	std::ptrdiff_t descriptors, threads, mappings;

	static Holdings count()
	{
		auto entries = [](const char *directory) {
			std::filesystem::directory_iterator all(directory);
			return std::distance(begin(all), end(all));
		};
		std::ifstream maps("/proc/self/maps");
		std::ptrdiff_t lines = std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
		return {entries("/proc/self/fd"), entries("/proc/self/task"), lines};
	}
};

TEST_P(HostContract, TwoHundredInstancesLeaveNothingBehind)
{
	auto cycle = [&] {
		Result<std::unique_ptr<host::Instance>> made =
			GetParam().create(128 * mib, 1024 * mib, {});
		ASSERT_TRUE(made);
		void *other = made->get();
		std::shared_ptr<void> drive = GetParam().drive(**made);
		lkl_image image{};
		image.fault = [](lkl_fault *) -> lkl_s32 { return -LKL_EFAULT; };
		ASSERT_TRUE((*made)->watch_faults(&image, 2 * mib, mib));
		ASSERT_EQ(ops().map(other, (*made)->vmalloc_base() + mib, mib, mib,
				    LKL_PROT_READ),
			  0);
		ScopedEvent event(ops(), other);
		ScopedThread thread(ops(), other, [&] { event.signal(); });
		ASSERT_EQ(event.wait(), 0);
		thread.join();
	};
	// What is made once for good: the fault handler, caches of the C library.
	for (int i = 0; i < 5; i++)
		cycle();
	Holdings before = Holdings::count();
	for (int i = 0; i < 200; i++)
		cycle();
	Holdings after = Holdings::count();
	// A joined thread is seen for a moment longer.
	for (int i = 0; i < 1'000 && after.threads != before.threads; i++) {
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
		after = Holdings::count();
	}
	EXPECT_EQ(before.descriptors, after.descriptors);
	EXPECT_EQ(before.threads, after.threads);
	// The allocator's and sanitizers' own come and go; a leak is one per cycle.
	EXPECT_LT(after.mappings, before.mappings + 150);
}

} // namespace
} // namespace lkl::test
