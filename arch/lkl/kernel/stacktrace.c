// SPDX-License-Identifier: GPL-2.0
/*
 * Stack traces. With CONFIG_LKL_FRAME_POINTERS the chain of frames is followed, else
 * every word of the stack that points into kernel code is listed.
 */
#include <linux/kallsyms.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <asm/lkl.h>
#include <asm/sections.h>

/* On the top of a suspended fiber's stack, see lkl_switch_stack(). */
#define SAVED_IP	0
#define SAVED_FP	1

static void follow_frames(stack_trace_consume_fn consume, void *cookie,
			  unsigned long *fp, unsigned long low, unsigned long high)
{
	while ((unsigned long)fp >= low && (unsigned long)fp < high &&
	       IS_ALIGNED((unsigned long)fp, sizeof(*fp))) {
		if (!fp[1] || !consume(cookie, fp[1]) || fp[0] <= (unsigned long)fp)
			return;
		fp = (unsigned long *)fp[0];
	}
}

static void scan(stack_trace_consume_fn consume, void *cookie,
		 unsigned long *sp, unsigned long high)
{
	for (; (unsigned long)sp < high; sp++)
		if (core_kernel_text(READ_ONCE_NOCHECK(*sp)) && !consume(cookie, *sp))
			return;
}

noinline noinstr void arch_stack_walk(stack_trace_consume_fn consume, void *cookie,
				      struct task_struct *task, struct pt_regs *regs)
{
	unsigned long *sp, *fp, low, high;

	if (!task)
		task = current;
	low = (unsigned long)task_stack_page(task);
	high = low + THREAD_SIZE - 64;
	if (task == current) {
		fp = __builtin_frame_address(0);
		sp = fp;
		/* An interrupted kernel thread is on its own stack; be sure of it. */
		if ((unsigned long)sp < low || (unsigned long)sp >= high)
			return;
	} else {
		sp = task->thread.sp;
		if ((unsigned long)sp < low || (unsigned long)(sp + SAVED_FP) >= high ||
		    !consume(cookie, sp[SAVED_IP]))
			return;
		fp = (unsigned long *)sp[SAVED_FP];
		sp += SAVED_FP + 1;
	}
	if (IS_ENABLED(CONFIG_FRAME_POINTER))
		follow_frames(consume, cookie, fp, low, high);
	else
		scan(consume, cookie, sp, high);
}

static bool print_entry(void *level, unsigned long addr)
{
	printk("%s %pS\n", (const char *)level, (void *)addr);
	return true;
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *level)
{
	printk("%sCall Trace%s:\n", level,
	       IS_ENABLED(CONFIG_FRAME_POINTER) ? "" : " (some entries may be stale)");
	arch_stack_walk(print_entry, (void *)level, task, NULL);
}

static bool first_outside_scheduler(void *found, unsigned long addr)
{
	if (in_sched_functions(addr))
		return true;
	*(unsigned long *)found = addr;
	return false;
}

unsigned long __get_wchan(struct task_struct *task)
{
	unsigned long found = 0;

	arch_stack_walk(first_outside_scheduler, &found, task, NULL);
	return found;
}
