/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_PTRACE_H
#define _ASM_LKL_PTRACE_H

#include <linux/errno.h>

struct task_struct;

/* Known at a fault; elsewhere zero but for @user: interrupted outside the kernel. */
struct pt_regs {
	unsigned long pc, sp, fp;
	int user;
};

#define user_mode(regs)			((regs)->user)
#define instruction_pointer(regs)	((regs)->pc)
#define user_stack_pointer(regs)	((regs)->sp)
#define frame_pointer(regs)		((regs)->fp)
#define profile_pc(regs)		((regs)->pc)

static inline void instruction_pointer_set(struct pt_regs *regs, unsigned long pc)
{
	regs->pc = pc;
}

static inline unsigned long regs_return_value(struct pt_regs *regs)
{
	return 0;
}

#endif
