// SPDX-License-Identifier: GPL-2.0
// What the fake host adds to the contract: its clock and its failures.
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include <unistd.h>

#include "tests/unit/host_fixture.hh"

namespace lkl::test {
namespace {

class FakeHost : public ::testing::Test {
protected:
	void SetUp() override { create({}); }

	void create(FakeInstance::Options options)
	{
		Result<std::unique_ptr<FakeInstance>> made =
			FakeInstance::create(16 * mib, 16 * mib, {}, options);
		ASSERT_TRUE(made);
		fake_ = std::move(*made);
	}
	void *host() { return static_cast<host::Instance *>(fake_.get()); }
	std::uint64_t now() { return fake_ops().now_ns(host()); }

	std::unique_ptr<FakeInstance> fake_;
};

TEST_F(FakeHost, TimeStandsStillWhileAThreadHoldsIt)
{
	FakeInstance::Hold hold(*fake_);
	std::uint64_t start = now();
	std::this_thread::sleep_for(std::chrono::milliseconds(2));
	EXPECT_EQ(now(), start);
}

TEST_F(FakeHost, IdleJumpsToTheDeadlineExactly)
{
	FakeInstance::Hold hold(*fake_);
	ScopedEvent event(fake_ops(), host());
	std::uint64_t year = 365ULL * 86'400 * 1'000 * ms, deadline = now() + year;
	std::uint64_t realtime = fake_ops().realtime_ns(host());
	EXPECT_EQ(event.wait(deadline), -LKL_ETIMEDOUT);
	EXPECT_EQ(now(), deadline);
	EXPECT_EQ(fake_ops().realtime_ns(host()), realtime + year);
}

TEST_F(FakeHost, DeadlinesComeInTheirOrder)
{
	FakeInstance::Hold hold(*fake_);
	std::uint64_t start = now();
	std::vector<std::uint64_t> woken;
	auto sleeper = [&](std::uint64_t ns) {
		return std::make_unique<ScopedThread>(fake_ops(), host(), [&, ns] {
			ScopedEvent event(fake_ops(), host());
			event.wait(start + ns);
			woken.push_back(now() - start);	// alone at its time
		});
	};
	std::vector<std::unique_ptr<ScopedThread>> threads;
	for (std::uint64_t ns : {500, 100, 400, 200, 300})
		threads.push_back(sleeper(ns));
	threads.clear();
	EXPECT_EQ(woken, (std::vector<std::uint64_t>{100, 200, 300, 400, 500}));
}

TEST_F(FakeHost, TimeWaitsForTheSlowestThread)
{
	FakeInstance::Hold hold(*fake_);
	std::uint64_t start = now(), seen = 0;
	ScopedThread slow(fake_ops(), host(), [&] {
		std::this_thread::sleep_for(std::chrono::milliseconds(5));
		seen = now();
	});
	ScopedEvent event(fake_ops(), host());
	EXPECT_EQ(event.wait(start + 1), -LKL_ETIMEDOUT);
	slow.join();
	EXPECT_EQ(seen, start);
	EXPECT_EQ(now(), start + 1);
}

TEST_F(FakeHost, WokenThreadHoldsTheClockBeforeItRuns)
{
	FakeInstance::Hold hold(*fake_);
	std::uint64_t start = now();
	for (int i = 0; i < 500; i++) {
		ScopedEvent ping(fake_ops(), host()), pong(fake_ops(), host());
		ScopedThread echo(fake_ops(), host(), [&] {
			ping.wait();
			pong.signal();
		});
		ping.signal();
		ASSERT_EQ(pong.wait(start + 1), 0) << "time passed in between";
	}
	EXPECT_EQ(now(), start);
}

TEST_F(FakeHost, HoldOfAWorkerKeepsTime)
{
	FakeInstance::Hold hold(*fake_);
	ScopedEvent held(fake_ops(), host()), completion(fake_ops(), host());
	std::uint64_t start = now();
	std::thread worker([&] {
		FakeInstance::Hold io(*fake_);
		held.signal();
		std::this_thread::sleep_for(std::chrono::milliseconds(5));
		completion.signal();
	});
	EXPECT_EQ(held.wait(), 0);
	EXPECT_EQ(completion.wait(start + 1), 0) << "before the timeout";
	EXPECT_EQ(now(), start);
	worker.join();
}

TEST_F(FakeHost, StepLetsBusyWaitsEnd)
{
	create({.now_step_ns = 10});
	FakeInstance::Hold hold(*fake_);
	std::uint64_t deadline = now() + 1'000;
	int reads = 0;
	while (now() < deadline)
		reads++;
	EXPECT_EQ(reads, 99);
}

TEST_F(FakeHost, ClocksStartWhereTold)
{
	create({.start_ns = 5, .realtime_ns = 7});
	EXPECT_EQ(now(), 5u);
	EXPECT_EQ(fake_->time_ns(), 5u);
	EXPECT_EQ(fake_ops().realtime_ns(host()), 7u);
}

TEST_F(FakeHost, NthCallFailsAndOnlyThat)
{
	void *event = nullptr;
	fake_->fail(Op::event_create, 2, ENOMEM);
	EXPECT_EQ(fake_ops().event_create(host(), &event), 0);
	fake_ops().event_destroy(host(), event);
	EXPECT_EQ(fake_ops().event_create(host(), &event), -LKL_ENOMEM);
	EXPECT_EQ(fake_ops().event_create(host(), &event), 0);
	fake_ops().event_destroy(host(), event);
	EXPECT_EQ(fake_->calls(Op::event_create), 3u);
}

TEST_F(FakeHost, FailuresCanLast)
{
	fake_->fail(Op::unmap, 1, EIO, 3);
	std::uint64_t va = fake_->vmalloc_base(), page = fake_->map_granule();
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(fake_ops().unmap(host(), va, page), -EIO);
	EXPECT_EQ(fake_ops().unmap(host(), va, page), 0);
}

TEST_F(FakeHost, FailedMapLeavesNothingMapped)
{
	std::uint64_t va = fake_->vmalloc_base(), page = fake_->map_granule();
	EXPECT_EQ(fake_ops().map(host(), va, 0, page, LKL_PROT_READ), 0);
	fake_->fail(Op::map, 1, ENOMEM);
	EXPECT_EQ(fake_ops().map(host(), va, 0, page, LKL_PROT_READ), -LKL_ENOMEM);
	int ends[2];
	ASSERT_EQ(pipe(ends), 0);
	EXPECT_EQ(write(ends[1], reinterpret_cast<void *>(va), 1), -1) << "readable";
	EXPECT_EQ(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
}

TEST_F(FakeHost, ThreadsAndInstanceCallsFailToo)
{
	FakeInstance::Hold hold(*fake_);
	void *thread = nullptr;
	fake_->fail(Op::thread_create, 1, EAGAIN);
	EXPECT_EQ(fake_ops().thread_create(host(), [](void *) {}, nullptr, &thread), -EAGAIN);
	fake_->fail(Op::place, 1, ENOSPC);
	EXPECT_EQ(fake_->place(0, {}).error().code, ENOSPC);
	fake_->fail(Op::protect, 1, EACCES);
	EXPECT_EQ(fake_->protect(0, 4096, 0).error().code, EACCES);
	fake_->fail(Op::watch_faults, 1, ENOMEM);
	EXPECT_EQ(fake_->watch_faults(nullptr, 0, 4096).error().code, ENOMEM);
	// The clock still runs.
	ScopedEvent event(fake_ops(), host());
	EXPECT_EQ(event.wait(now() + 1), -LKL_ETIMEDOUT);
}

TEST_F(FakeHost, WaitsCanWakeForNothing)
{
	FakeInstance::Hold hold(*fake_);
	ScopedEvent event(fake_ops(), host());
	fake_->fail(Op::event_wait, 1, 0);
	std::uint64_t start = now();
	EXPECT_EQ(event.wait(start + 1), 0);
	EXPECT_EQ(now(), start);
	EXPECT_EQ(event.wait(start + 1), -LKL_ETIMEDOUT);
}

} // namespace
} // namespace lkl::test
