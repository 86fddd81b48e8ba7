// SPDX-License-Identifier: GPL-2.0
// A host whose time is virtual and whose operations fail when told to.
//
// Memory, threads and faults are the real host's. Time is a number that jumps to
// the next deadline when nothing holds the clock:
//
//  - A thread made by the thread_create op holds it, except while it is in
//    event_wait or thread_join. From a wake-up on it holds it again, before it
//    really runs, so that time cannot slip away in between.
//  - Any other thread holds it as long as it has a FakeInstance::Hold, with the
//    same exceptions. The thread that drives a test takes one first.
//  - Whoever makes the kernel wait for something real, say an I/O worker, has a
//    Hold for that long. Without one, virtual seconds pass before a real
//    microsecond does.
//
// So the times at which things happen do not depend on the machine. The order of
// threads that run at the same virtual time is not controlled.
//
// Time stands still while a thread runs. Code that busy-waits for the clock needs
// Options::now_step_ns.
//
// Give the kernel fake_ops() and the FakeInstance (as Instance *) as its host.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "host/host.hh"

namespace lkl::test {

/// What can be made to fail: ops of the kernel and calls of the Instance.
enum class Op {
	event_create,
	event_wait,
	thread_create,
	map,
	unmap,
	place,
	protect,
	watch_faults,
	count	// how many there are
};

class FakeInstance final : public host::Instance {
public:
	struct Options {
		/// The clocks at creation.
		std::uint64_t start_ns = 1'000'000'000;
		std::uint64_t realtime_ns = 1'700'000'000'000'000'000;
		/// What reading the monotonic clock adds to it.
		std::uint64_t now_step_ns = 0;
	};

	static Result<std::unique_ptr<FakeInstance>> create(std::uint64_t ram_bytes,
							    std::uint64_t vmalloc_bytes,
							    host::Events events,
							    Options options);

	/// Keeps virtual time from passing while the calling thread runs, see above.
	/// One per thread and instance.
	class Hold {
	public:
		explicit Hold(FakeInstance &instance);
		Hold(const Hold &) = delete;
		Hold &operator=(const Hold &) = delete;
		~Hold();

	private:
		FakeInstance &instance_;
	};

	/// Make the @nth call of @op from now on (1: the next) and the @times - 1
	/// after it fail with Linux errno @code, without doing anything. Calls of
	/// event_wait may fail with 0, which is a spurious wake-up.
	void fail(Op op, unsigned nth, int code, unsigned times = 1);
	/// Calls of @op so far, failed ones included.
	unsigned calls(Op op);
	/// The monotonic clock, without Options::now_step_ns.
	std::uint64_t time_ns();

	std::span<std::byte> ram() override { return real_->ram(); }
	std::uint64_t vmalloc_base() const override { return real_->vmalloc_base(); }
	std::uint64_t vmalloc_bytes() const override { return real_->vmalloc_bytes(); }
	std::uint32_t map_granule() const override { return real_->map_granule(); }
	Result<void> place(std::uint64_t at, std::span<const std::byte> source) override;
	Result<void> protect(std::uint64_t at, std::uint64_t bytes,
			     std::uint32_t prot) override;
	Result<void> watch_faults(const lkl_image *image, std::uint64_t at,
				  std::uint64_t bytes) override;

private:
	friend struct FakeOps;	// the functions of fake_ops()

	/// A thread that waits, for a signal or for a thread's end.
	struct Waiter {
		std::uint64_t deadline_ns;
		bool holder;		// holds the clock when it does not wait
		bool released = false;
		std::condition_variable wake = {};
	};
	struct Event {
		bool signalled = false;
		Waiter *waiter = nullptr;
	};
	struct Thread {
		FakeInstance *instance;
		void (*fn)(void *arg);
		void *arg;
		void *real = nullptr;
		bool ended = false;
		Waiter *joiner = nullptr;
	};
	struct Failure {
		Op op;
		unsigned first, last;	// calls
		int code;
	};

	FakeInstance(host::Events events, Options options)
		: events_(std::move(events)), options_(options), now_(options.start_ns)
	{
	}

	/// Count a call of @op. Its errno when it is to fail, else -1.
	int injected(Op op);
	Result<void> injected_error(Op op);

	// Under mutex_:
	void wait(Waiter &waiter, std::unique_lock<std::mutex> &lock);
	void release(Waiter &waiter);
	void release_due();
	void stop_holding();

	host::Events events_;
	Options options_;
	std::unique_ptr<host::Instance> real_;

	std::mutex mutex_;	// of what follows, events and threads included
	std::uint64_t now_;
	unsigned holds_ = 0;
	std::set<std::thread::id> holders_;
	std::list<Waiter *> waiters_;
	std::array<unsigned, static_cast<std::size_t>(Op::count)> calls_{};
	std::vector<Failure> failures_;
};

/// The ops whose `host` argument is a FakeInstance.
const lkl_host_ops &fake_ops();

} // namespace lkl::test
