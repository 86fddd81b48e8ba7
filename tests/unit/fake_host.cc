// SPDX-License-Identifier: GPL-2.0
#include "tests/unit/fake_host.hh"

#include <algorithm>
#include <utility>

namespace lkl::test {

Result<std::unique_ptr<FakeInstance>> FakeInstance::create(std::uint64_t ram_bytes,
							   std::uint64_t vmalloc_bytes,
							   host::Events events, Options options)
{
	Result<std::unique_ptr<host::Instance>> real =
		host::Instance::create(ram_bytes, vmalloc_bytes, {});
	if (!real)
		return std::unexpected(real.error());
	std::unique_ptr<FakeInstance> fake(new FakeInstance(std::move(events), options));
	fake->real_ = std::move(*real);
	return fake;
}

FakeInstance::Hold::Hold(FakeInstance &instance) : instance_(instance)
{
	std::lock_guard lock(instance_.mutex_);
	instance_.holders_.insert(std::this_thread::get_id());
	instance_.holds_++;
}

FakeInstance::Hold::~Hold()
{
	std::lock_guard lock(instance_.mutex_);
	instance_.holders_.erase(std::this_thread::get_id());
	instance_.stop_holding();
}

void FakeInstance::fail(Op op, unsigned nth, int code, unsigned times)
{
	std::lock_guard lock(mutex_);
	unsigned first = calls_[static_cast<std::size_t>(op)] + nth;
	failures_.push_back({op, first, first + times - 1, code});
}

unsigned FakeInstance::calls(Op op)
{
	std::lock_guard lock(mutex_);
	return calls_[static_cast<std::size_t>(op)];
}

std::uint64_t FakeInstance::time_ns()
{
	std::lock_guard lock(mutex_);
	return now_;
}

int FakeInstance::injected(Op op)
{
	std::lock_guard lock(mutex_);
	unsigned call = ++calls_[static_cast<std::size_t>(op)];
	for (const Failure &failure : failures_) {
		if (failure.op == op && failure.first <= call && call <= failure.last)
			return failure.code;
	}
	return -1;
}

Result<void> FakeInstance::injected_error(Op op)
{
	if (int code = injected(op); code >= 0)
		return std::unexpected(Error{code, "injected failure"});
	return {};
}

Result<void> FakeInstance::place(std::uint64_t at, std::span<const std::byte> source)
{
	Result<void> result = injected_error(Op::place);
	return result ? real_->place(at, source) : result;
}

Result<void> FakeInstance::protect(std::uint64_t at, std::uint64_t bytes, std::uint32_t prot)
{
	Result<void> result = injected_error(Op::protect);
	return result ? real_->protect(at, bytes, prot) : result;
}

Result<void> FakeInstance::watch_faults(const lkl_image *image, std::uint64_t at,
					std::uint64_t bytes)
{
	Result<void> result = injected_error(Op::watch_faults);
	return result ? real_->watch_faults(image, at, bytes) : result;
}

/// Until release(). The calling thread does not hold the clock meanwhile.
void FakeInstance::wait(Waiter &waiter, std::unique_lock<std::mutex> &lock)
{
	waiters_.push_back(&waiter);
	waiter.holder = holders_.contains(std::this_thread::get_id());
	if (waiter.holder)
		holds_--;
	release_due();
	waiter.wake.wait(lock, [&] { return waiter.released; });
}

/// End a wait, whose thread holds the clock from here on.
void FakeInstance::release(Waiter &waiter)
{
	waiters_.remove(&waiter);
	if (waiter.holder)
		holds_++;
	waiter.released = true;
	waiter.wake.notify_one();
}

/// Release whose deadline has come, and let time pass while nothing holds it.
void FakeInstance::release_due()
{
	for (;;) {
		std::list<Waiter *>::iterator next =
			std::ranges::min_element(waiters_, {}, &Waiter::deadline_ns);
		if (next == waiters_.end() || (*next)->deadline_ns == LKL_FOREVER)
			return;
		if ((*next)->deadline_ns > now_) {
			if (holds_ > 0)
				return;
			now_ = (*next)->deadline_ns;
		}
		release(**next);
	}
}

void FakeInstance::stop_holding()
{
	holds_--;
	release_due();
}

struct FakeOps {
	using Waiter = FakeInstance::Waiter;
	using Event = FakeInstance::Event;
	using Thread = FakeInstance::Thread;
	using Lock = std::unique_lock<std::mutex>;

	static FakeInstance &from(void *host)
	{
		return *static_cast<FakeInstance *>(static_cast<host::Instance *>(host));
	}

	static lkl_u64 now_ns(void *host) noexcept
	{
		FakeInstance &self = from(host);
		Lock lock(self.mutex_);
		self.now_ += self.options_.now_step_ns;
		self.release_due();
		return self.now_;
	}

	static lkl_u64 realtime_ns(void *host) noexcept
	{
		FakeInstance &self = from(host);
		Lock lock(self.mutex_);
		return self.options_.realtime_ns + (self.now_ - self.options_.start_ns);
	}

	static lkl_s32 event_create(void *host, void **event) noexcept
	{
		if (int code = from(host).injected(Op::event_create); code >= 0)
			return -code;
		*event = new Event;
		return 0;
	}

	static void event_destroy(void *host, void *event) noexcept
	{
		Lock lock(from(host).mutex_);
		delete static_cast<Event *>(event);
	}

	static void event_signal(void *host, void *data) noexcept
	{
		FakeInstance &self = from(host);
		Event &event = *static_cast<Event *>(data);
		Lock lock(self.mutex_);
		event.signalled = true;
		if (event.waiter && !event.waiter->released)
			self.release(*event.waiter);
	}

	static lkl_s32 event_wait(void *host, void *data, lkl_u64 deadline_ns) noexcept
	{
		FakeInstance &self = from(host);
		if (int code = self.injected(Op::event_wait); code >= 0)
			return -code;
		Event &event = *static_cast<Event *>(data);
		Lock lock(self.mutex_);
		if (!event.signalled && deadline_ns > self.now_) {
			Waiter waiter{deadline_ns, false};
			event.waiter = &waiter;
			self.wait(waiter, lock);
			event.waiter = nullptr;
		}
		return std::exchange(event.signalled, false) ? 0 : -LKL_ETIMEDOUT;
	}

	static void run(void *data)
	{
		Thread &thread = *static_cast<Thread *>(data);
		FakeInstance &self = *thread.instance;
		Lock lock(self.mutex_);
		self.holders_.insert(std::this_thread::get_id());
		lock.unlock();

		thread.fn(thread.arg);

		lock.lock();
		self.holders_.erase(std::this_thread::get_id());
		thread.ended = true;
		if (thread.joiner)
			self.release(*thread.joiner);
		self.stop_holding();
	}

	static lkl_s32 thread_create(void *host, void (*fn)(void *arg), void *arg,
				     void **thread) noexcept
	{
		FakeInstance &self = from(host);
		if (int code = self.injected(Op::thread_create); code >= 0)
			return -code;
		std::unique_ptr<Thread> created(new Thread{&self, fn, arg});
		Lock lock(self.mutex_);
		self.holds_++;
		lock.unlock();
		lkl_s32 error = host::ops().thread_create(self.real_.get(), run, created.get(),
							  &created->real);
		if (error < 0) {
			lock.lock();
			self.stop_holding();
			return error;
		}
		*thread = created.release();
		return 0;
	}

	static void thread_join(void *host, void *data) noexcept
	{
		FakeInstance &self = from(host);
		std::unique_ptr<Thread> thread(static_cast<Thread *>(data));
		Lock lock(self.mutex_);
		if (!thread->ended) {
			Waiter waiter{LKL_FOREVER, false};
			thread->joiner = &waiter;
			self.wait(waiter, lock);
		}
		lock.unlock();
		host::ops().thread_join(self.real_.get(), thread->real);
	}

	static void yield(void *host) noexcept
	{
		host::ops().yield(from(host).real_.get());
	}

	static lkl_s32 map(void *host, lkl_u64 va, lkl_u64 phys, lkl_u64 bytes,
			   lkl_u32 prot) noexcept
	{
		FakeInstance &self = from(host);
		if (int code = self.injected(Op::map); code >= 0) {
			host::ops().unmap(self.real_.get(), va, bytes);
			return -code;
		}
		return host::ops().map(self.real_.get(), va, phys, bytes, prot);
	}

	static lkl_s32 unmap(void *host, lkl_u64 va, lkl_u64 bytes) noexcept
	{
		FakeInstance &self = from(host);
		if (int code = self.injected(Op::unmap); code >= 0)
			return -code;
		return host::ops().unmap(self.real_.get(), va, bytes);
	}

	static void discard(void *host, lkl_u64 phys, lkl_u64 bytes) noexcept
	{
		host::ops().discard(from(host).real_.get(), phys, bytes);
	}

	static void log(void *host, lkl_u32 level, lkl_u64 time_us, const char *text,
			lkl_u32 bytes) noexcept
	{
		const host::Events &events = from(host).events_;
		if (events.log)
			events.log(level, time_us, {text, bytes});
	}

	static void died(void *host, const char *reason, lkl_u32 bytes) noexcept
	{
		const host::Events &events = from(host).events_;
		if (events.died)
			events.died({reason, bytes});
	}
};

const lkl_host_ops &fake_ops()
{
	static constexpr lkl_host_ops table = {
		.size = sizeof(table),
		.version = LKL_HOST_ABI_VERSION,
		.now_ns = FakeOps::now_ns,
		.realtime_ns = FakeOps::realtime_ns,
		.event_create = FakeOps::event_create,
		.event_destroy = FakeOps::event_destroy,
		.event_signal = FakeOps::event_signal,
		.event_wait = FakeOps::event_wait,
		.thread_create = FakeOps::thread_create,
		.thread_join = FakeOps::thread_join,
		.yield = FakeOps::yield,
		.map = FakeOps::map,
		.unmap = FakeOps::unmap,
		.discard = FakeOps::discard,
		.log = FakeOps::log,
		.died = FakeOps::died,
	};
	return table;
}

} // namespace lkl::test
