// SPDX-License-Identifier: GPL-2.0
#include "virtio/io_pool.hh"

#include <utility>

#include "try.hh"

namespace lkl::virtio {

int IoPool::add_worker()
{
	void *thread = nullptr;
	auto run = [](void *pool) { static_cast<IoPool *>(pool)->work(); };
	int error = host::ops().thread_create(instance_, run, this, &thread);

	if (error == 0)
		workers_.push_back(thread);
	return error;
}

Result<void> IoPool::start(host::Instance &instance)
{
	std::lock_guard lock(mutex_);

	if (!workers_.empty())
		return {};
	instance_ = &instance;
	stopping_ = false;
	workers_.reserve(max_workers);
	if (int error = add_worker(); error < 0)
		return fail(error, "start an I/O thread");
	return {};
}

void IoPool::submit(Job &job) noexcept
{
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

void IoPool::work()
{
	std::unique_lock lock(mutex_);

	for (;;) {
		idle_++;
		wake_.wait(lock, [this] { return first_ || stopping_; });
		idle_--;
		if (stopping_)
			return;

		Job *job = first_;

		first_ = job->next;
		if (!first_)
			last_ = &first_;
		queued_--;
		lock.unlock();
		job->run(*job);
		lock.lock();
	}
}

} // namespace lkl::virtio
