// SPDX-License-Identifier: GPL-2.0
/* What generic code asks an architecture about processes. Fiber. */
#include <linux/elfcore.h>
#include <linux/mm.h>
#include <linux/pm.h>
#include <linux/ptrace.h>
#include <linux/reboot.h>
#include <linux/regset.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <asm/lkl.h>

void (*pm_power_off)(void);

/* The host joins the helpers and takes the memory back. */
static void __noreturn stop(void)
{
	WRITE_ONCE(lkl_life, LKL_HALTED);
	lkl_thread_wake_all();
	lkl_cpu_abandon();
}

void machine_restart(char *cmd)
{
	stop();
}

void machine_halt(void)
{
	stop();
}

void machine_power_off(void)
{
	stop();
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct thread_info *ti = task_thread_info(p);

	p->thread.fn = args->fn;
	p->thread.arg = args->fn_arg;
	p->thread.host = NULL;
	/* LKL_NR_ATTACH gives the host thread as the TLS pointer. */
	if (!args->fn) {
		p->thread.host = (struct lkl_thread *)args->tls;
		p->thread.host->task = p;
	}
	ti->irq_enabled = 0;
	ti->parked = 0;
	ti->vcpu = NULL;
	p->thread.sp = lkl_make_fiber(task_stack_page(p), lkl_fiber_task);
	return 0;
}

void flush_thread(void)
{
}

void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp)
{
}

void ptrace_disable(struct task_struct *child)
{
}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr,
		 unsigned long data)
{
	return -EIO;
}

static const struct user_regset_view no_registers = { .name = "lkl" };

const struct user_regset_view *task_user_regset_view(struct task_struct *task)
{
	return &no_registers;
}

#if defined(CONFIG_ELF_CORE) && !defined(CORE_DUMP_USE_REGSET)
int elf_core_copy_task_fpregs(struct task_struct *task, elf_fpregset_t *fpu)
{
	return 0;
}
#endif
