/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time, waiting and process-wide information (see abi.h for the rules).
 */
#ifndef LKL_ABI_EVENT_H
#define LKL_ABI_EVENT_H

#include <lkl/abi_file.h>

/* ---- time ----------------------------------------------------------------- */

struct lkl_timespec {
	lkl_s64 tv_sec;
	lkl_s64 tv_nsec;
};

struct lkl_timeval {
	lkl_s64 tv_sec;
	lkl_s64 tv_usec;
};

struct lkl_itimerspec {
	struct lkl_timespec it_interval;
	struct lkl_timespec it_value;
};

#define LKL_CLOCK_REALTIME 0
#define LKL_CLOCK_MONOTONIC 1
#define LKL_CLOCK_PROCESS_CPUTIME_ID 2
#define LKL_CLOCK_THREAD_CPUTIME_ID 3
#define LKL_CLOCK_MONOTONIC_RAW 4
#define LKL_CLOCK_REALTIME_COARSE 5
#define LKL_CLOCK_MONOTONIC_COARSE 6
#define LKL_CLOCK_BOOTTIME 7
#define LKL_TIMER_ABSTIME 1

/* tv_nsec values of utimensat */
#define LKL_UTIME_NOW 0x3fffffff
#define LKL_UTIME_OMIT 0x3ffffffe

#define LKL_TFD_TIMER_ABSTIME 1
#define LKL_TFD_TIMER_CANCEL_ON_SET 2
#define LKL_TFD_NONBLOCK LKL_O_NONBLOCK
#define LKL_TFD_CLOEXEC LKL_O_CLOEXEC

/* ---- epoll, poll, eventfd, inotify ----------------------------------------- */

#define LKL_POLLIN 0x0001
#define LKL_POLLPRI 0x0002
#define LKL_POLLOUT 0x0004
#define LKL_POLLERR 0x0008
#define LKL_POLLHUP 0x0010
#define LKL_POLLNVAL 0x0020
#define LKL_POLLRDHUP 0x2000

struct lkl_pollfd {
	lkl_s32 fd;
	short events;
	short revents;
};

#define LKL_EPOLLIN 0x0001u
#define LKL_EPOLLPRI 0x0002u
#define LKL_EPOLLOUT 0x0004u
#define LKL_EPOLLERR 0x0008u
#define LKL_EPOLLHUP 0x0010u
#define LKL_EPOLLRDHUP 0x2000u
#define LKL_EPOLLEXCLUSIVE 0x10000000u
#define LKL_EPOLLWAKEUP 0x20000000u
#define LKL_EPOLLONESHOT 0x40000000u
#define LKL_EPOLLET 0x80000000u

#define LKL_EPOLL_CTL_ADD 1
#define LKL_EPOLL_CTL_DEL 2
#define LKL_EPOLL_CTL_MOD 3
#define LKL_EPOLL_CLOEXEC LKL_O_CLOEXEC

/*
 * The one structure whose layout follows the CPU: Linux packs it wherever the
 * compiler targets x86-64, whatever the kernel architecture is called. Read
 * the members by value; a pointer to data may be misaligned.
 */
#if defined(__x86_64__)
#define LKL_EPOLL_PACKED __attribute__((packed))
#else
#define LKL_EPOLL_PACKED
#endif
struct lkl_epoll_event {
	lkl_u32 events;
	lkl_u64 data;
} LKL_EPOLL_PACKED;

#define LKL_EFD_SEMAPHORE 1
#define LKL_EFD_NONBLOCK LKL_O_NONBLOCK
#define LKL_EFD_CLOEXEC LKL_O_CLOEXEC

#define LKL_IN_ACCESS 0x00000001u
#define LKL_IN_MODIFY 0x00000002u
#define LKL_IN_ATTRIB 0x00000004u
#define LKL_IN_CLOSE_WRITE 0x00000008u
#define LKL_IN_CLOSE_NOWRITE 0x00000010u
#define LKL_IN_OPEN 0x00000020u
#define LKL_IN_MOVED_FROM 0x00000040u
#define LKL_IN_MOVED_TO 0x00000080u
#define LKL_IN_CREATE 0x00000100u
#define LKL_IN_DELETE 0x00000200u
#define LKL_IN_DELETE_SELF 0x00000400u
#define LKL_IN_MOVE_SELF 0x00000800u
#define LKL_IN_UNMOUNT 0x00002000u
#define LKL_IN_Q_OVERFLOW 0x00004000u
#define LKL_IN_IGNORED 0x00008000u
#define LKL_IN_ONLYDIR 0x01000000u
#define LKL_IN_DONT_FOLLOW 0x02000000u
#define LKL_IN_EXCL_UNLINK 0x04000000u
#define LKL_IN_MASK_CREATE 0x10000000u
#define LKL_IN_MASK_ADD 0x20000000u
#define LKL_IN_ISDIR 0x40000000u
#define LKL_IN_ONESHOT 0x80000000u
#define LKL_IN_NONBLOCK LKL_O_NONBLOCK
#define LKL_IN_CLOEXEC LKL_O_CLOEXEC

/* read() from an inotify descriptor: records, each followed by len bytes of name */
struct lkl_inotify_event {
	lkl_s32 wd;
	lkl_u32 mask;
	lkl_u32 cookie;
	lkl_u32 len;
};

/* A signal set as signalfd, ppoll and epoll_pwait take it, with its size in bytes */
typedef lkl_u64 lkl_sigset;
#define LKL_SIGSET_BYTES 8

/* ---- futex, scheduling ----------------------------------------------------- */

#define LKL_FUTEX_WAIT 0
#define LKL_FUTEX_WAKE 1
#define LKL_FUTEX_PRIVATE_FLAG 128

#define LKL_SCHED_NORMAL 0
#define LKL_SCHED_FIFO 1
#define LKL_SCHED_RR 2
#define LKL_SCHED_BATCH 3
#define LKL_SCHED_IDLE 5

/* ---- the system ------------------------------------------------------------ */

struct lkl_utsname {
	char sysname[65];
	char nodename[65];
	char release[65];
	char version[65];
	char machine[65];
	char domainname[65];
};

struct lkl_sysinfo {
	lkl_s64 uptime;
	lkl_u64 loads[3];
	lkl_u64 totalram;
	lkl_u64 freeram;
	lkl_u64 sharedram;
	lkl_u64 bufferram;
	lkl_u64 totalswap;
	lkl_u64 freeswap;
	lkl_u16 procs;
	lkl_u16 pad;
	lkl_u32 pad2;
	lkl_u64 totalhigh;
	lkl_u64 freehigh;
	lkl_u32 mem_unit;
	lkl_u32 pad3;
};

struct lkl_rlimit64 {
	lkl_u64 rlim_cur;
	lkl_u64 rlim_max;
};

#define LKL_RLIM64_INFINITY (~0ULL)
#define LKL_RLIMIT_FSIZE 1
#define LKL_RLIMIT_NOFILE 7
#define LKL_RLIMIT_MEMLOCK 8

#define LKL_SYSLOG_ACTION_READ_ALL 3
#define LKL_SYSLOG_ACTION_SIZE_BUFFER 10

#define LKL_CAP_VERSION_3 0x20080522u

struct lkl_cap_header {
	lkl_u32 version;
	lkl_s32 pid;
};

struct lkl_cap_data {		/* two of them: capabilities 0-31, 32-63 */
	lkl_u32 effective;
	lkl_u32 permitted;
	lkl_u32 inheritable;
};

/* ---- io_uring, set-up only: the rings' layout is liburing's subject ---------- */

struct lkl_io_sqring_offsets {
	lkl_u32 head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
	lkl_u64 user_addr;
};

struct lkl_io_cqring_offsets {
	lkl_u32 head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
	lkl_u64 user_addr;
};

struct lkl_io_uring_params {
	lkl_u32 sq_entries;
	lkl_u32 cq_entries;
	lkl_u32 flags;
	lkl_u32 sq_thread_cpu;
	lkl_u32 sq_thread_idle;
	lkl_u32 features;
	lkl_u32 wq_fd;
	lkl_u32 resv[3];
	struct lkl_io_sqring_offsets sq_off;
	struct lkl_io_cqring_offsets cq_off;
};

#endif /* LKL_ABI_EVENT_H */
