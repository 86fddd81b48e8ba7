/* SPDX-License-Identifier: GPL-2.0 */
/* The compiler's atomics, which every host CPU has. */
#ifndef _ASM_LKL_CMPXCHG_H
#define _ASM_LKL_CMPXCHG_H

#include <linux/types.h>

#define arch_xchg(ptr, x)						\
({									\
	__typeof__(ptr) ___p = (ptr);					\
									\
	__atomic_exchange_n(___p, (__typeof__(*___p))(x), __ATOMIC_SEQ_CST);\
})

#define arch_cmpxchg(ptr, o, n)						\
({									\
	__typeof__(ptr) ___p = (ptr);					\
	__typeof__(*___p) ___found = (__typeof__(*___p))(o);		\
									\
	__atomic_compare_exchange_n(___p, &___found,			\
				    (__typeof__(*___p))(n), 0,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);\
	___found;							\
})

/* Against this CPU only: interrupts come at interrupt points, so plain code will do. */
#define arch_cmpxchg_local(ptr, o, n)					\
({									\
	__typeof__(ptr) ___p = (ptr);					\
	__typeof__(*___p) ___found = *___p;				\
									\
	if (___found == (__typeof__(*___p))(o))				\
		*___p = (__typeof__(*___p))(n);				\
	___found;							\
})

#define arch_cmpxchg64		arch_cmpxchg
#define arch_cmpxchg64_local	arch_cmpxchg_local

#endif
