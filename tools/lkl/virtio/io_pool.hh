// SPDX-License-Identifier: GPL-2.0
// A few host threads that wait for I/O so that virtual CPUs need not.
//
// One pool per instance, shared by its disks. Jobs are linked through themselves:
// submit() allocates nothing and may be called CPU held.
#pragma once

#include <condition_variable>
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

	/// Ready for jobs: the first thread is running. Idempotent.
	Result<void> start(host::Instance &instance);
	/// Jobs run in the order they come; threads are added while all are busy.
	void submit(Job &job) noexcept;
	/// Take back @owner's jobs that no thread has begun, linked by next.
	Job *withdraw(const void *owner) noexcept;
	/// Let jobs that were begun end, drop the others, end the threads. Host
	/// context. The pool can be started again.
	void stop() noexcept;

private:
	int add_worker();
	void work();

	std::mutex mutex_;
	std::condition_variable wake_;
	Job *first_ = nullptr;
	Job **last_ = &first_;
	unsigned queued_ = 0;
	unsigned idle_ = 0;
	bool stopping_ = false;
	host::Instance *instance_ = nullptr;
	std::vector<void *> workers_;
};

} // namespace lkl::virtio
