// SPDX-License-Identifier: GPL-2.0
/* Proves lkl/abi_event.h, see check.h. */
#include <linux/capability.h>
#include <linux/eventfd.h>
#include <uapi/linux/eventpoll.h>
#include <uapi/linux/futex.h>
#include <linux/inotify.h>
#include <linux/io_uring.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/signal_types.h>
#include <linux/stat.h>
#include <linux/syslog.h>
#include <linux/time.h>
#include <linux/timerfd.h>
#include <linux/utsname.h>
#include <lkl/abi_event.h>
#include "check.h"

VALUE(CLOCK_REALTIME);
VALUE(CLOCK_MONOTONIC);
VALUE(CLOCK_PROCESS_CPUTIME_ID);
VALUE(CLOCK_THREAD_CPUTIME_ID);
VALUE(CLOCK_MONOTONIC_RAW);
VALUE(CLOCK_REALTIME_COARSE);
VALUE(CLOCK_MONOTONIC_COARSE);
VALUE(CLOCK_BOOTTIME);
VALUE(TIMER_ABSTIME);
VALUE(UTIME_NOW);
VALUE(UTIME_OMIT);
VALUE(TFD_TIMER_ABSTIME);
VALUE(TFD_TIMER_CANCEL_ON_SET);
VALUE(TFD_NONBLOCK);
VALUE(TFD_CLOEXEC);
VALUE(POLLIN);
VALUE(POLLPRI);
VALUE(POLLOUT);
VALUE(POLLERR);
VALUE(POLLHUP);
VALUE(POLLNVAL);
VALUE(POLLRDHUP);
VALUE(EPOLLIN);
VALUE(EPOLLPRI);
VALUE(EPOLLOUT);
VALUE(EPOLLERR);
VALUE(EPOLLHUP);
VALUE(EPOLLRDHUP);
VALUE(EPOLLEXCLUSIVE);
VALUE(EPOLLWAKEUP);
VALUE(EPOLLONESHOT);
VALUE(EPOLLET);
VALUE(EPOLL_CTL_ADD);
VALUE(EPOLL_CTL_DEL);
VALUE(EPOLL_CTL_MOD);
VALUE(EPOLL_CLOEXEC);
VALUE(EFD_SEMAPHORE);
VALUE(EFD_NONBLOCK);
VALUE(EFD_CLOEXEC);
VALUE(IN_ACCESS);
VALUE(IN_MODIFY);
VALUE(IN_ATTRIB);
VALUE(IN_CLOSE_WRITE);
VALUE(IN_CLOSE_NOWRITE);
VALUE(IN_OPEN);
VALUE(IN_MOVED_FROM);
VALUE(IN_MOVED_TO);
VALUE(IN_CREATE);
VALUE(IN_DELETE);
VALUE(IN_DELETE_SELF);
VALUE(IN_MOVE_SELF);
VALUE(IN_UNMOUNT);
VALUE(IN_Q_OVERFLOW);
VALUE(IN_IGNORED);
VALUE(IN_ONLYDIR);
VALUE(IN_DONT_FOLLOW);
VALUE(IN_EXCL_UNLINK);
VALUE(IN_MASK_CREATE);
VALUE(IN_MASK_ADD);
VALUE(IN_ISDIR);
VALUE(IN_ONESHOT);
VALUE(IN_NONBLOCK);
VALUE(IN_CLOEXEC);
VALUE(FUTEX_WAIT);
VALUE(FUTEX_WAKE);
VALUE(FUTEX_PRIVATE_FLAG);
VALUE(SCHED_NORMAL);
VALUE(SCHED_FIFO);
VALUE(SCHED_RR);
VALUE(SCHED_BATCH);
VALUE(SCHED_IDLE);
VALUE_AS(SIGSET_BYTES, sizeof(sigset_t));
VALUE(RLIM64_INFINITY);
VALUE(RLIMIT_FSIZE);
VALUE(RLIMIT_NOFILE);
VALUE(RLIMIT_MEMLOCK);
VALUE(SYSLOG_ACTION_READ_ALL);
VALUE(SYSLOG_ACTION_SIZE_BUFFER);
VALUE_AS(CAP_VERSION_3, _LINUX_CAPABILITY_VERSION_3);

SIZE(timespec, __kernel_timespec);
MEMBER(timespec, __kernel_timespec, tv_sec);
MEMBER(timespec, __kernel_timespec, tv_nsec);

SIZE(timeval, __kernel_old_timeval);
MEMBER(timeval, __kernel_old_timeval, tv_sec);
MEMBER(timeval, __kernel_old_timeval, tv_usec);

SIZE(itimerspec, __kernel_itimerspec);
MEMBER(itimerspec, __kernel_itimerspec, it_interval);
MEMBER(itimerspec, __kernel_itimerspec, it_value);

SIZE(pollfd, pollfd);
MEMBER(pollfd, pollfd, fd);
MEMBER(pollfd, pollfd, events);
MEMBER(pollfd, pollfd, revents);

SIZE(epoll_event, epoll_event);
MEMBER(epoll_event, epoll_event, events);
MEMBER(epoll_event, epoll_event, data);

SIZE(inotify_event, inotify_event);
MEMBER(inotify_event, inotify_event, wd);
MEMBER(inotify_event, inotify_event, mask);
MEMBER(inotify_event, inotify_event, cookie);
MEMBER(inotify_event, inotify_event, len);

SIZE(utsname, new_utsname);
MEMBER(utsname, new_utsname, sysname);
MEMBER(utsname, new_utsname, nodename);
MEMBER(utsname, new_utsname, release);
MEMBER(utsname, new_utsname, version);
MEMBER(utsname, new_utsname, machine);
MEMBER(utsname, new_utsname, domainname);

SIZE(sysinfo, sysinfo);
MEMBER(sysinfo, sysinfo, uptime);
MEMBER(sysinfo, sysinfo, loads);
MEMBER(sysinfo, sysinfo, totalram);
MEMBER(sysinfo, sysinfo, freeram);
MEMBER(sysinfo, sysinfo, sharedram);
MEMBER(sysinfo, sysinfo, bufferram);
MEMBER(sysinfo, sysinfo, totalswap);
MEMBER(sysinfo, sysinfo, freeswap);
MEMBER(sysinfo, sysinfo, procs);
MEMBER(sysinfo, sysinfo, totalhigh);
MEMBER(sysinfo, sysinfo, freehigh);
MEMBER(sysinfo, sysinfo, mem_unit);

SIZE(rlimit64, rlimit64);
MEMBER(rlimit64, rlimit64, rlim_cur);
MEMBER(rlimit64, rlimit64, rlim_max);

SIZE(cap_header, __user_cap_header_struct);
MEMBER(cap_header, __user_cap_header_struct, version);
MEMBER(cap_header, __user_cap_header_struct, pid);

SIZE(io_sqring_offsets, io_sqring_offsets);
MEMBER(io_sqring_offsets, io_sqring_offsets, head);
MEMBER(io_sqring_offsets, io_sqring_offsets, tail);
MEMBER(io_sqring_offsets, io_sqring_offsets, ring_mask);
MEMBER(io_sqring_offsets, io_sqring_offsets, ring_entries);
MEMBER(io_sqring_offsets, io_sqring_offsets, flags);
MEMBER(io_sqring_offsets, io_sqring_offsets, dropped);
MEMBER(io_sqring_offsets, io_sqring_offsets, array);
MEMBER(io_sqring_offsets, io_sqring_offsets, user_addr);

SIZE(io_cqring_offsets, io_cqring_offsets);
MEMBER(io_cqring_offsets, io_cqring_offsets, head);
MEMBER(io_cqring_offsets, io_cqring_offsets, tail);
MEMBER(io_cqring_offsets, io_cqring_offsets, ring_mask);
MEMBER(io_cqring_offsets, io_cqring_offsets, ring_entries);
MEMBER(io_cqring_offsets, io_cqring_offsets, overflow);
MEMBER(io_cqring_offsets, io_cqring_offsets, cqes);
MEMBER(io_cqring_offsets, io_cqring_offsets, flags);
MEMBER(io_cqring_offsets, io_cqring_offsets, user_addr);

SIZE(io_uring_params, io_uring_params);
MEMBER(io_uring_params, io_uring_params, sq_entries);
MEMBER(io_uring_params, io_uring_params, cq_entries);
MEMBER(io_uring_params, io_uring_params, flags);
MEMBER(io_uring_params, io_uring_params, sq_thread_cpu);
MEMBER(io_uring_params, io_uring_params, sq_thread_idle);
MEMBER(io_uring_params, io_uring_params, features);
MEMBER(io_uring_params, io_uring_params, wq_fd);
MEMBER(io_uring_params, io_uring_params, sq_off);
MEMBER(io_uring_params, io_uring_params, cq_off);
