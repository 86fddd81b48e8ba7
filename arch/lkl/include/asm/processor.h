/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_PROCESSOR_H
#define _ASM_LKL_PROCESSOR_H

#include <asm/page.h>
#include <asm/ptrace.h>

/* The host process's address space, as far as x86-64 and arm64 give it to programs. */
#define TASK_SIZE		(_AC(1, UL) << 47)
#define STACK_TOP		(TASK_SIZE - PAGE_SIZE)
#define STACK_TOP_MAX		STACK_TOP
#define TASK_UNMAPPED_BASE	PAGE_ALIGN(TASK_SIZE / 3)

#ifndef __ASSEMBLER__

struct task_struct;
struct lkl_thread;

struct thread_struct {
	void			*sp;		/* of a fiber that does not run */
	int			(*fn)(void *arg);	/* of a kernel thread, until called */
	void			*arg;
	struct lkl_thread	*host;		/* the attached host thread, if any */
	struct pt_regs		regs;
};

#define INIT_THREAD	{ }

#define task_pt_regs(tsk)	(&(tsk)->thread.regs)
#define KSTK_EIP(tsk)		((void)(tsk), 0UL)
#define KSTK_ESP(tsk)		((void)(tsk), 0UL)

unsigned long __get_wchan(struct task_struct *p);
void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp);

/* An irq point: a busy wait for something that an interrupt brings must end. */
void lkl_cpu_relax(void);
#define cpu_relax()	lkl_cpu_relax()

#endif /* !__ASSEMBLER__ */

#endif
