// SPDX-License-Identifier: GPL-2.0
// registers.hh for Linux on x86-64.
#pragma once

#include <cstdint>

#include <ucontext.h>

namespace lkl::host::posix {

inline std::uint64_t read_register(const ucontext_t &context, int index)
{
	return static_cast<std::uint64_t>(context.uc_mcontext.gregs[index]);
}

inline void write_register(ucontext_t &context, int index, std::uint64_t value)
{
	context.uc_mcontext.gregs[index] = static_cast<greg_t>(value);
}

inline std::uint64_t instruction_pointer(const ucontext_t &context)
{
	return read_register(context, REG_RIP);
}

inline std::uint64_t stack_pointer(const ucontext_t &context)
{
	return read_register(context, REG_RSP);
}

inline std::uint64_t frame_pointer(const ucontext_t &context)
{
	return read_register(context, REG_RBP);
}

inline void resume_at(ucontext_t &context, std::uint64_t ip)
{
	write_register(context, REG_RIP, ip);
}

inline void call_at(ucontext_t &context, std::uint64_t ip, std::uint64_t sp,
		    std::uint64_t argument)
{
	// The calling convention wants the direction flag clear; a faulting string
	// instruction may have run with it set.
	constexpr std::uint64_t direction_flag = 1u << 10;
	write_register(context, REG_RIP, ip);
	write_register(context, REG_RSP, sp);
	write_register(context, REG_RDI, argument);
	write_register(context, REG_EFL, read_register(context, REG_EFL) & ~direction_flag);
}

} // namespace lkl::host::posix
