/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_BARRIER_H
#define _ASM_LKL_BARRIER_H

#include <linux/compiler.h>
#include <asm/hostcpu.h>

/* Devices are host threads: the mandatory barriers order memory for them as well. */
#define __mb()	lkl_mb()
#define __rmb()	lkl_rmb()
#define __wmb()	lkl_wmb()

#define __smp_mb()	lkl_mb()
#define __smp_rmb()	lkl_rmb()
#define __smp_wmb()	lkl_wmb()
#define __smp_mb__before_atomic()	lkl_mb_atomic()
#define __smp_mb__after_atomic()	lkl_mb_atomic()

#define __smp_store_mb(var, value)					\
	((void)__atomic_exchange_n(&(var), value, __ATOMIC_SEQ_CST))

#define __smp_store_release(p, v)					\
do {									\
	typeof(p) ___p = (p);						\
									\
	compiletime_assert_atomic_type(*___p);				\
	lkl_wmb();							\
	WRITE_ONCE(*___p, v);						\
} while (0)

#define __smp_load_acquire(p)						\
({									\
	typeof(p) ___p = (p);						\
	__unqual_scalar_typeof(*___p) ___v = READ_ONCE(*___p);		\
									\
	compiletime_assert_atomic_type(*___p);				\
	lkl_rmb();							\
	(typeof(*___p))___v;						\
})

#include <asm-generic/barrier.h>

#endif
