/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: typed system calls. Included by <lkl/syscalls.h>,
 * which has the rules.
 */
#ifndef LKL_SYSCALLS_SOCKET_H
#define LKL_SYSCALLS_SOCKET_H

#include <lkl/syscalls_call.h>

static inline int lkl_sys_socket(struct lkl_kernel *kernel, int domain, int type, int protocol)
{
	return (int)lkl_call(kernel, LKL_SYS_socket, domain, type, protocol, 0, 0, 0);
}

static inline int lkl_sys_socketpair(struct lkl_kernel *kernel, int domain, int type,
				     int protocol, int fds[2])
{
	return (int)lkl_call(kernel, LKL_SYS_socketpair, domain, type, protocol,
			     lkl_pointer(fds), 0, 0);
}

static inline int lkl_sys_bind(struct lkl_kernel *kernel, int fd, const void *address,
			       lkl_u32 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_bind, fd, lkl_pointer(address), bytes, 0, 0, 0);
}

static inline int lkl_sys_listen(struct lkl_kernel *kernel, int fd, int backlog)
{
	return (int)lkl_call(kernel, LKL_SYS_listen, fd, backlog, 0, 0, 0, 0);
}

static inline int lkl_sys_accept(struct lkl_kernel *kernel, int fd, void *address,
				 lkl_u32 *bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_accept, fd, lkl_pointer(address),
			     lkl_pointer(bytes), 0, 0, 0);
}

static inline int lkl_sys_accept4(struct lkl_kernel *kernel, int fd, void *address,
				  lkl_u32 *bytes, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_accept4, fd, lkl_pointer(address),
			     lkl_pointer(bytes), flags, 0, 0);
}

static inline int lkl_sys_connect(struct lkl_kernel *kernel, int fd, const void *address,
				  lkl_u32 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_connect, fd, lkl_pointer(address), bytes, 0, 0, 0);
}

static inline int lkl_sys_getsockname(struct lkl_kernel *kernel, int fd, void *address,
				      lkl_u32 *bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_getsockname, fd, lkl_pointer(address),
			     lkl_pointer(bytes), 0, 0, 0);
}

static inline int lkl_sys_getpeername(struct lkl_kernel *kernel, int fd, void *address,
				      lkl_u32 *bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_getpeername, fd, lkl_pointer(address),
			     lkl_pointer(bytes), 0, 0, 0);
}

static inline int lkl_sys_setsockopt(struct lkl_kernel *kernel, int fd, int level, int option,
				     const void *value, lkl_u32 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_setsockopt, fd, level, option, lkl_pointer(value),
			     bytes, 0);
}

static inline int lkl_sys_getsockopt(struct lkl_kernel *kernel, int fd, int level, int option,
				     void *value, lkl_u32 *bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_getsockopt, fd, level, option, lkl_pointer(value),
			     lkl_pointer(bytes), 0);
}

static inline int lkl_sys_shutdown(struct lkl_kernel *kernel, int fd, int how)
{
	return (int)lkl_call(kernel, LKL_SYS_shutdown, fd, how, 0, 0, 0, 0);
}

static inline int64_t lkl_sys_sendto(struct lkl_kernel *kernel, int fd, const void *buf,
				     lkl_u64 bytes, int flags, const void *address,
				     lkl_u32 address_bytes)
{
	return lkl_call(kernel, LKL_SYS_sendto, fd, lkl_pointer(buf), (int64_t)bytes, flags,
			lkl_pointer(address), address_bytes);
}

static inline int64_t lkl_sys_recvfrom(struct lkl_kernel *kernel, int fd, void *buf,
				       lkl_u64 bytes, int flags, void *address,
				       lkl_u32 *address_bytes)
{
	return lkl_call(kernel, LKL_SYS_recvfrom, fd, lkl_pointer(buf), (int64_t)bytes, flags,
			lkl_pointer(address), lkl_pointer(address_bytes));
}

static inline int64_t lkl_sys_sendmsg(struct lkl_kernel *kernel, int fd,
				      const struct lkl_msghdr *message, int flags)
{
	return lkl_call(kernel, LKL_SYS_sendmsg, fd, lkl_pointer(message), flags, 0, 0, 0);
}

static inline int64_t lkl_sys_recvmsg(struct lkl_kernel *kernel, int fd,
				      struct lkl_msghdr *message, int flags)
{
	return lkl_call(kernel, LKL_SYS_recvmsg, fd, lkl_pointer(message), flags, 0, 0, 0);
}

static inline int lkl_sys_sendmmsg(struct lkl_kernel *kernel, int fd,
				   struct lkl_mmsghdr *messages, lkl_u32 count, lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_sendmmsg, fd, lkl_pointer(messages), count, flags,
			     0, 0);
}

static inline int lkl_sys_recvmmsg(struct lkl_kernel *kernel, int fd,
				   struct lkl_mmsghdr *messages, lkl_u32 count, lkl_u32 flags,
				   struct lkl_timespec *timeout)
{
	return (int)lkl_call(kernel, LKL_SYS_recvmmsg, fd, lkl_pointer(messages), count, flags,
			     lkl_pointer(timeout), 0);
}

#endif /* LKL_SYSCALLS_SOCKET_H */
