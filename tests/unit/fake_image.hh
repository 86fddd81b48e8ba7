// SPDX-License-Identifier: GPL-2.0
// A kernel image made of ordinary functions: enough of one to test who attaches,
// who waits and who is told, without a kernel.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "loader.hh"

namespace lkl::test {

/// Calls that Linux does not have. Blocks until interrupted:
inline constexpr std::int64_t sys_block = 5000;
/// Runs FakeImage::in_call on the calling thread.
inline constexpr std::int64_t sys_run = 5001;
/// Panics with the reason "told to die".
inline constexpr std::int64_t sys_die = 5002;
/// Fails with EIO after logging "EXT4-fs error (device vda): bad block".
inline constexpr std::int64_t sys_complain = 5003;

class FakeImage {
public:
	FakeImage();

	/// For lkl_kernel. The FakeImage must outlive the kernel.
	ImageSource source();

	const lkl_image *table() const { return &table_; }

	/// What boot() returns.
	int boot_result = 0;
	/// Panic with the reason "no memory" once a thread to attach is known.
	bool die_in_attach = false;
	std::function<void()> in_call;
	/// /proc/self/mounts, and which targets umount2() finds busy.
	std::string mounts;
	std::multiset<std::string> busy;

	// What happened.
	std::atomic<int> attached = 0, detached = 0, inside = 0, halted = 0, quiesced = 0;
	std::atomic<int> interrupts = 0;
	std::atomic<std::int64_t> calls = 0;
	std::vector<std::string> unmounted;	// read after the halt
	std::string command_line;

	/// Wait until @count calls are blocked.
	void wait_blocked(int count);

private:
	struct Thread;

	static FakeImage *booting;	// the source was called, boot() comes next

	std::int64_t call(Thread &thread, std::int64_t nr, const lkl_s64 *args);
	std::int64_t block(Thread &thread);

	lkl_image table_ = {};
	const lkl_boot *boot_ = nullptr;
	lkl_boot boot_copy_ = {};

	std::mutex mutex_;
	std::condition_variable changed_;
	bool stopping_ = false;
	bool dead_ = false;
	Thread *half_attached_ = nullptr;
	int blocked_ = 0;
	std::size_t mounts_read_ = 0;
};

} // namespace lkl::test
