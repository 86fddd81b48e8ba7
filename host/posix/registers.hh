// SPDX-License-Identifier: GPL-2.0
// The registers of an interrupted context: the only CPU-specific part of this
// host. Each CPU and system has a file that defines
//
//	std::uint64_t instruction_pointer(const ucontext_t &);
//	std::uint64_t stack_pointer(const ucontext_t &);
//	std::uint64_t frame_pointer(const ucontext_t &);
//	void resume_at(ucontext_t &, std::uint64_t ip);
//	void call_at(ucontext_t &, std::uint64_t ip, std::uint64_t sp,
//		     std::uint64_t argument);
//
// resume_at() changes nothing but the instruction pointer. call_at() makes the
// context continue as if the function at ip had been called with one argument.
#pragma once

#if defined(__linux__) && defined(__x86_64__)
#include "host/posix/registers_linux_x86_64.hh"
#else
#error "host/posix has no register access for this CPU and system yet"
#endif
