/* SPDX-License-Identifier: GPL-2.0 */
/*
 * thread_info lies at the base of each kernel stack, which is THREAD_SIZE
 * aligned: the stack pointer alone leads to the task, the CPU and its per-CPU
 * area. Nothing is thread-local in the host's sense, since a fiber resumes on
 * whichever host thread carries its CPU.
 */
#ifndef _ASM_LKL_FIBER_H
#define _ASM_LKL_FIBER_H

#include <asm/hostcpu.h>

#ifdef CONFIG_PAGE_SIZE_64KB
#define THREAD_SIZE_ORDER	0
#define THREAD_SIZE		0x10000
#else
/* 5.2 KB is the deepest use seen; debug kernels and unusual stacks of drivers want more. */
#define THREAD_SIZE_ORDER	3
#define THREAD_SIZE		0x8000
#endif

#ifndef __ASSEMBLER__

#include <linux/compiler.h>

struct task_struct;
struct lkl_cpu;

struct thread_info {
	struct task_struct	*task;
	unsigned long		flags;		/* TIF_* */
	int			preempt_count;
	unsigned int		cpu;
	unsigned int		irq_enabled;	/* of this fiber; 0 on both sides of a switch */
	unsigned int		relaxed;	/* cpu_relax() calls, to yield now and then */
	unsigned int		parked;		/* in "user mode", see park() in thread.c */
	/* Copied by __switch_to() from the previous task, being those of the CPU: */
	struct lkl_cpu		*vcpu;
	unsigned long		percpu_offset;
};

static __always_inline struct thread_info *current_thread_info(void)
{
	return (struct thread_info *)(lkl_stack_pointer & ~(THREAD_SIZE - 1UL));
}

/* The first word of struct lkl_cpu is its mask of pending interrupts. */
static __always_inline unsigned long lkl_irqs_pending(const struct thread_info *ti)
{
	return READ_ONCE(*(unsigned long *)ti->vcpu);
}

#endif /* !__ASSEMBLER__ */

#endif
