/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test-and-set locks whose slow path yields to the host. The host may preempt a
 * holder at any time, so a fair queue would make everybody wait for one sleeper.
 */
#ifndef _ASM_LKL_SPINLOCK_H
#define _ASM_LKL_SPINLOCK_H

#include <asm/processor.h>
#include <asm/spinlock_types.h>

void lkl_spin_lock_slow(arch_spinlock_t *lock);

static __always_inline int arch_spin_trylock(arch_spinlock_t *lock)
{
	return !READ_ONCE(lock->locked) &&
	       !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_SEQ_CST);
}

static __always_inline void arch_spin_lock(arch_spinlock_t *lock)
{
	if (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_SEQ_CST)))
		lkl_spin_lock_slow(lock);
}

static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

static __always_inline int arch_spin_value_unlocked(arch_spinlock_t lock)
{
	return !lock.locked;
}

static __always_inline int arch_spin_is_locked(arch_spinlock_t *lock)
{
	return READ_ONCE(lock->locked);
}

static __always_inline int arch_spin_is_contended(arch_spinlock_t *lock)
{
	return 0;
}

#include <asm-generic/qrwlock.h>

#endif
