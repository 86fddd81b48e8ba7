// SPDX-License-Identifier: GPL-2.0
// The calling thread's last failure, for lkl_last_error().
//
// A failed system call is frequent and mostly harmless, so it only leaves four
// words; its sentence is made when somebody asks. Failures of the library's own
// functions have their sentence made at once, while the log still has the reason.
#pragma once

#include <cstdint>
#include <string>

#include "host/host.hh"

struct lkl_kernel;

namespace lkl {

/// A failed system call. Trivial, so that noting one costs four stores.
struct FailedCall {
	std::uint64_t kernel;	// number of the instance; 0: none since set_last_error()
	std::int64_t nr;
	std::int64_t result;
	std::uint64_t log_mark;	// LogRing::next() when the call began
};

#if defined(__ELF__)
[[gnu::tls_model("initial-exec")]]
#endif
extern thread_local constinit FailedCall failed_call;

/// Remember @error, in @kernel (may be null) during an operation that began at
/// @log_mark. Returns the negative errno.
int set_last_error(const lkl_kernel *kernel, std::uint64_t log_mark, const Error &error) noexcept;

/// What lkl_last_error() returns.
const char *last_error(const lkl_kernel *kernel) noexcept;

} // namespace lkl
