/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts are bits that host threads set in the CPU's pending word. A fiber
 * looks at them where it enables interrupts, and nowhere else: an "irq point".
 */
#ifndef _ASM_LKL_IRQFLAGS_H
#define _ASM_LKL_IRQFLAGS_H

#include <linux/compiler.h>
#include <asm/fiber.h>

void lkl_irq_point(void);

static __always_inline unsigned long arch_local_save_flags(void)
{
	return current_thread_info()->irq_enabled;
}

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	struct thread_info *ti = current_thread_info();

	barrier();
	ti->irq_enabled = flags;
	barrier();
	if (flags && unlikely(lkl_irqs_pending(ti)))
		lkl_irq_point();
}

static __always_inline unsigned long arch_local_irq_save(void)
{
	struct thread_info *ti = current_thread_info();
	unsigned long flags = ti->irq_enabled;

	ti->irq_enabled = 0;
	barrier();
	return flags;
}

static __always_inline void arch_local_irq_disable(void)
{
	current_thread_info()->irq_enabled = 0;
	barrier();
}

/* Tell the generic header what is there. */
#define arch_local_save_flags	arch_local_save_flags
#define arch_local_irq_restore	arch_local_irq_restore
#define arch_local_irq_save	arch_local_irq_save
#define arch_local_irq_disable	arch_local_irq_disable

#include <asm-generic/irqflags.h>

#endif
