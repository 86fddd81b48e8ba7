// SPDX-License-Identifier: GPL-2.0
/* System calls, by the kernel's own table. Fiber. */
#include <linux/sched/task.h>
#include <linux/syscalls.h>
#include <linux/unistd.h>
#include <asm/lkl.h>

/*
 * Not offered to a program that is no Linux process: they give -ENOSYS. The end of
 * a task is the library's business (LKL_NR_DETACH).
 */
#define sys_clone		sys_ni_syscall
#define sys_clone3		sys_ni_syscall
#define sys_execve		sys_ni_syscall
#define sys_execveat		sys_ni_syscall
#define sys_exit		sys_ni_syscall
#define sys_exit_group		sys_ni_syscall
#define sys_mmap		sys_ni_syscall
#define sys_rt_sigaction	sys_ni_syscall
#define sys_rt_sigreturn	sys_ni_syscall

#undef __SYSCALL
#define __SYSCALL(nr, call) \
	[nr] = (call),
#define __SYSCALL_WITH_COMPAT(nr, native, compat) __SYSCALL(nr, native)

static const void *const syscall_table[__NR_syscalls] = {
	[0 ... __NR_syscalls - 1] = sys_ni_syscall,
#include <asm/syscall_table_64.h>
};

typedef s64 (*syscall_fn)(s64, s64, s64, s64, s64, s64);

/* A task for host thread @thread, sharing what threads share. */
static s64 attach(struct lkl_thread *thread)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			 CLONE_THREAD | CLONE_SYSVSEM,
		.tls = (unsigned long)thread,
	};
	s64 rc = lkl_thread_init(thread);

	if (rc)
		return rc;
	rc = kernel_clone(&args);
	if (rc < 0)
		lkl_thread_free(thread);
	return rc;
}

static s64 own_syscall(s64 nr, const s64 *args)
{
	switch (nr) {
	case LKL_NR_ATTACH:
		return attach((struct lkl_thread *)args[0]);
	case LKL_NR_DETACH:
		do_exit(0);
	default:
		return IS_ENABLED(CONFIG_LKL_VIRTIO) ? lkl_device_syscall(nr, args) : -ENOSYS;
	}
}

s64 lkl_do_syscall(s64 nr, const s64 *args)
{
	s64 rc;

	if (unlikely((u64)nr >= __NR_syscalls))
		return nr < 0 ? own_syscall(nr, args) : -ENOSYS;
	rc = ((syscall_fn)syscall_table[nr])(args[0], args[1], args[2],
					     args[3], args[4], args[5]);
	/* Interrupted; there is no signal frame to restart from. */
	if (unlikely(rc == -ERESTARTSYS || rc == -ERESTARTNOINTR ||
		     rc == -ERESTARTNOHAND || rc == -ERESTART_RESTARTBLOCK))
		rc = -EINTR;
	return rc;
}
