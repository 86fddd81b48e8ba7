// SPDX-License-Identifier: GPL-2.0
#include "virtio/io_pool.hh"

#include <thread>
#include <utility>

#include "try.hh"

namespace lkl::virtio {

namespace {

// After this many vain lookouts in a row only every 32nd call makes one.
constexpr unsigned most_misses = 4, call_again = 32;

} // namespace

int IoPool::add_worker()
{
	void *thread = nullptr;
	auto run = [](void *pool) { static_cast<IoPool *>(pool)->work(); };
	int error = host::ops().thread_create(instance_, run, this, &thread);

	if (error == 0)
		workers_.push_back(thread);
	return error;
}

Result<void> IoPool::start(host::Instance &instance, std::uint64_t lookout_ns)
{
	std::lock_guard lock(mutex_);

	if (!workers_.empty())
		return {};
	instance_ = &instance;
	lookout_ns_ = lookout_ns;
	called_ = attended_ = false;
	stopping_ = false;
	workers_.reserve(max_workers);
	if (int error = add_worker(); error < 0)
		return fail(error, "start an I/O thread");
	return {};
}

bool IoPool::hand_over(Job &job) noexcept
{
	Job *polling = &looking_;

	return lookout_.compare_exchange_strong(polling, &job);
}

void IoPool::call() noexcept
{
	unsigned misses = misses_;

	if (!lookout_ns_ || attended_)
		return;
	if (misses >= most_misses && (misses_ = misses + 1) % call_again)
		return;

	std::unique_lock lock(mutex_);

	if (!idle_ || attended_)
		return;
	attended_ = true;
	called_ = true;
	lock.unlock();
	wake_.notify_one();
}

void IoPool::submit(Job &job) noexcept
{
	if (hand_over(job))
		return;

	std::unique_lock lock(mutex_);

	job.next = nullptr;
	*last_ = &job;
	last_ = &job.next;
	queued_++;
	// One thread always exists, so failing to add another costs only speed.
	if (queued_ > idle_ && workers_.size() < max_workers && !stopping_)
		add_worker();
	lock.unlock();
	wake_.notify_one();
}

Job *IoPool::withdraw(const void *owner) noexcept
{
	std::lock_guard lock(mutex_);
	Job *taken = nullptr;
	Job **end = &taken;
	Job **link = &first_;

	while (Job *job = *link) {
		if (job->owner != owner) {
			link = &job->next;
			continue;
		}
		*link = std::exchange(job->next, nullptr);
		*end = job;
		end = &job->next;
		queued_--;
	}
	last_ = link;
	return taken;
}

void IoPool::stop() noexcept
{
	std::unique_lock lock(mutex_);
	std::vector<void *> workers = std::move(workers_);

	workers_.clear();
	stopping_ = true;
	first_ = nullptr;
	last_ = &first_;
	queued_ = 0;
	lock.unlock();
	wake_.notify_all();
	for (void *worker : workers)
		host::ops().thread_join(instance_, worker);
}

// The calling thread is the lookout until nothing came for a while.
void IoPool::look_out()
{
	while (Job *job = poll()) {
		misses_ = 0;
		job->run(*job);
	}
	misses_++;
	attended_ = false;
}

// The job that the lookout was given, or null.
Job *IoPool::poll()
{
	std::uint64_t end = host::ops().now_ns(instance_) + lookout_ns_;

	lookout_ = &looking_;
	while (lookout_ == &looking_ && !stopping_ && host::ops().now_ns(instance_) < end)
		std::this_thread::yield();

	// It may have come at the last moment.
	Job *job = lookout_.exchange(nullptr);

	return job == &looking_ ? nullptr : job;
}

void IoPool::work()
{
	std::unique_lock lock(mutex_);

	for (;;) {
		idle_++;
		wake_.wait(lock, [this] { return first_ || called_ || stopping_; });
		idle_--;
		if (stopping_)
			return;

		Job *job = first_;

		if (job) {
			first_ = job->next;
			if (!first_)
				last_ = &first_;
			queued_--;
			lock.unlock();
			job->run(*job);
		} else {
			called_ = false;
			lock.unlock();
			look_out();
		}
		lock.lock();
	}
}

} // namespace lkl::virtio
