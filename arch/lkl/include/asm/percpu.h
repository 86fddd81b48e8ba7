/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts come at irq points only and the kernel is not preempted, so plain
 * accesses are atomic with respect to this CPU.
 */
#ifndef _ASM_LKL_PERCPU_H
#define _ASM_LKL_PERCPU_H

#include <asm/fiber.h>

#define __my_cpu_offset	(current_thread_info()->percpu_offset)

#define lkl_pcpu_read(pcp)		READ_ONCE(*raw_cpu_ptr(&(pcp)))
#define lkl_pcpu_write(pcp, val)	raw_cpu_generic_to_op(pcp, val, =)
#define lkl_pcpu_add(pcp, val)		raw_cpu_generic_to_op(pcp, val, +=)
#define lkl_pcpu_and(pcp, val)		raw_cpu_generic_to_op(pcp, val, &=)
#define lkl_pcpu_or(pcp, val)		raw_cpu_generic_to_op(pcp, val, |=)

#define this_cpu_read_1(pcp)		lkl_pcpu_read(pcp)
#define this_cpu_write_1(pcp, val)		lkl_pcpu_write(pcp, val)
#define this_cpu_add_1(pcp, val)		lkl_pcpu_add(pcp, val)
#define this_cpu_and_1(pcp, val)		lkl_pcpu_and(pcp, val)
#define this_cpu_or_1(pcp, val)		lkl_pcpu_or(pcp, val)
#define this_cpu_add_return_1(pcp, val)	raw_cpu_generic_add_return(pcp, val)
#define this_cpu_xchg_1(pcp, val)	raw_cpu_generic_xchg(pcp, val)
#define this_cpu_cmpxchg_1(pcp, o, n)	raw_cpu_generic_cmpxchg(pcp, o, n)
#define this_cpu_try_cmpxchg_1(pcp, o, n)	raw_cpu_generic_try_cmpxchg(pcp, o, n)

#define this_cpu_read_2(pcp)		lkl_pcpu_read(pcp)
#define this_cpu_write_2(pcp, val)		lkl_pcpu_write(pcp, val)
#define this_cpu_add_2(pcp, val)		lkl_pcpu_add(pcp, val)
#define this_cpu_and_2(pcp, val)		lkl_pcpu_and(pcp, val)
#define this_cpu_or_2(pcp, val)		lkl_pcpu_or(pcp, val)
#define this_cpu_add_return_2(pcp, val)	raw_cpu_generic_add_return(pcp, val)
#define this_cpu_xchg_2(pcp, val)	raw_cpu_generic_xchg(pcp, val)
#define this_cpu_cmpxchg_2(pcp, o, n)	raw_cpu_generic_cmpxchg(pcp, o, n)
#define this_cpu_try_cmpxchg_2(pcp, o, n)	raw_cpu_generic_try_cmpxchg(pcp, o, n)

#define this_cpu_read_4(pcp)		lkl_pcpu_read(pcp)
#define this_cpu_write_4(pcp, val)		lkl_pcpu_write(pcp, val)
#define this_cpu_add_4(pcp, val)		lkl_pcpu_add(pcp, val)
#define this_cpu_and_4(pcp, val)		lkl_pcpu_and(pcp, val)
#define this_cpu_or_4(pcp, val)		lkl_pcpu_or(pcp, val)
#define this_cpu_add_return_4(pcp, val)	raw_cpu_generic_add_return(pcp, val)
#define this_cpu_xchg_4(pcp, val)	raw_cpu_generic_xchg(pcp, val)
#define this_cpu_cmpxchg_4(pcp, o, n)	raw_cpu_generic_cmpxchg(pcp, o, n)
#define this_cpu_try_cmpxchg_4(pcp, o, n)	raw_cpu_generic_try_cmpxchg(pcp, o, n)

#define this_cpu_read_8(pcp)		lkl_pcpu_read(pcp)
#define this_cpu_write_8(pcp, val)		lkl_pcpu_write(pcp, val)
#define this_cpu_add_8(pcp, val)		lkl_pcpu_add(pcp, val)
#define this_cpu_and_8(pcp, val)		lkl_pcpu_and(pcp, val)
#define this_cpu_or_8(pcp, val)		lkl_pcpu_or(pcp, val)
#define this_cpu_add_return_8(pcp, val)	raw_cpu_generic_add_return(pcp, val)
#define this_cpu_xchg_8(pcp, val)	raw_cpu_generic_xchg(pcp, val)
#define this_cpu_cmpxchg_8(pcp, o, n)	raw_cpu_generic_cmpxchg(pcp, o, n)
#define this_cpu_try_cmpxchg_8(pcp, o, n)	raw_cpu_generic_try_cmpxchg(pcp, o, n)

#include <asm-generic/percpu.h>

#endif
