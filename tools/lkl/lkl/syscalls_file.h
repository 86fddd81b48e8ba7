/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Open files and their data: typed system calls. Included by <lkl/syscalls.h>,
 * which has the rules.
 */
#ifndef LKL_SYSCALLS_FILE_H
#define LKL_SYSCALLS_FILE_H

#include <lkl/syscalls_call.h>

/* ---- Opening, reading and writing ---------------------------------------- */

static inline int lkl_sys_openat(struct lkl_kernel *kernel, int dir, const char *path,
				 int flags, lkl_u32 mode)
{
	return (int)lkl_call(kernel, LKL_SYS_openat, dir, lkl_pointer(path), flags, mode, 0, 0);
}

static inline int lkl_sys_openat2(struct lkl_kernel *kernel, int dir, const char *path,
				  const struct lkl_open_how *how, lkl_u64 how_bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_openat2, dir, lkl_pointer(path), lkl_pointer(how),
			     (int64_t)how_bytes, 0, 0);
}

static inline int lkl_sys_close(struct lkl_kernel *kernel, int fd)
{
	return (int)lkl_call(kernel, LKL_SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_close_range(struct lkl_kernel *kernel, lkl_u32 first, lkl_u32 last,
				      lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_close_range, first, last, flags, 0, 0, 0);
}

static inline int lkl_sys_dup(struct lkl_kernel *kernel, int fd)
{
	return (int)lkl_call(kernel, LKL_SYS_dup, fd, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_dup3(struct lkl_kernel *kernel, int from, int to, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_dup3, from, to, flags, 0, 0, 0);
}

static inline int lkl_sys_fcntl(struct lkl_kernel *kernel, int fd, int command,
				int64_t argument)
{
	return (int)lkl_call(kernel, LKL_SYS_fcntl, fd, command, argument, 0, 0, 0);
}

static inline int lkl_sys_ioctl(struct lkl_kernel *kernel, int fd, lkl_u32 command,
				void *argument)
{
	return (int)lkl_call(kernel, LKL_SYS_ioctl, fd, command, lkl_pointer(argument), 0, 0, 0);
}

static inline int lkl_sys_flock(struct lkl_kernel *kernel, int fd, int operation)
{
	return (int)lkl_call(kernel, LKL_SYS_flock, fd, operation, 0, 0, 0, 0);
}

static inline int64_t lkl_sys_read(struct lkl_kernel *kernel, int fd, void *buf, lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_read, fd, lkl_pointer(buf), (int64_t)bytes, 0, 0, 0);
}

static inline int64_t lkl_sys_write(struct lkl_kernel *kernel, int fd, const void *buf,
				    lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_write, fd, lkl_pointer(buf), (int64_t)bytes, 0, 0, 0);
}

static inline int64_t lkl_sys_pread64(struct lkl_kernel *kernel, int fd, void *buf,
				      lkl_u64 bytes, lkl_s64 offset)
{
	return lkl_call(kernel, LKL_SYS_pread64, fd, lkl_pointer(buf), (int64_t)bytes, offset,
			0, 0);
}

static inline int64_t lkl_sys_pwrite64(struct lkl_kernel *kernel, int fd, const void *buf,
				       lkl_u64 bytes, lkl_s64 offset)
{
	return lkl_call(kernel, LKL_SYS_pwrite64, fd, lkl_pointer(buf), (int64_t)bytes, offset,
			0, 0);
}

static inline int64_t lkl_sys_readv(struct lkl_kernel *kernel, int fd,
				    const struct lkl_iovec *iov, int count)
{
	return lkl_call(kernel, LKL_SYS_readv, fd, lkl_pointer(iov), count, 0, 0, 0);
}

static inline int64_t lkl_sys_writev(struct lkl_kernel *kernel, int fd,
				     const struct lkl_iovec *iov, int count)
{
	return lkl_call(kernel, LKL_SYS_writev, fd, lkl_pointer(iov), count, 0, 0, 0);
}

static inline int64_t lkl_sys_preadv(struct lkl_kernel *kernel, int fd,
				     const struct lkl_iovec *iov, int count, lkl_s64 offset)
{
	return lkl_call(kernel, LKL_SYS_preadv, fd, lkl_pointer(iov), count, offset, 0, 0);
}

static inline int64_t lkl_sys_pwritev(struct lkl_kernel *kernel, int fd,
				      const struct lkl_iovec *iov, int count, lkl_s64 offset)
{
	return lkl_call(kernel, LKL_SYS_pwritev, fd, lkl_pointer(iov), count, offset, 0, 0);
}

static inline int64_t lkl_sys_preadv2(struct lkl_kernel *kernel, int fd,
				      const struct lkl_iovec *iov, int count, lkl_s64 offset,
				      int flags)
{
	return lkl_call(kernel, LKL_SYS_preadv2, fd, lkl_pointer(iov), count, offset, 0, flags);
}

static inline int64_t lkl_sys_pwritev2(struct lkl_kernel *kernel, int fd,
				       const struct lkl_iovec *iov, int count, lkl_s64 offset,
				       int flags)
{
	return lkl_call(kernel, LKL_SYS_pwritev2, fd, lkl_pointer(iov), count, offset, 0, flags);
}

static inline int64_t lkl_sys_lseek(struct lkl_kernel *kernel, int fd, lkl_s64 offset,
				    int whence)
{
	return lkl_call(kernel, LKL_SYS_lseek, fd, offset, whence, 0, 0, 0);
}

static inline int64_t lkl_sys_sendfile(struct lkl_kernel *kernel, int to, int from,
				       lkl_s64 *offset, lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_sendfile, to, from, lkl_pointer(offset), (int64_t)bytes,
			0, 0);
}

static inline int64_t lkl_sys_copy_file_range(struct lkl_kernel *kernel, int from,
					      lkl_s64 *from_offset, int to, lkl_s64 *to_offset,
					      lkl_u64 bytes, lkl_u32 flags)
{
	return lkl_call(kernel, LKL_SYS_copy_file_range, from, lkl_pointer(from_offset), to,
			lkl_pointer(to_offset), (int64_t)bytes, flags);
}

static inline int64_t lkl_sys_splice(struct lkl_kernel *kernel, int from, lkl_s64 *from_offset,
				     int to, lkl_s64 *to_offset, lkl_u64 bytes, lkl_u32 flags)
{
	return lkl_call(kernel, LKL_SYS_splice, from, lkl_pointer(from_offset), to,
			lkl_pointer(to_offset), (int64_t)bytes, flags);
}

static inline int64_t lkl_sys_tee(struct lkl_kernel *kernel, int from, int to, lkl_u64 bytes,
				  lkl_u32 flags)
{
	return lkl_call(kernel, LKL_SYS_tee, from, to, (int64_t)bytes, flags, 0, 0);
}

static inline int64_t lkl_sys_vmsplice(struct lkl_kernel *kernel, int fd,
				       const struct lkl_iovec *iov, lkl_u64 count,
				       lkl_u32 flags)
{
	return lkl_call(kernel, LKL_SYS_vmsplice, fd, lkl_pointer(iov), (int64_t)count, flags,
			0, 0);
}

static inline int lkl_sys_pipe2(struct lkl_kernel *kernel, int fds[2], int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_pipe2, lkl_pointer(fds), flags, 0, 0, 0, 0);
}

static inline int lkl_sys_memfd_create(struct lkl_kernel *kernel, const char *name,
				       lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_memfd_create, lkl_pointer(name), flags, 0, 0, 0, 0);
}

/* ---- Size, storage, durability ------------------------------------------- */

static inline int lkl_sys_truncate(struct lkl_kernel *kernel, const char *path, lkl_s64 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_truncate, lkl_pointer(path), bytes, 0, 0, 0, 0);
}

static inline int lkl_sys_ftruncate(struct lkl_kernel *kernel, int fd, lkl_s64 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_ftruncate, fd, bytes, 0, 0, 0, 0);
}

static inline int lkl_sys_fallocate(struct lkl_kernel *kernel, int fd, int mode, lkl_s64 offset,
				    lkl_s64 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_fallocate, fd, mode, offset, bytes, 0, 0);
}

static inline int lkl_sys_fadvise64(struct lkl_kernel *kernel, int fd, lkl_s64 offset,
				    lkl_s64 bytes, int advice)
{
	return (int)lkl_call(kernel, LKL_SYS_fadvise64, fd, offset, bytes, advice, 0, 0);
}

static inline int lkl_sys_readahead(struct lkl_kernel *kernel, int fd, lkl_s64 offset,
				    lkl_u64 bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_readahead, fd, offset, (int64_t)bytes, 0, 0, 0);
}

static inline int lkl_sys_sync(struct lkl_kernel *kernel)
{
	return (int)lkl_call(kernel, LKL_SYS_sync, 0, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_syncfs(struct lkl_kernel *kernel, int fd)
{
	return (int)lkl_call(kernel, LKL_SYS_syncfs, fd, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_fsync(struct lkl_kernel *kernel, int fd)
{
	return (int)lkl_call(kernel, LKL_SYS_fsync, fd, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_fdatasync(struct lkl_kernel *kernel, int fd)
{
	return (int)lkl_call(kernel, LKL_SYS_fdatasync, fd, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_sync_file_range(struct lkl_kernel *kernel, int fd, lkl_s64 offset,
					  lkl_s64 bytes, lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_sync_file_range, fd, offset, bytes, flags, 0, 0);
}

#endif /* LKL_SYSCALLS_FILE_H */
