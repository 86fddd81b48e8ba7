// SPDX-License-Identifier: GPL-2.0
#include "threads.hh"

#include <algorithm>
#include <cstring>
#include <new>

#include <lkl/abi.h>

#include "try.hh"

namespace lkl {

thread_local constinit CurrentTask current_task = {};

namespace {

constexpr std::size_t task_alignment = 128;	// host_ops.h, struct lkl_thread
constexpr std::uint32_t max_task_bytes = 1 << 20;

thread_local constinit bool ending = false;

} // namespace

/// All tasks of the calling thread, in however many kernels.
struct CallerTasks {
	struct Entry {
		std::shared_ptr<Threads> threads;
		Task *task;
	};

	~CallerTasks()
	{
		ending = true;
		current_task = {};
		for (Entry &entry : entries)
			entry.threads->end(*entry.task);
	}

	std::vector<Entry>::iterator find(std::uint64_t number)
	{
		return std::find_if(entries.begin(), entries.end(), [=](const Entry &entry) {
			return entry.threads->number() == number;
		});
	}

	// Tasks of kernels that were halted meanwhile.
	void forget_closed()
	{
		std::erase_if(entries,
			      [](const Entry &entry) { return entry.threads->closed_.load(); });
	}

	static CallerTasks &mine()
	{
		static thread_local CallerTasks tasks;

		return tasks;
	}

	std::vector<Entry> entries;
};

bool thread_is_ending()
{
	return ending;
}

Task *find_task(std::uint64_t number)
{
	if (ending)
		return nullptr;

	CallerTasks &mine = CallerTasks::mine();
	auto entry = mine.find(number);

	if (entry == mine.entries.end())
		return nullptr;
	current_task = {number, entry->task};
	return entry->task;
}

TaskMemory TaskMemory::allocate(std::uint32_t bytes)
{
	TaskMemory memory;

	if (bytes > max_task_bytes)
		return memory;
	memory.bytes_.reset(static_cast<std::byte *>(
		::operator new(bytes, std::align_val_t(task_alignment), std::nothrow)));
	if (memory.bytes_)
		std::memset(memory.bytes_.get(), 0, bytes);
	return memory;
}

void TaskMemory::Free::operator()(std::byte *bytes) const
{
	::operator delete(bytes, std::align_val_t(task_alignment));
}

Threads::Threads(const lkl_image &image, TaskMemory init, std::uint64_t number,
		 const std::atomic<bool> &died)
	: image_(image), task_bytes_(image.thread_bytes), number_(number), died_(died),
	  init_(std::move(init))
{
}

Result<Task *> Threads::attach()
{
	if (Task *task = find_task(number_))
		return task;

	auto task = std::make_unique<Task>(TaskMemory::allocate(task_bytes_));
	Task *attached = task.get();

	if (!task->thread())
		return fail(LKL_ENOMEM, "attach a thread");
	if (!ending) {
		CallerTasks &mine = CallerTasks::mine();

		mine.forget_closed();
		mine.entries.reserve(mine.entries.size() + 1);
	}
	host::enter_thread();
	TRY(add(std::move(task)));
	if (!ending) {
		CallerTasks::mine().entries.push_back({shared_from_this(), attached});
		current_task = {number_, attached};
	}
	return attached;
}

Result<void> Threads::add(std::unique_ptr<Task> task)
{
	// close() takes this first, so the kernel is not halted under the call.
	std::lock_guard init_lock(init_mutex_);

	if (closed_)
		return fail(LKL_ESHUTDOWN, "attach a thread");

	lkl_s32 id = image_.thread_attach(init_.get(), task->thread());

	// An image that died over it may know of the thread.
	if (id >= 0 || died_) {
		std::lock_guard lock(mutex_);

		tasks_.push_back(std::move(task));
	}
	if (id < 0)
		return fail(id, "attach a thread");
	return {};
}

void Threads::detach()
{
	if (current_task.kernel == number_)
		current_task = {};
	if (ending)
		return;

	CallerTasks &mine = CallerTasks::mine();
	auto entry = mine.find(number_);

	if (entry == mine.entries.end())
		return;

	Task *task = entry->task;

	mine.entries.erase(entry);
	end(*task);
}

void Threads::end(Task &task)
{
	{
		std::lock_guard lock(mutex_);
		task.ending_ = true;
	}
	// Once closed, the halting thread frees it.
	if (!task.enter())
		return;

	// A dead image is not entered, and keeps what it knows of its threads.
	bool dead = died_;

	if (!dead)
		image_.thread_detach(task.thread());

	bool told = task.leave();
	std::lock_guard lock(mutex_);

	if (!dead)
		std::erase_if(tasks_, [&](const auto &other) { return other.get() == &task; });
	if (told && --awaited_ == 0)
		all_out_.notify_all();
}

void Threads::left()
{
	std::lock_guard lock(mutex_);

	if (--awaited_ == 0)
		all_out_.notify_all();
}

void Threads::close()
{
	std::lock_guard init_lock(init_mutex_);
	std::unique_lock lock(mutex_);

	closed_ = true;
	for (const std::unique_ptr<Task> &task : tasks_) {
		std::uint32_t before = task->gate_.fetch_or(Task::closed);

		if (before & Task::inside)
			awaited_++;
	}
	if (!died_) {
		image_.quiesce(init_.get());
		for (const std::unique_ptr<Task> &task : tasks_)
			if (task->gate_.load() == (Task::inside | Task::closed) && !task->ending_)
				image_.interrupt(task->thread());
	}
	all_out_.wait(lock, [&] { return awaited_ == 0; });
}

void Threads::release()
{
	std::lock_guard lock(mutex_);

	for (const std::unique_ptr<Task> &task : tasks_)
		task->memory_ = {};
	init_ = {};
}

} // namespace lkl
