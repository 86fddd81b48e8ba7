/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calling task and the system: typed system calls. Included by <lkl/syscalls.h>,
 * which has the rules.
 */
#ifndef LKL_SYSCALLS_PROCESS_H
#define LKL_SYSCALLS_PROCESS_H

#include <lkl/syscalls_call.h>

/* ---- Identity ------------------------------------------------------------ */

static inline int lkl_sys_getpid(struct lkl_kernel *kernel)
{
	return (int)lkl_call(kernel, LKL_SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_getppid(struct lkl_kernel *kernel)
{
	return (int)lkl_call(kernel, LKL_SYS_getppid, 0, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_gettid(struct lkl_kernel *kernel)
{
	return (int)lkl_call(kernel, LKL_SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_getpgid(struct lkl_kernel *kernel, int pid)
{
	return (int)lkl_call(kernel, LKL_SYS_getpgid, pid, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_setpgid(struct lkl_kernel *kernel, int pid, int pgid)
{
	return (int)lkl_call(kernel, LKL_SYS_setpgid, pid, pgid, 0, 0, 0, 0);
}

static inline int lkl_sys_getsid(struct lkl_kernel *kernel, int pid)
{
	return (int)lkl_call(kernel, LKL_SYS_getsid, pid, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_setsid(struct lkl_kernel *kernel)
{
	return (int)lkl_call(kernel, LKL_SYS_setsid, 0, 0, 0, 0, 0, 0);
}

static inline lkl_u32 lkl_sys_getuid(struct lkl_kernel *kernel)
{
	return (lkl_u32)lkl_call(kernel, LKL_SYS_getuid, 0, 0, 0, 0, 0, 0);
}

static inline lkl_u32 lkl_sys_geteuid(struct lkl_kernel *kernel)
{
	return (lkl_u32)lkl_call(kernel, LKL_SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

static inline lkl_u32 lkl_sys_getgid(struct lkl_kernel *kernel)
{
	return (lkl_u32)lkl_call(kernel, LKL_SYS_getgid, 0, 0, 0, 0, 0, 0);
}

static inline lkl_u32 lkl_sys_getegid(struct lkl_kernel *kernel)
{
	return (lkl_u32)lkl_call(kernel, LKL_SYS_getegid, 0, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_setuid(struct lkl_kernel *kernel, lkl_u32 uid)
{
	return (int)lkl_call(kernel, LKL_SYS_setuid, uid, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_setgid(struct lkl_kernel *kernel, lkl_u32 gid)
{
	return (int)lkl_call(kernel, LKL_SYS_setgid, gid, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_setreuid(struct lkl_kernel *kernel, lkl_u32 ruid, lkl_u32 euid)
{
	return (int)lkl_call(kernel, LKL_SYS_setreuid, ruid, euid, 0, 0, 0, 0);
}

static inline int lkl_sys_setregid(struct lkl_kernel *kernel, lkl_u32 rgid, lkl_u32 egid)
{
	return (int)lkl_call(kernel, LKL_SYS_setregid, rgid, egid, 0, 0, 0, 0);
}

static inline int lkl_sys_setresuid(struct lkl_kernel *kernel, lkl_u32 ruid, lkl_u32 euid,
				    lkl_u32 suid)
{
	return (int)lkl_call(kernel, LKL_SYS_setresuid, ruid, euid, suid, 0, 0, 0);
}

static inline int lkl_sys_setresgid(struct lkl_kernel *kernel, lkl_u32 rgid, lkl_u32 egid,
				    lkl_u32 sgid)
{
	return (int)lkl_call(kernel, LKL_SYS_setresgid, rgid, egid, sgid, 0, 0, 0);
}

static inline int lkl_sys_getresuid(struct lkl_kernel *kernel, lkl_u32 *ruid, lkl_u32 *euid,
				    lkl_u32 *suid)
{
	return (int)lkl_call(kernel, LKL_SYS_getresuid, lkl_pointer(ruid), lkl_pointer(euid),
			     lkl_pointer(suid), 0, 0, 0);
}

static inline int lkl_sys_getresgid(struct lkl_kernel *kernel, lkl_u32 *rgid, lkl_u32 *egid,
				    lkl_u32 *sgid)
{
	return (int)lkl_call(kernel, LKL_SYS_getresgid, lkl_pointer(rgid), lkl_pointer(egid),
			     lkl_pointer(sgid), 0, 0, 0);
}

static inline int lkl_sys_setfsuid(struct lkl_kernel *kernel, lkl_u32 uid)
{
	return (int)lkl_call(kernel, LKL_SYS_setfsuid, uid, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_setfsgid(struct lkl_kernel *kernel, lkl_u32 gid)
{
	return (int)lkl_call(kernel, LKL_SYS_setfsgid, gid, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_getgroups(struct lkl_kernel *kernel, int count, lkl_u32 *groups)
{
	return (int)lkl_call(kernel, LKL_SYS_getgroups, count, lkl_pointer(groups), 0, 0, 0, 0);
}

static inline int lkl_sys_setgroups(struct lkl_kernel *kernel, int count, const lkl_u32 *groups)
{
	return (int)lkl_call(kernel, LKL_SYS_setgroups, count, lkl_pointer(groups), 0, 0, 0, 0);
}

static inline int lkl_sys_capget(struct lkl_kernel *kernel, struct lkl_cap_header *header,
				 struct lkl_cap_data *data)
{
	return (int)lkl_call(kernel, LKL_SYS_capget, lkl_pointer(header), lkl_pointer(data), 0,
			     0, 0, 0);
}

static inline int lkl_sys_capset(struct lkl_kernel *kernel, struct lkl_cap_header *header,
				 const struct lkl_cap_data *data)
{
	return (int)lkl_call(kernel, LKL_SYS_capset, lkl_pointer(header), lkl_pointer(data), 0,
			     0, 0, 0);
}

/* ---- Limits, scheduling, signals between tasks --------------------------- */

static inline int lkl_sys_prlimit64(struct lkl_kernel *kernel, int pid, lkl_u32 resource,
				    const struct lkl_rlimit64 *limit,
				    struct lkl_rlimit64 *old_limit)
{
	return (int)lkl_call(kernel, LKL_SYS_prlimit64, pid, resource, lkl_pointer(limit),
			     lkl_pointer(old_limit), 0, 0);
}

static inline int64_t lkl_sys_prctl(struct lkl_kernel *kernel, int option, int64_t a, int64_t b,
				    int64_t c, int64_t d)
{
	return lkl_call(kernel, LKL_SYS_prctl, option, a, b, c, d, 0);
}

static inline int lkl_sys_unshare(struct lkl_kernel *kernel, lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_unshare, flags, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_setns(struct lkl_kernel *kernel, int fd, int type)
{
	return (int)lkl_call(kernel, LKL_SYS_setns, fd, type, 0, 0, 0, 0);
}

static inline int lkl_sys_sched_yield(struct lkl_kernel *kernel)
{
	return (int)lkl_call(kernel, LKL_SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_sched_getaffinity(struct lkl_kernel *kernel, int pid, lkl_u64 bytes,
					    void *mask)
{
	return (int)lkl_call(kernel, LKL_SYS_sched_getaffinity, pid, (int64_t)bytes,
			     lkl_pointer(mask), 0, 0, 0);
}

static inline int lkl_sys_sched_setaffinity(struct lkl_kernel *kernel, int pid, lkl_u64 bytes,
					    const void *mask)
{
	return (int)lkl_call(kernel, LKL_SYS_sched_setaffinity, pid, (int64_t)bytes,
			     lkl_pointer(mask), 0, 0, 0);
}

static inline int lkl_sys_getcpu(struct lkl_kernel *kernel, lkl_u32 *cpu, lkl_u32 *node,
				 void *unused)
{
	return (int)lkl_call(kernel, LKL_SYS_getcpu, lkl_pointer(cpu), lkl_pointer(node),
			     lkl_pointer(unused), 0, 0, 0);
}

static inline int lkl_sys_kill(struct lkl_kernel *kernel, int pid, int signal)
{
	return (int)lkl_call(kernel, LKL_SYS_kill, pid, signal, 0, 0, 0, 0);
}

static inline int lkl_sys_tgkill(struct lkl_kernel *kernel, int pid, int tid, int signal)
{
	return (int)lkl_call(kernel, LKL_SYS_tgkill, pid, tid, signal, 0, 0, 0);
}

static inline int lkl_sys_personality(struct lkl_kernel *kernel, lkl_u32 persona)
{
	return (int)lkl_call(kernel, LKL_SYS_personality, persona, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_ioprio_set(struct lkl_kernel *kernel, int which, int who,
				     int priority)
{
	return (int)lkl_call(kernel, LKL_SYS_ioprio_set, which, who, priority, 0, 0, 0);
}

static inline int lkl_sys_ioprio_get(struct lkl_kernel *kernel, int which, int who)
{
	return (int)lkl_call(kernel, LKL_SYS_ioprio_get, which, who, 0, 0, 0, 0);
}

/* ---- The system ---------------------------------------------------------- */

static inline int lkl_sys_uname(struct lkl_kernel *kernel, struct lkl_utsname *name)
{
	return (int)lkl_call(kernel, LKL_SYS_uname, lkl_pointer(name), 0, 0, 0, 0, 0);
}

static inline int lkl_sys_sysinfo(struct lkl_kernel *kernel, struct lkl_sysinfo *info)
{
	return (int)lkl_call(kernel, LKL_SYS_sysinfo, lkl_pointer(info), 0, 0, 0, 0, 0);
}

static inline int lkl_sys_sethostname(struct lkl_kernel *kernel, const char *name, int bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_sethostname, lkl_pointer(name), bytes, 0, 0, 0, 0);
}

static inline int lkl_sys_setdomainname(struct lkl_kernel *kernel, const char *name, int bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_setdomainname, lkl_pointer(name), bytes, 0, 0, 0,
			     0);
}

static inline int lkl_sys_syslog(struct lkl_kernel *kernel, int action, char *buf, int bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_syslog, action, lkl_pointer(buf), bytes, 0, 0, 0);
}

static inline int64_t lkl_sys_getrandom(struct lkl_kernel *kernel, void *buf, lkl_u64 bytes,
					lkl_u32 flags)
{
	return lkl_call(kernel, LKL_SYS_getrandom, lkl_pointer(buf), (int64_t)bytes, flags, 0,
			0, 0);
}

static inline int lkl_sys_swapon(struct lkl_kernel *kernel, const char *path, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_swapon, lkl_pointer(path), flags, 0, 0, 0, 0);
}

static inline int lkl_sys_swapoff(struct lkl_kernel *kernel, const char *path)
{
	return (int)lkl_call(kernel, LKL_SYS_swapoff, lkl_pointer(path), 0, 0, 0, 0, 0);
}

static inline int lkl_sys_bpf(struct lkl_kernel *kernel, int command, void *attributes,
			      lkl_u32 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_bpf, command, lkl_pointer(attributes), bytes, 0, 0,
			     0);
}

#endif /* LKL_SYSCALLS_PROCESS_H */
