/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names, attributes and mounts: typed system calls. Included by <lkl/syscalls.h>,
 * which has the rules.
 */
#ifndef LKL_SYSCALLS_PATH_H
#define LKL_SYSCALLS_PATH_H

#include <lkl/syscalls_call.h>

/* ---- Names --------------------------------------------------------------- */

static inline int lkl_sys_mkdirat(struct lkl_kernel *kernel, int dir, const char *path,
				  lkl_u32 mode)
{
	return (int)lkl_call(kernel, LKL_SYS_mkdirat, dir, lkl_pointer(path), mode, 0, 0, 0);
}

static inline int lkl_sys_mknodat(struct lkl_kernel *kernel, int dir, const char *path,
				  lkl_u32 mode, lkl_u32 device)
{
	return (int)lkl_call(kernel, LKL_SYS_mknodat, dir, lkl_pointer(path), mode, device, 0,
			     0);
}

static inline int lkl_sys_unlinkat(struct lkl_kernel *kernel, int dir, const char *path,
				   int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_unlinkat, dir, lkl_pointer(path), flags, 0, 0, 0);
}

static inline int lkl_sys_linkat(struct lkl_kernel *kernel, int from_dir, const char *from,
				 int to_dir, const char *to, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_linkat, from_dir, lkl_pointer(from), to_dir,
			     lkl_pointer(to), flags, 0);
}

static inline int lkl_sys_symlinkat(struct lkl_kernel *kernel, const char *content, int dir,
				    const char *path)
{
	return (int)lkl_call(kernel, LKL_SYS_symlinkat, lkl_pointer(content), dir,
			     lkl_pointer(path), 0, 0, 0);
}

static inline int lkl_sys_renameat2(struct lkl_kernel *kernel, int from_dir, const char *from,
				    int to_dir, const char *to, lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_renameat2, from_dir, lkl_pointer(from), to_dir,
			     lkl_pointer(to), flags, 0);
}

static inline int64_t lkl_sys_readlinkat(struct lkl_kernel *kernel, int dir, const char *path,
					 char *buf, int bytes)
{
	return lkl_call(kernel, LKL_SYS_readlinkat, dir, lkl_pointer(path), lkl_pointer(buf),
			bytes, 0, 0);
}

static inline int64_t lkl_sys_getdents64(struct lkl_kernel *kernel, int fd, void *buf,
					 lkl_u32 bytes)
{
	return lkl_call(kernel, LKL_SYS_getdents64, fd, lkl_pointer(buf), bytes, 0, 0, 0);
}

static inline int64_t lkl_sys_getcwd(struct lkl_kernel *kernel, char *buf, lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_getcwd, lkl_pointer(buf), (int64_t)bytes, 0, 0, 0, 0);
}

static inline int lkl_sys_chdir(struct lkl_kernel *kernel, const char *path)
{
	return (int)lkl_call(kernel, LKL_SYS_chdir, lkl_pointer(path), 0, 0, 0, 0, 0);
}

static inline int lkl_sys_fchdir(struct lkl_kernel *kernel, int fd)
{
	return (int)lkl_call(kernel, LKL_SYS_fchdir, fd, 0, 0, 0, 0, 0);
}

static inline int lkl_sys_chroot(struct lkl_kernel *kernel, const char *path)
{
	return (int)lkl_call(kernel, LKL_SYS_chroot, lkl_pointer(path), 0, 0, 0, 0, 0);
}

static inline int lkl_sys_name_to_handle_at(struct lkl_kernel *kernel, int dir,
					    const char *path, struct lkl_file_handle *handle,
					    int *mount_id, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_name_to_handle_at, dir, lkl_pointer(path),
			     lkl_pointer(handle), lkl_pointer(mount_id), flags, 0);
}

static inline int lkl_sys_open_by_handle_at(struct lkl_kernel *kernel, int mount_fd,
					    struct lkl_file_handle *handle, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_open_by_handle_at, mount_fd, lkl_pointer(handle),
			     flags, 0, 0, 0);
}

/* ---- Attributes ---------------------------------------------------------- */

static inline int lkl_sys_newfstatat(struct lkl_kernel *kernel, int dir, const char *path,
				     struct lkl_stat *stat, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_newfstatat, dir, lkl_pointer(path),
			     lkl_pointer(stat), flags, 0, 0);
}

static inline int lkl_sys_fstat(struct lkl_kernel *kernel, int fd, struct lkl_stat *stat)
{
	return (int)lkl_call(kernel, LKL_SYS_fstat, fd, lkl_pointer(stat), 0, 0, 0, 0);
}

static inline int lkl_sys_statx(struct lkl_kernel *kernel, int dir, const char *path, int flags,
				lkl_u32 mask, struct lkl_statx *statx)
{
	return (int)lkl_call(kernel, LKL_SYS_statx, dir, lkl_pointer(path), flags, mask,
			     lkl_pointer(statx), 0);
}

static inline int lkl_sys_statfs(struct lkl_kernel *kernel, const char *path,
				 struct lkl_statfs *statfs)
{
	return (int)lkl_call(kernel, LKL_SYS_statfs, lkl_pointer(path), lkl_pointer(statfs), 0,
			     0, 0, 0);
}

static inline int lkl_sys_fstatfs(struct lkl_kernel *kernel, int fd, struct lkl_statfs *statfs)
{
	return (int)lkl_call(kernel, LKL_SYS_fstatfs, fd, lkl_pointer(statfs), 0, 0, 0, 0);
}

static inline int lkl_sys_faccessat(struct lkl_kernel *kernel, int dir, const char *path,
				    int mode)
{
	return (int)lkl_call(kernel, LKL_SYS_faccessat, dir, lkl_pointer(path), mode, 0, 0, 0);
}

static inline int lkl_sys_faccessat2(struct lkl_kernel *kernel, int dir, const char *path,
				     int mode, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_faccessat2, dir, lkl_pointer(path), mode, flags, 0,
			     0);
}

static inline int lkl_sys_fchmod(struct lkl_kernel *kernel, int fd, lkl_u32 mode)
{
	return (int)lkl_call(kernel, LKL_SYS_fchmod, fd, mode, 0, 0, 0, 0);
}

static inline int lkl_sys_fchmodat(struct lkl_kernel *kernel, int dir, const char *path,
				   lkl_u32 mode)
{
	return (int)lkl_call(kernel, LKL_SYS_fchmodat, dir, lkl_pointer(path), mode, 0, 0, 0);
}

static inline int lkl_sys_fchmodat2(struct lkl_kernel *kernel, int dir, const char *path,
				    lkl_u32 mode, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_fchmodat2, dir, lkl_pointer(path), mode, flags, 0,
			     0);
}

static inline int lkl_sys_fchown(struct lkl_kernel *kernel, int fd, lkl_u32 uid, lkl_u32 gid)
{
	return (int)lkl_call(kernel, LKL_SYS_fchown, fd, uid, gid, 0, 0, 0);
}

static inline int lkl_sys_fchownat(struct lkl_kernel *kernel, int dir, const char *path,
				   lkl_u32 uid, lkl_u32 gid, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_fchownat, dir, lkl_pointer(path), uid, gid, flags,
			     0);
}

static inline int lkl_sys_utimensat(struct lkl_kernel *kernel, int dir, const char *path,
				    const struct lkl_timespec times[2], int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_utimensat, dir, lkl_pointer(path),
			     lkl_pointer(times), flags, 0, 0);
}

static inline lkl_u32 lkl_sys_umask(struct lkl_kernel *kernel, lkl_u32 mask)
{
	return (lkl_u32)lkl_call(kernel, LKL_SYS_umask, mask, 0, 0, 0, 0, 0);
}

static inline int64_t lkl_sys_getxattr(struct lkl_kernel *kernel, const char *path,
				       const char *name, void *value, lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_getxattr, lkl_pointer(path), lkl_pointer(name),
			lkl_pointer(value), (int64_t)bytes, 0, 0);
}

static inline int64_t lkl_sys_lgetxattr(struct lkl_kernel *kernel, const char *path,
					const char *name, void *value, lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_lgetxattr, lkl_pointer(path), lkl_pointer(name),
			lkl_pointer(value), (int64_t)bytes, 0, 0);
}

static inline int64_t lkl_sys_fgetxattr(struct lkl_kernel *kernel, int fd, const char *name,
					void *value, lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_fgetxattr, fd, lkl_pointer(name), lkl_pointer(value),
			(int64_t)bytes, 0, 0);
}

static inline int64_t lkl_sys_listxattr(struct lkl_kernel *kernel, const char *path, char *list,
					lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_listxattr, lkl_pointer(path), lkl_pointer(list),
			(int64_t)bytes, 0, 0, 0);
}

static inline int64_t lkl_sys_llistxattr(struct lkl_kernel *kernel, const char *path,
					 char *list, lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_llistxattr, lkl_pointer(path), lkl_pointer(list),
			(int64_t)bytes, 0, 0, 0);
}

static inline int64_t lkl_sys_flistxattr(struct lkl_kernel *kernel, int fd, char *list,
					 lkl_u64 bytes)
{
	return lkl_call(kernel, LKL_SYS_flistxattr, fd, lkl_pointer(list), (int64_t)bytes, 0, 0,
			0);
}

static inline int lkl_sys_setxattr(struct lkl_kernel *kernel, const char *path,
				   const char *name, const void *value, lkl_u64 bytes,
				   int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_setxattr, lkl_pointer(path), lkl_pointer(name),
			     lkl_pointer(value), (int64_t)bytes, flags, 0);
}

static inline int lkl_sys_lsetxattr(struct lkl_kernel *kernel, const char *path,
				    const char *name, const void *value, lkl_u64 bytes,
				    int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_lsetxattr, lkl_pointer(path), lkl_pointer(name),
			     lkl_pointer(value), (int64_t)bytes, flags, 0);
}

static inline int lkl_sys_fsetxattr(struct lkl_kernel *kernel, int fd, const char *name,
				    const void *value, lkl_u64 bytes, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_fsetxattr, fd, lkl_pointer(name),
			     lkl_pointer(value), (int64_t)bytes, flags, 0);
}

static inline int lkl_sys_removexattr(struct lkl_kernel *kernel, const char *path,
				      const char *name)
{
	return (int)lkl_call(kernel, LKL_SYS_removexattr, lkl_pointer(path), lkl_pointer(name),
			     0, 0, 0, 0);
}

static inline int lkl_sys_lremovexattr(struct lkl_kernel *kernel, const char *path,
				       const char *name)
{
	return (int)lkl_call(kernel, LKL_SYS_lremovexattr, lkl_pointer(path), lkl_pointer(name),
			     0, 0, 0, 0);
}

static inline int lkl_sys_fremovexattr(struct lkl_kernel *kernel, int fd, const char *name)
{
	return (int)lkl_call(kernel, LKL_SYS_fremovexattr, fd, lkl_pointer(name), 0, 0, 0, 0);
}

/* ---- Mounts -------------------------------------------------------------- */

static inline int lkl_sys_mount(struct lkl_kernel *kernel, const char *source,
				const char *target, const char *type, lkl_u64 flags,
				const void *data)
{
	return (int)lkl_call(kernel, LKL_SYS_mount, lkl_pointer(source), lkl_pointer(target),
			     lkl_pointer(type), (int64_t)flags, lkl_pointer(data), 0);
}

static inline int lkl_sys_umount2(struct lkl_kernel *kernel, const char *target, int flags)
{
	return (int)lkl_call(kernel, LKL_SYS_umount2, lkl_pointer(target), flags, 0, 0, 0, 0);
}

static inline int lkl_sys_pivot_root(struct lkl_kernel *kernel, const char *new_root,
				     const char *put_old)
{
	return (int)lkl_call(kernel, LKL_SYS_pivot_root, lkl_pointer(new_root),
			     lkl_pointer(put_old), 0, 0, 0, 0);
}

static inline int lkl_sys_fsopen(struct lkl_kernel *kernel, const char *type, lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_fsopen, lkl_pointer(type), flags, 0, 0, 0, 0);
}

static inline int lkl_sys_fsconfig(struct lkl_kernel *kernel, int fs, lkl_u32 command,
				   const char *key, const void *value, int auxiliary)
{
	return (int)lkl_call(kernel, LKL_SYS_fsconfig, fs, command, lkl_pointer(key),
			     lkl_pointer(value), auxiliary, 0);
}

static inline int lkl_sys_fsmount(struct lkl_kernel *kernel, int fs, lkl_u32 flags,
				  lkl_u32 attributes)
{
	return (int)lkl_call(kernel, LKL_SYS_fsmount, fs, flags, attributes, 0, 0, 0);
}

static inline int lkl_sys_fspick(struct lkl_kernel *kernel, int dir, const char *path,
				 lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_fspick, dir, lkl_pointer(path), flags, 0, 0, 0);
}

static inline int lkl_sys_open_tree(struct lkl_kernel *kernel, int dir, const char *path,
				    lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_open_tree, dir, lkl_pointer(path), flags, 0, 0, 0);
}

static inline int lkl_sys_move_mount(struct lkl_kernel *kernel, int from_dir, const char *from,
				     int to_dir, const char *to, lkl_u32 flags)
{
	return (int)lkl_call(kernel, LKL_SYS_move_mount, from_dir, lkl_pointer(from), to_dir,
			     lkl_pointer(to), flags, 0);
}

static inline int lkl_sys_mount_setattr(struct lkl_kernel *kernel, int dir, const char *path,
					lkl_u32 flags, struct lkl_mount_attr *attr,
					lkl_u64 attr_bytes)
{
	return (int)lkl_call(kernel, LKL_SYS_mount_setattr, dir, lkl_pointer(path), flags,
			     lkl_pointer(attr), (int64_t)attr_bytes, 0);
}

static inline int lkl_sys_quotactl(struct lkl_kernel *kernel, lkl_u32 command,
				   const char *device, lkl_u32 id, void *argument)
{
	return (int)lkl_call(kernel, LKL_SYS_quotactl, command, lkl_pointer(device), id,
			     lkl_pointer(argument), 0, 0);
}

static inline int lkl_sys_quotactl_fd(struct lkl_kernel *kernel, int fd, lkl_u32 command,
				      lkl_u32 id, void *argument)
{
	return (int)lkl_call(kernel, LKL_SYS_quotactl_fd, fd, command, id,
			     lkl_pointer(argument), 0, 0);
}

/** newfstatat() under its usual name */
static inline int lkl_sys_fstatat(struct lkl_kernel *kernel, int dir, const char *path,
				  struct lkl_stat *stat, int flags)
{
	return lkl_sys_newfstatat(kernel, dir, path, stat, flags);
}

#endif /* LKL_SYSCALLS_PATH_H */
