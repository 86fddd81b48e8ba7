// SPDX-License-Identifier: GPL-2.0
// Which host threads are tasks of which kernel, and who is inside it now.
//
// A host thread becomes a task with its first call and stays one until it ends
// or detaches. The kernel's first task, "init", is the library's own: it clones
// the others, and does the mounts at start and halt.
//
// Every entry of an application thread passes its gate, a word that only the
// thread itself and the halting one change:
//
//	outside --enter()--> inside --leave()--> outside
//	outside --close()--> closed                          no entry from here on
//	inside  --close()--> inside|closed --leave()--> closed, and close() is told
//
// Both are one atomic read-modify-write, so a thread is either seen inside and
// waited for, or finds its gate closed; no order in between loses it.
//
// A Task outlives its kernel as long as a thread may remember it: threads hold
// a reference on the Threads they appear in. Kernels are told apart by number,
// never by address.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "host/host.hh"

namespace lkl {

/// Memory for a struct lkl_thread, zeroed.
class TaskMemory {
public:
	/// Null when there is no memory.
	static TaskMemory allocate(std::uint32_t bytes);
	TaskMemory() = default;

	lkl_thread *get() const { return reinterpret_cast<lkl_thread *>(bytes_.get()); }

private:
	struct Free {
		void operator()(std::byte *bytes) const;
	};

	std::unique_ptr<std::byte[], Free> bytes_;
};

/// One host thread's presence in one kernel.
class Task {
public:
	explicit Task(TaskMemory memory) : memory_(std::move(memory)), thread_(memory_.get()) {}

	/// False when the kernel is halting or gone. Then nothing may be called.
	bool enter()
	{
		std::uint32_t expected = outside;

		return gate_.compare_exchange_strong(expected, inside);
	}

	/// True when close() must be told, see Threads::left().
	[[nodiscard]] bool leave()
	{
		std::uint32_t expected = inside;

		if (gate_.compare_exchange_strong(expected, outside))
			return false;
		gate_.store(closed);
		return true;
	}

	/// For the image's functions, between enter() and leave().
	lkl_thread *thread() const { return thread_; }

private:
	friend class Threads;

	static constexpr std::uint32_t outside = 0;
	static constexpr std::uint32_t inside = 1;
	static constexpr std::uint32_t closed = 2;	// a flag

	std::atomic<std::uint32_t> gate_ = outside;
	TaskMemory memory_;
	lkl_thread *thread_;
	bool ending_ = false;	// under Threads::mutex_: in thread_detach()
};

/// The tasks of one kernel.
class Threads : public std::enable_shared_from_this<Threads> {
public:
	/// @init is the task that the image booted with. @number is the kernel's,
	/// @died set when it panicked; image and flag are looked at until close() only.
	Threads(const lkl_image &image, TaskMemory init, std::uint64_t number,
		const std::atomic<bool> &died);

	/// The calling thread's task, made when it has none. Errors: ESHUTDOWN when
	/// halting, else the kernel's.
	Result<Task *> attach();
	/// End the calling thread's task if it has one. Not between enter() and leave().
	void detach();
	/// End @task, which is the calling thread's and not remembered as such.
	void end(Task &task);
	/// What Task::leave() asked for.
	void left();

	/// Close all gates, interrupt who is inside and wait until all came out (of
	/// a kernel that died they come by themselves). Once.
	void close();
	/// Use init, which nobody else does after close().
	lkl_thread *init() const { return init_.get(); }
	/// The kernel has ended: free what it used of every task.
	void release();

	std::uint64_t number() const { return number_; }

private:
	friend struct CallerTasks;

	Result<void> add(std::unique_ptr<Task> task);

	const lkl_image &image_;	// valid inside a gate, and under init_mutex_
	const std::uint32_t task_bytes_;
	const std::uint64_t number_;
	const std::atomic<bool> &died_;
	std::atomic<bool> closed_ = false;	// written under mutex_

	std::mutex init_mutex_;	// init as a parent; taken before mutex_
	TaskMemory init_;

	std::mutex mutex_;	// of what follows
	std::condition_variable all_out_;
	unsigned awaited_ = 0;	// tasks that were inside when their gate closed
	std::vector<std::unique_ptr<Task>> tasks_;
};

/// The task that the calling thread used last. Trivial, so that looking is cheap.
struct CurrentTask {
	std::uint64_t kernel;	// 0: none
	Task *task;
};

#if defined(__ELF__)
[[gnu::tls_model("initial-exec")]]
#endif
extern thread_local constinit CurrentTask current_task;

/// The calling thread's task in kernel @number, or null.
Task *find_task(std::uint64_t number);

/// True while the calling thread's thread-local objects are being destroyed: a
/// task that attach() makes now is not remembered, and must be ended after use.
bool thread_is_ending();

} // namespace lkl
