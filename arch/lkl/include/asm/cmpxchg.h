/* SPDX-License-Identifier: GPL-2.0 */
/* The compiler's atomics, which every host CPU has. */
#ifndef _ASM_LKL_CMPXCHG_H
#define _ASM_LKL_CMPXCHG_H

#include <linux/types.h>

#define arch_xchg(ptr, x)						\
	__atomic_exchange_n((ptr), (__typeof__(*(ptr)))(x), __ATOMIC_SEQ_CST)

#define arch_cmpxchg(ptr, o, n)						\
({									\
	__typeof__(*(ptr)) __found = (__typeof__(*(ptr)))(o);		\
									\
	__atomic_compare_exchange_n((ptr), &__found,			\
				    (__typeof__(*(ptr)))(n), 0,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);\
	__found;							\
})

/* Against this CPU only: interrupts come at interrupt points, so plain code will do. */
#define arch_cmpxchg_local(ptr, o, n)					\
({									\
	__typeof__(ptr) __p = (ptr);					\
	__typeof__(*__p) __found = *__p;				\
									\
	if (__found == (__typeof__(*__p))(o))				\
		*__p = (__typeof__(*__p))(n);				\
	__found;							\
})

#define arch_cmpxchg64		arch_cmpxchg
#define arch_cmpxchg64_local	arch_cmpxchg_local

#endif
