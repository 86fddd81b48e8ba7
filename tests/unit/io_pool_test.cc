// SPDX-License-Identifier: GPL-2.0
// The I/O pool: every job runs once, whichever way it finds a thread.

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "host/host.hh"
#include "virtio/io_pool.hh"

namespace lkl::test {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

struct Counted : virtio::Job {
	Counted()
	{
		run = [](virtio::Job &job) noexcept { static_cast<Counted &>(job).runs++; };
	}

	std::atomic<unsigned> runs = 0;
};

/// @condition may have effects: it is not asked again once it was true.
template <class Condition> void wait_for(Condition condition)
{
	const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);

	while (!condition()) {
		ASSERT_LT(std::chrono::steady_clock::now(), give_up);
		std::this_thread::yield();
	}
}

class IoPoolTest : public testing::Test {
protected:
	void start(std::uint64_t spin_ns)
	{
		auto host = host::Instance::create(2 << 20, 2 << 20, {});

		ASSERT_TRUE(host);
		host_ = std::move(*host);
		ASSERT_TRUE(pool_.start(*host_, spin_ns));
	}

	/// Call a lookout until it takes @job.
	void hand_over(virtio::Job &job)
	{
		wait_for([&] {
			pool_.call();
			return pool_.hand_over(job);
		});
	}

	std::unique_ptr<host::Instance> host_;
	virtio::IoPool pool_;
};

} // namespace

TEST_F(IoPoolTest, NobodyLooksOutUncalled)
{
	Counted job, other;

	start(second_ns);
	EXPECT_FALSE(pool_.hand_over(job));
	pool_.submit(other);
	wait_for([&] { return other.runs == 1; });
	EXPECT_FALSE(pool_.hand_over(job));
	EXPECT_EQ(job.runs, 0u);
}

TEST_F(IoPoolTest, NobodyLooksOutWithoutTime)
{
	Counted job;

	start(0);
	for (int i = 0; i < 1000; i++) {
		pool_.call();
		EXPECT_FALSE(pool_.hand_over(job));
	}
	EXPECT_EQ(job.runs, 0u);
}

TEST_F(IoPoolTest, LookoutTakesAStreamOfJobs)
{
	std::array<Counted, 100> jobs;

	start(second_ns);
	for (Counted &job : jobs)
		hand_over(job);
	for (Counted &job : jobs)
		wait_for([&] { return job.runs == 1; });
}

TEST_F(IoPoolTest, SubmittedJobsRunBesideALookout)
{
	std::array<Counted, 1000> jobs;

	start(20'000);
	for (Counted &job : jobs) {
		pool_.call();
		pool_.submit(job);
	}
	for (Counted &job : jobs)
		wait_for([&] { return job.runs == 1; });
}

TEST_F(IoPoolTest, JobThatWasHandedOverEndsBeforeTheStop)
{
	for (int i = 0; i < 50; i++) {
		Counted job;

		start(second_ns);
		hand_over(job);
		pool_.stop();
		EXPECT_EQ(job.runs, 1u);
	}
}

// The last moment of a lookout's time is the one that races with a job for it.
TEST_F(IoPoolTest, NoJobIsLostWhenALookoutGivesUp)
{
	start(1000);
	for (int i = 0; i < 2000; i++) {
		Counted job;

		pool_.call();
		if (pool_.hand_over(job))
			wait_for([&] { return job.runs == 1; });
		else
			EXPECT_EQ(job.runs, 0u);
	}
}

TEST_F(IoPoolTest, StopDoesNotWaitOutALookout)
{
	start(3600 * second_ns);

	Counted job;

	hand_over(job);
	pool_.stop();
	EXPECT_EQ(job.runs, 1u);
}

} // namespace lkl::test
