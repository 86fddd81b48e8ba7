/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_BARRIER_H
#define _ASM_LKL_BARRIER_H

#include <linux/compiler.h>
#include <asm/hostcpu.h>

/* Devices are host threads: the mandatory barriers order memory for them as well. */
#define mb()	lkl_mb()
#define rmb()	lkl_rmb()
#define wmb()	lkl_wmb()

#define __smp_mb()	lkl_mb()
#define __smp_rmb()	lkl_rmb()
#define __smp_wmb()	lkl_wmb()
#define __smp_mb__before_atomic()	lkl_mb_atomic()
#define __smp_mb__after_atomic()	lkl_mb_atomic()

#define __smp_store_mb(var, value)					\
	((void)__atomic_exchange_n(&(var), value, __ATOMIC_SEQ_CST))

#define __smp_store_release(p, v)					\
do {									\
	compiletime_assert_atomic_type(*(p));				\
	lkl_wmb();							\
	WRITE_ONCE(*(p), v);						\
} while (0)

#define __smp_load_acquire(p)						\
({									\
	__unqual_scalar_typeof(*(p)) ___v = READ_ONCE(*(p));		\
	compiletime_assert_atomic_type(*(p));				\
	lkl_rmb();							\
	(typeof(*(p)))___v;						\
})

#include <asm-generic/barrier.h>

#endif
