// SPDX-License-Identifier: GPL-2.0
// Binary events with one waiter, in one word:
//
//	idle ──signal──> signalled ──wait──> idle
//	idle ──wait──> waiting ──signal──> signalled, and the waiter is woken
//	waiting ──deadline──> idle
//
// Only the waiter leaves "signalled", only it enters and gives up "waiting".
// A system call is made only to sleep and to wake a sleeper.
#include "host/posix/posix.hh"
#include "host/posix/system.hh"

#include <atomic>
#include <cstdint>
#include <new>

namespace lkl::host::posix {

namespace {

enum State : std::uint32_t { idle, signalled, waiting };

/// A cache line of its own: signals come from other processors.
struct alignas(64) Event {
	std::atomic<std::uint32_t> state = idle;

	/// Take the signal if there is one. Acquires from every signal absorbed
	/// in it, because those are read-modify-writes of the same word.
	bool take()
	{
		std::uint32_t expected = signalled;
		return state.compare_exchange_strong(expected, idle, std::memory_order_acquire,
						     std::memory_order_relaxed);
	}

	/// Exchange one state that only the waiter sets for another.
	bool change(std::uint32_t from, std::uint32_t to)
	{
		return state.compare_exchange_strong(from, to, std::memory_order_relaxed);
	}
};

} // namespace

lkl_s32 event_create(void *, void **event) noexcept
{
	*event = new (std::nothrow) Event;
	return *event ? 0 : -LKL_ENOMEM;
}

void event_destroy(void *, void *event) noexcept
{
	delete static_cast<Event *>(event);
}

void event_signal(void *, void *event) noexcept
{
	Event &e = *static_cast<Event *>(event);
	// Releases even when it is absorbed: the waiter's acquire in take() pairs
	// with the last of these.
	if (e.state.exchange(signalled, std::memory_order_acq_rel) == waiting)
		wake_word(e.state);
}

lkl_s32 event_wait(void *host, void *event, lkl_u64 deadline_ns) noexcept
{
	Event &e = *static_cast<Event *>(event);
	// Each round fails only because a signal came in between, and then the
	// next take() succeeds.
	while (!e.take()) {
		if (!e.change(idle, waiting))
			continue;
		bool late = false;
		while (!late && e.state.load(std::memory_order_relaxed) == waiting) {
			wait_word(e.state, waiting, deadline_ns);
			late = deadline_ns != LKL_FOREVER && now_ns(host) >= deadline_ns;
		}
		if (late && e.change(waiting, idle))
			return -LKL_ETIMEDOUT;
	}
	return 0;
}

} // namespace lkl::host::posix
