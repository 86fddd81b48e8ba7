// SPDX-License-Identifier: GPL-2.0
// A few host threads that wait for I/O so that virtual CPUs need not.
//
// One pool per instance, shared by its disks. Jobs are linked through themselves:
// submit() allocates nothing and may be called CPU held.
//
// Where jobs come in a stream, call() makes one thread the *lookout*: it polls for
// the next job for a while instead of sleeping, so that passing it one costs neither
// side a wake-up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "host/host.hh"

namespace lkl::virtio {

/// Something to do once. Its owner keeps it alive until run() was called.
struct Job {
	Job *next = nullptr;
	void (*run)(Job &job) noexcept = nullptr;	// on a pool thread, no lock held
	const void *owner = nullptr;			// for withdraw()
};

class IoPool {
public:
	static constexpr unsigned max_workers = 4;

	IoPool() = default;
	~IoPool() { stop(); }

	/// Ready for jobs: the first thread is running. Idempotent. A lookout polls
	/// for @lookout_ns; 0: there is never one.
	Result<void> start(host::Instance &instance, std::uint64_t lookout_ns);
	/// Jobs are begun in the order they come, but for one that finds a lookout;
	/// threads are added while all are busy.
	void submit(Job &job) noexcept;
	/// Pass @job to the lookout; false when there is none at this moment.
	bool hand_over(Job &job) noexcept;
	/// Another job is expected at once: have a lookout for it, where that was
	/// worth its while lately.
	void call() noexcept;
	/// Take back @owner's jobs that no thread has begun, linked by next.
	Job *withdraw(const void *owner) noexcept;
	/// Let jobs that were begun end, drop the others, end the threads. Host
	/// context. The pool can be started again.
	void stop() noexcept;

private:
	int add_worker();
	void work();
	void look_out();
	Job *poll();

	// Null: nobody polls. &looking_: the lookout does. Else the job it was given.
	std::atomic<Job *> lookout_ = nullptr;
	Job looking_;
	std::atomic<bool> attended_ = false;	// a thread is, or is to become, the lookout
	std::atomic<unsigned> misses_ = 0;	// lookouts in a row that got nothing
	std::uint64_t lookout_ns_ = 0;

	std::mutex mutex_;			// of what follows
	std::condition_variable wake_;
	Job *first_ = nullptr;
	Job **last_ = &first_;
	unsigned queued_ = 0;
	unsigned idle_ = 0;
	bool called_ = false;
	std::atomic<bool> stopping_ = false;	// written under mutex_
	host::Instance *instance_ = nullptr;
	std::vector<void *> workers_;
};

} // namespace lkl::virtio
