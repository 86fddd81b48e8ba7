/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting, time and io_uring: typed system calls. Included by <lkl/syscalls.h>,
 * which has the rules.
 */
#ifndef LKL_SYSCALLS_EVENT_H
#define LKL_SYSCALLS_EVENT_H

#include <lkl/syscalls_call.h>

/* ---- epoll, poll, eventfd, timerfd, inotify ------------------------------ */

static inline int lkl_sys_epoll_create1(struct lkl_kernel *kernel, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_epoll_create1, flags, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_epoll_ctl(struct lkl_kernel *kernel, int epoll, int operation, int fd,
				    struct lkl_epoll_event *event)
{
	return (int)lkl_call(kernel, LKL_SYS_epoll_ctl, epoll, operation, fd,
			     lkl_pointer(event), 0, 0);
}

static inline int lkl_sys_epoll_pwait(struct lkl_kernel *kernel, int epoll,
				      struct lkl_epoll_event *events, int count, int timeout_ms,
				      const lkl_sigset *mask, lkl_u64 mask_bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_epoll_pwait, epoll, lkl_pointer(events), count,
			     timeout_ms, lkl_pointer(mask), (int64_t)mask_bytes);
}

static inline int lkl_sys_epoll_pwait2(struct lkl_kernel *kernel, int epoll,
				       struct lkl_epoll_event *events, int count,
				       const struct lkl_timespec *timeout,
				       const lkl_sigset *mask, lkl_u64 mask_bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_epoll_pwait2, epoll, lkl_pointer(events), count,
			     lkl_pointer(timeout), lkl_pointer(mask), (int64_t)mask_bytes);
}

static inline int lkl_sys_ppoll(struct lkl_kernel *kernel, struct lkl_pollfd *fds,
				lkl_u32 count, struct lkl_timespec *timeout,
				const lkl_sigset *mask, lkl_u64 mask_bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_ppoll, lkl_pointer(fds), count,
			     lkl_pointer(timeout), lkl_pointer(mask), (int64_t)mask_bytes, 0);
}

static inline int lkl_sys_eventfd2(struct lkl_kernel *kernel, lkl_u32 value, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_eventfd2, value, flags, 0, 0, 0, 0);
}

static inline int lkl_sys_signalfd4(struct lkl_kernel *kernel, int fd, const lkl_sigset *mask,
				    lkl_u64 mask_bytes, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_signalfd4, fd, lkl_pointer(mask),
			     (int64_t)mask_bytes, flags, 0, 0);
}

static inline int lkl_sys_timerfd_create(struct lkl_kernel *kernel, int clock, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_timerfd_create, clock, flags, 0, 0, 0, 0);
}

static inline int lkl_sys_timerfd_settime(struct lkl_kernel *kernel, int fd, int flags,
					  const struct lkl_itimerspec *value,
					  struct lkl_itimerspec *old_value)
{
	return (int)lkl_call(kernel, LKL_SYS_timerfd_settime, fd, flags, lkl_pointer(value),
			     lkl_pointer(old_value), 0, 0);
}

static inline int lkl_sys_timerfd_gettime(struct lkl_kernel *kernel, int fd,
					  struct lkl_itimerspec *value)
{
	return (int)lkl_call(kernel, LKL_SYS_timerfd_gettime, fd, lkl_pointer(value), 0, 0, 0,
			     0);
}

static inline int lkl_sys_inotify_init1(struct lkl_kernel *kernel, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_inotify_init1, flags, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_inotify_add_watch(struct lkl_kernel *kernel, int fd, const char *path,
					    lkl_u32 mask)
{
	return (int)lkl_call(kernel, LKL_SYS_inotify_add_watch, fd, lkl_pointer(path), mask, 0,
			     0, 0);
}

static inline int lkl_sys_inotify_rm_watch(struct lkl_kernel *kernel, int fd, int watch)
{
	return (int)lkl_call(kernel, LKL_SYS_inotify_rm_watch, fd, watch, 0, 0, 0, 0);
}

/* ---- Time ---------------------------------------------------------------- */

static inline int lkl_sys_nanosleep(struct lkl_kernel *kernel,
				    const struct lkl_timespec *request,
				    struct lkl_timespec *remaining)
{
	return (int)lkl_call(kernel, LKL_SYS_nanosleep, lkl_pointer(request),
			     lkl_pointer(remaining), 0, 0, 0, 0);
}

static inline int lkl_sys_clock_nanosleep(struct lkl_kernel *kernel, int clock, int flags,
					  const struct lkl_timespec *request,
					  struct lkl_timespec *remaining)
{
	return (int)lkl_call(kernel, LKL_SYS_clock_nanosleep, clock, flags,
			     lkl_pointer(request), lkl_pointer(remaining), 0, 0);
}

static inline int lkl_sys_clock_gettime(struct lkl_kernel *kernel, int clock,
					struct lkl_timespec *time)
{
	return (int)lkl_call(kernel, LKL_SYS_clock_gettime, clock, lkl_pointer(time), 0, 0, 0,
			     0);
}

static inline int lkl_sys_clock_settime(struct lkl_kernel *kernel, int clock,
					const struct lkl_timespec *time)
{
	return (int)lkl_call(kernel, LKL_SYS_clock_settime, clock, lkl_pointer(time), 0, 0, 0,
			     0);
}

static inline int lkl_sys_clock_getres(struct lkl_kernel *kernel, int clock,
				       struct lkl_timespec *resolution)
{
	return (int)lkl_call(kernel, LKL_SYS_clock_getres, clock, lkl_pointer(resolution), 0, 0,
			     0, 0);
}

static inline int lkl_sys_gettimeofday(struct lkl_kernel *kernel, struct lkl_timeval *time,
				       void *timezone)
{
	return (int)lkl_call(kernel, LKL_SYS_gettimeofday, lkl_pointer(time),
			     lkl_pointer(timezone), 0, 0, 0, 0);
}

/* ---- io_uring, futex ----------------------------------------------------- */

static inline int lkl_sys_io_uring_setup(struct lkl_kernel *kernel, lkl_u32 entries,
					 struct lkl_io_uring_params *params)
{
	return (int)lkl_call(kernel, LKL_SYS_io_uring_setup, entries, lkl_pointer(params), 0, 0,
			     0, 0);
}

static inline int lkl_sys_io_uring_enter(struct lkl_kernel *kernel, int fd, lkl_u32 submit,
					 lkl_u32 complete, lkl_u32 flags, const void *argument,
					 lkl_u64 argument_bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_io_uring_enter, fd, submit, complete, flags,
			     lkl_pointer(argument), (int64_t)argument_bytes);
}

static inline int lkl_sys_io_uring_register(struct lkl_kernel *kernel, int fd,
					    lkl_u32 operation, void *argument, lkl_u32 count)
{
	return (int)lkl_call(kernel, LKL_SYS_io_uring_register, fd, operation,
			     lkl_pointer(argument), count, 0, 0);
}

static inline int lkl_sys_futex(struct lkl_kernel *kernel, lkl_u32 *word, int operation,
				lkl_u32 value, const struct lkl_timespec *timeout,
				lkl_u32 *word2, lkl_u32 value3)
{
	return (int)lkl_call(kernel, LKL_SYS_futex, lkl_pointer(word), operation, value,
			     lkl_pointer(timeout), lkl_pointer(word2), value3);
}

/** epoll_pwait() without a signal mask */
static inline int lkl_sys_epoll_wait(struct lkl_kernel *kernel, int epoll,
				     struct lkl_epoll_event *events, int count, int timeout_ms)
{
	return lkl_sys_epoll_pwait(kernel, epoll, events, count, timeout_ms, NULL, 0);
}

#endif /* LKL_SYSCALLS_EVENT_H */
