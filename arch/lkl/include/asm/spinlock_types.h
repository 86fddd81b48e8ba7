/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_SPINLOCK_TYPES_H
#define _ASM_LKL_SPINLOCK_TYPES_H

typedef struct {
	unsigned int locked;
} arch_spinlock_t;

#define __ARCH_SPIN_LOCK_UNLOCKED	{ 0 }

#include <asm-generic/qrwlock_types.h>

#endif
