// SPDX-License-Identifier: GPL-2.0
/*
 * Task 1. Linux ends its start by executing /init; here that is an empty file with
 * a binary format of its own, so that everything a kernel does before user space
 * has been done, and task 1 has an address space when it becomes the library's
 * first thread. Fiber.
 */
#include <linux/binfmts.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/init_syscalls.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <asm/lkl.h>

static bool started;

static int load_init(struct linux_binprm *bprm)
{
	int rc;

	/* Task 1 does this once; nothing else is ever executed here. */
	if (started || current->thread.host != lkl_init_thread)
		return -ENOEXEC;
	rc = begin_new_exec(bprm);
	if (rc)
		return rc;
	started = true;
	set_personality(PER_LINUX);
	setup_new_exec(bprm);
	finalize_exec(bprm);
	return 0;
}

static struct linux_binfmt init_format = {
	.module		= THIS_MODULE,
	.load_binary	= load_init,
};

/*
 * High resolution timers are switched to by a tick, and the first may be far away:
 * let one come now, so that the first nanosleep() is as exact as all others.
 */
static void __init tick_now(void *unused)
{
	__atomic_fetch_or(&current_thread_info()->vcpu->pending, BIT(LKL_PEND_TIMER),
			  __ATOMIC_SEQ_CST);
}

/* What Linux opens as descriptors 0 to 2 of task 1: nothing, and it is the null device. */
static void __init make_console(void)
{
	/* If they are there already, or it fails, Linux says so and goes on. */
	init_mkdir("/dev", 0755);
	init_mknod("/dev/console", S_IFCHR | 0600, new_encode_dev(MKDEV(1, 3)));
}

static int __init prepare_init(void)
{
	struct file *file;

	make_console();
	on_each_cpu(tick_now, NULL, 1);

	register_binfmt(&init_format);
	file = filp_open("/init", O_CREAT | O_RDONLY, 0700);
	if (IS_ERR(file))
		return PTR_ERR(file);
	filp_close(file, NULL);
	/* initcalls run in task 1, from which every thread inherits. */
	current->timer_slack_ns = 1;	/* the host's clock adds its own */
	current->default_timer_slack_ns = 1;
	current->thread.host = lkl_init_thread;
	lkl_init_thread->task = current;
	return 0;
}
late_initcall(prepare_init);
