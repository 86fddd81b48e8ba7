// SPDX-License-Identifier: GPL-2.0
#include "turns.hh"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lkl::apps {

namespace {

// Handing the turn over costs some 10 us of wake-ups.
constexpr std::uint32_t soon_ns = 50'000;
constexpr std::uint64_t too_long_ns = 10'000'000;
// A program's release of a file and its next question are two at once.
constexpr unsigned pile = 4;

std::uint64_t now_ns()
{
	return static_cast<std::uint64_t>(
		std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

} // namespace

bool Turns::take()
{
	std::binary_semaphore mine(0);

	{
		const std::lock_guard lock(mutex_);

		if (stopped_)
			return false;
		if (std::exchange(free_, false))
			return true;
		waiting_.push_back(&mine);
	}
	mine.acquire();

	const std::lock_guard lock(mutex_);
	return !stopped_;
}

void Turns::pass()
{
	const std::lock_guard lock(mutex_);

	if (waiting_.empty()) {
		free_ = true;
		return;
	}
	// It may be gone as soon as it is released.
	waiting_.back()->release();
	waiting_.pop_back();
}

void Turns::stop()
{
	const std::lock_guard lock(mutex_);

	stopped_ = true;
	for (std::binary_semaphore *one : waiting_)
		one->release();
	waiting_.clear();
}

Turns::Serving Turns::begin(Kind kind, bool more)
{
	const std::uint32_t usual = usual_ns_[kind % kinds].load(std::memory_order_relaxed);
	const unsigned piled = more ? piled_up_.load(std::memory_order_relaxed) + 1 : 0;
	const Serving serving = {kind, usual < soon_ns && piled < pile, now_ns()};

	piled_up_.store(std::min(piled, pile), std::memory_order_relaxed);
	served_.fetch_add(1, std::memory_order_relaxed);
	if (serving.kept)
		kept_since_ = serving.since;
	else
		pass();
	return serving;
}

bool Turns::end(const Serving &serving)
{
	const std::uint64_t took = std::min<std::uint64_t>(now_ns() - serving.since, 1'000'000'000);
	std::atomic<std::uint32_t> &usual_ns = usual_ns_[serving.kind % kinds];
	const std::uint64_t usual = usual_ns.load(std::memory_order_relaxed);
	std::uint64_t expected = serving.since;

	usual_ns.store(static_cast<std::uint32_t>(usual ? (7 * usual + took) / 8 : took),
		       std::memory_order_relaxed);
	return serving.kept && kept_since_.compare_exchange_strong(expected, 0);
}

bool Turns::look()
{
	const std::uint64_t served = served_.load(std::memory_order_relaxed);
	std::uint64_t since = kept_since_;

	if (since && now_ns() - since > too_long_ns && kept_since_.compare_exchange_strong(since, 0))
		pass();
	return std::exchange(looked_at_, served) != served || kept_since_ != 0;
}

} // namespace lkl::apps
