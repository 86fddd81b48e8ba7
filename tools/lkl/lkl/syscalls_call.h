/* SPDX-License-Identifier: GPL-2.0 */
/* What every typed system call is made of. Included by <lkl/syscalls.h>. */
#ifndef LKL_SYSCALLS_CALL_H
#define LKL_SYSCALLS_CALL_H

#include <lkl.h>

static inline int64_t lkl_pointer(const volatile void *pointer)
{
	return (int64_t)(intptr_t)pointer;
}

static inline int64_t lkl_call(struct lkl_kernel *kernel, int64_t nr, int64_t a, int64_t b,
			       int64_t c, int64_t d, int64_t e, int64_t f)
{
	const int64_t args[6] = { a, b, c, d, e, f };

	return lkl_syscall(kernel, nr, args);
}

#endif /* LKL_SYSCALLS_CALL_H */
