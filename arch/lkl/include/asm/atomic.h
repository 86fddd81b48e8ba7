/* SPDX-License-Identifier: GPL-2.0 */
/* The compiler's atomics; the rest is derived by linux/atomic/atomic-arch-fallback.h. */
#ifndef _ASM_LKL_ATOMIC_H
#define _ASM_LKL_ATOMIC_H

#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>

#define ATOMIC64_INIT(i)	{ (i) }

#define arch_atomic_read(v)	READ_ONCE((v)->counter)
#define arch_atomic_set(v, i)	WRITE_ONCE((v)->counter, (i))
#define arch_atomic64_read(v)	READ_ONCE((v)->counter)
#define arch_atomic64_set(v, i)	WRITE_ONCE((v)->counter, (i))

#define LKL_ATOMIC_OP(kind, T, op)					\
static __always_inline void arch_##kind##_##op(T i, kind##_t *v)	\
{									\
	(void)__atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED);	\
}									\
static __always_inline T arch_##kind##_fetch_##op(T i, kind##_t *v)	\
{									\
	return __atomic_fetch_##op(&v->counter, i, __ATOMIC_SEQ_CST);	\
}

#define LKL_ATOMIC_RETURN(kind, T, op)					\
static __always_inline T arch_##kind##_##op##_return(T i, kind##_t *v)	\
{									\
	return __atomic_##op##_fetch(&v->counter, i, __ATOMIC_SEQ_CST);	\
}

#define LKL_ATOMIC(kind, T)						\
	LKL_ATOMIC_OP(kind, T, add)					\
	LKL_ATOMIC_OP(kind, T, sub)					\
	LKL_ATOMIC_OP(kind, T, and)					\
	LKL_ATOMIC_OP(kind, T, or)					\
	LKL_ATOMIC_OP(kind, T, xor)					\
	LKL_ATOMIC_RETURN(kind, T, add)					\
	LKL_ATOMIC_RETURN(kind, T, sub)

LKL_ATOMIC(atomic, int)
LKL_ATOMIC(atomic64, s64)

#undef LKL_ATOMIC
#undef LKL_ATOMIC_OP
#undef LKL_ATOMIC_RETURN

/* Tell the fallback header what is there. */
#define arch_atomic_add_return		arch_atomic_add_return
#define arch_atomic_sub_return		arch_atomic_sub_return
#define arch_atomic_fetch_add		arch_atomic_fetch_add
#define arch_atomic_fetch_sub		arch_atomic_fetch_sub
#define arch_atomic_fetch_and		arch_atomic_fetch_and
#define arch_atomic_fetch_or		arch_atomic_fetch_or
#define arch_atomic_fetch_xor		arch_atomic_fetch_xor
#define arch_atomic64_add_return	arch_atomic64_add_return
#define arch_atomic64_sub_return	arch_atomic64_sub_return
#define arch_atomic64_fetch_add		arch_atomic64_fetch_add
#define arch_atomic64_fetch_sub		arch_atomic64_fetch_sub
#define arch_atomic64_fetch_and		arch_atomic64_fetch_and
#define arch_atomic64_fetch_or		arch_atomic64_fetch_or
#define arch_atomic64_fetch_xor		arch_atomic64_fetch_xor

#endif
