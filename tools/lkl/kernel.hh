// SPDX-License-Identifier: GPL-2.0
// struct lkl_kernel: one instance, from its options to its end.
//
// created --start()--> running --halt()--> halted. A failed start ends in halted
// too. Changes of state are made under lifecycle_, so a second halt waits for the
// first and returns its result. What runs in between is told apart by Threads: a
// thread that got through its gate finds image, RAM and disks alive.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "calls.hh"
#include "disks.hh"
#include "host/host.hh"
#include "lkl.h"
#include "loader.hh"
#include "log.hh"
#include "threads.hh"
#include "virtio/io_pool.hh"

struct lkl_kernel {
public:
	/// @options with all defaults filled in; strings are copied.
	lkl_kernel(const lkl_options &options, lkl::ImageSource source);
	~lkl_kernel();
	lkl_kernel(const lkl_kernel &) = delete;
	lkl_kernel &operator=(const lkl_kernel &) = delete;

	lkl::Result<void> start();
	lkl::Result<void> halt();

	/// The calling thread's task, for enter().
	lkl::Result<lkl::Task *> attach();
	void detach();

	/// Of all instances ever made in this process; never 0, never used again.
	std::uint64_t number() const { return number_; }
	const lkl::LogRing &log() const { return log_; }
	/// The image's table. Inside a gate only.
	const lkl_image &image() const { return *image_; }
	lkl::Threads &threads() { return *threads_; }
	lkl::Disks &disks() { return disks_; }
	lkl::virtio::IoPool &io_pool() { return io_pool_; }
	lkl::host::Instance &host() { return *host_; }
	std::span<std::byte> ram() { return host_->ram(); }
	unsigned cpus() const { return cpus_; }
	std::uint64_t spin_ns() const { return spin_ns_; }
	bool time_is_virtual() const { return virtual_start_ns_ != 0; }

	bool died() const { return died_.load(std::memory_order_acquire); }
	/// Why; only after died().
	const std::string &death() const { return death_; }

	/// A line of the library's own, among the kernel's. Any thread.
	void complain(const std::string &line);

private:
	enum class State { created, running, halted };
	using Seed = std::array<std::uint64_t, 4>;

	lkl::Result<void> boot();
	lkl::Result<void> prepare();
	lkl::Result<void> shut_down();
	lkl::Result<void> flush_disk(const lkl::Disk &disk);
	void free_all();
	void on_log(unsigned level, std::uint64_t time_us, std::string_view line);
	void on_death(std::string_view reason);

	const std::uint64_t number_;
	const unsigned cpus_;
	const std::uint64_t memory_bytes_;
	const std::uint64_t spin_ns_;
	const std::uint64_t virtual_start_ns_;	// 0: the host's time
	const Seed seed_;			// all zero: the host's choice
	const std::string command_line_;
	const lkl_log_fn log_fn_;
	void *const log_user_;

	std::mutex lifecycle_;
	std::atomic<State> state_ = State::created;	// written under lifecycle_
	lkl::Result<void> halt_result_;

	std::atomic<bool> died_ = false;
	std::string death_;	// written before died_

	lkl::LogRing log_;
	std::mutex log_fn_mutex_;	// one line at a time to log_fn_

	lkl::ImageSource source_;	// before host_: owns what its RAM is mapped from
	std::unique_ptr<lkl::host::Instance> host_;
	const lkl_image *image_ = nullptr;
	bool booted_ = false;		// image_->halt() is due
	lkl::TaskMemory init_;		// until Threads has it
	std::shared_ptr<lkl::Threads> threads_;
	lkl::Disks disks_;
	lkl::virtio::IoPool io_pool_;
};

namespace lkl {

/// The calling thread between the gates of a kernel, for functions of the image
/// other than system calls.
class Inside {
public:
	static Result<Inside> enter(lkl_kernel &kernel);
	Inside(Inside &&other) noexcept
		: kernel_(other.kernel_), task_(std::exchange(other.task_, nullptr))
	{
	}
	Inside &operator=(Inside &&) = delete;
	~Inside();

	lkl_thread *thread() const { return task_->thread(); }

private:
	Inside(lkl_kernel &kernel, Task &task) : kernel_(&kernel), task_(&task) {}

	lkl_kernel *kernel_;
	Task *task_;
};

} // namespace lkl
