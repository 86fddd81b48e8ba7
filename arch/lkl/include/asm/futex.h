/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_FUTEX_H
#define _ASM_LKL_FUTEX_H

#include <linux/futex.h>
#include <linux/uaccess.h>

static inline int
futex_atomic_cmpxchg_inatomic(u32 *uval, u32 __user *uaddr, u32 oldval, u32 newval)
{
	u32 found = oldval;

	lkl_cmpxchg32_fault((u32 __force *)uaddr, &found, newval, fault);
	*uval = found;
	return 0;
fault:
	return -EFAULT;
}

static inline int
arch_futex_atomic_op_inuser(int op, u32 oparg, int *oval, u32 __user *uaddr)
{
	u32 old, found, new;

	if (__get_user(old, uaddr))
		return -EFAULT;
	for (;;) {
		switch (op) {
		case FUTEX_OP_SET:
			new = oparg;
			break;
		case FUTEX_OP_ADD:
			new = old + oparg;
			break;
		case FUTEX_OP_OR:
			new = old | oparg;
			break;
		case FUTEX_OP_ANDN:
			new = old & ~oparg;
			break;
		case FUTEX_OP_XOR:
			new = old ^ oparg;
			break;
		default:
			return -ENOSYS;
		}
		if (futex_atomic_cmpxchg_inatomic(&found, uaddr, old, new))
			return -EFAULT;
		if (found == old)
			break;
		old = found;
	}
	*oval = old;
	return 0;
}

#endif
