// SPDX-License-Identifier: GPL-2.0
/*
 * Faults, oopses and panics.
 *
 * A fault in kernel code comes here from the host's fault handler, which may run in
 * a signal: lkl_fault() only decides where to continue. That is the fix-up of a user
 * access, or oops(), called on the faulting fiber as if the instruction had called it.
 */
#include <linux/extable.h>
#include <linux/hardirq.h>
#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/panic_notifier.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <asm/lkl.h>

struct oops_info {
	u64 ip, address;
	u32 kind;
};

static const char *const fault_names[] = {
	[LKL_FAULT_ACCESS]	= "bad memory access",
	[LKL_FAULT_ILLEGAL]	= "illegal instruction",
	[LKL_FAULT_ARITHMETIC]	= "arithmetic fault",
	[LKL_FAULT_OTHER]	= "fault",
};

void show_regs(struct pt_regs *regs)
{
	pr_warn("pc: %pS sp: %016lx\n", (void *)regs->pc, regs->sp);
}

static void __noreturn oops(const struct oops_info *info)
{
	console_verbose();
	bust_spinlocks(1);
	pr_emerg("Oops: %s at address %llx, in %pS\n", fault_names[info->kind],
		 info->address, (void *)info->ip);
	pr_emerg("CPU: %d PID: %d Comm: %s\n", raw_smp_processor_id(), current->pid,
		 current->comm);
	show_stack(current, NULL, KERN_EMERG);
	bust_spinlocks(0);
	add_taint(TAINT_DIE, LOCKDEP_NOW_UNRELIABLE);
	if (in_interrupt())
		panic("Oops in an interrupt");
	if (panic_on_oops)
		panic("Oops: %s in %pS", fault_names[info->kind], (void *)info->ip);
	/* Ends the task; its host thread gets -EIO, see lkl_thread_task_ended(). */
	make_task_dead(SIGSEGV);
}

/* Called by the host's fault handler: no lock, no host call, not on a fiber. */
int lkl_fault(struct lkl_fault *fault)
{
	const struct exception_table_entry *fixup;
	u64 base, sp;
	struct oops_info *info;

	fixup = search_exception_tables(fault->ip);
	if (fixup) {
		fault->new_ip = fixup->fixup;
		return LKL_FAULT_RESUME;
	}
	/* Only a kernel stack can carry an oops. */
	base = lkl_boot_args.ram_base;
	if (fault->sp - base >= lkl_boot_args.ram_bytes)
		return -EFAULT;
	sp = fault->sp - 256 - sizeof(*info);
	if (sp / THREAD_SIZE != fault->sp / THREAD_SIZE ||
	    sp % THREAD_SIZE < sizeof(struct thread_info))
		return -EFAULT;
	sp &= ~15ULL;
	info = (struct oops_info *)sp;
	info->ip = fault->ip;
	info->address = fault->address;
	info->kind = min(fault->kind, LKL_FAULT_OTHER);
	/* As if called: aligned, and with a frame that ends the stack trace at @ip. */
	sp -= 16;
	((u64 *)sp)[0] = fault->fp;
	((u64 *)sp)[1] = fault->ip;
	sp -= 8;
	*(u64 *)sp = fault->ip;
	fault->new_sp = sp;
	fault->new_ip = (u64)oops;
	fault->new_arg = (u64)info;
	return LKL_FAULT_CALL;
}

/* The end: release every caller with -EIO and leave this CPU for ever. */
static int on_panic(struct notifier_block *nb, unsigned long action, void *reason)
{
	/* First: nobody shall have an error before the host has the reason. */
	if (READ_ONCE(lkl_life) < LKL_HALTED)
		lkl_host_died(reason, strlen(reason));
	__atomic_store_n(&lkl_life, LKL_DEAD, __ATOMIC_SEQ_CST);
	lkl_thread_wake_all();
	lkl_cpu_abandon();
}

static struct notifier_block panic_notifier = {
	.notifier_call	= on_panic,
	.priority	= INT_MAX,
};

static int __init watch_panic(void)
{
	return atomic_notifier_chain_register(&panic_notifier_list, &panic_notifier);
}
early_initcall(watch_panic);
