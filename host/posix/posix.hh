// SPDX-License-Identifier: GPL-2.0
// The ops of the POSIX host, each in the file of its resource; ops.cc makes the
// table of them. Their contract is in lkl/host_ops.h.
#pragma once

#include <array>

#include <signal.h>

#include <lkl/host_ops.h>

namespace lkl::host::posix {

// time.cc
lkl_u64 now_ns(void *host) noexcept;
lkl_u64 realtime_ns(void *host) noexcept;

// event.cc
lkl_s32 event_create(void *host, void **event) noexcept;
void event_destroy(void *host, void *event) noexcept;
void event_signal(void *host, void *event) noexcept;
lkl_s32 event_wait(void *host, void *event, lkl_u64 deadline_ns) noexcept;

// thread.cc
lkl_s32 thread_create(void *host, void (*fn)(void *arg), void *arg, void **thread) noexcept;
void thread_join(void *host, void *thread) noexcept;
void yield(void *host) noexcept;

// memory.cc, by way of instance.hh
lkl_s32 map(void *host, lkl_u64 va, lkl_u64 phys, lkl_u64 bytes, lkl_u32 prot) noexcept;
lkl_s32 unmap(void *host, lkl_u64 va, lkl_u64 bytes) noexcept;
void discard(void *host, lkl_u64 phys, lkl_u64 bytes) noexcept;

// ops.cc
void log(void *host, lkl_u32 level, lkl_u64 time_us, const char *text, lkl_u32 bytes) noexcept;
void died(void *host, const char *reason, lkl_u32 bytes) noexcept;

/// The signals that a fault raises in the thread that made it. fault.cc handles
/// them; blocked, they would end the process.
inline constexpr std::array fault_signals = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};

} // namespace lkl::host::posix
