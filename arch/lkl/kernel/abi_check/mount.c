// SPDX-License-Identifier: GPL-2.0
/* Proves lkl/abi_mount.h, see check.h. */
#include <linux/blkdev.h>
#include <linux/blkpg.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <uapi/linux/mount.h>
#include <asm/ioctls.h>
#include <lkl/abi_mount.h>
#include "check.h"

VALUE(MS_RDONLY);
VALUE(MS_NOSUID);
VALUE(MS_NODEV);
VALUE(MS_NOEXEC);
VALUE(MS_SYNCHRONOUS);
VALUE(MS_REMOUNT);
VALUE(MS_MANDLOCK);
VALUE(MS_DIRSYNC);
VALUE(MS_NOSYMFOLLOW);
VALUE(MS_NOATIME);
VALUE(MS_NODIRATIME);
VALUE(MS_BIND);
VALUE(MS_MOVE);
VALUE(MS_REC);
VALUE(MS_SILENT);
VALUE(MS_POSIXACL);
VALUE(MS_UNBINDABLE);
VALUE(MS_PRIVATE);
VALUE(MS_SLAVE);
VALUE(MS_SHARED);
VALUE(MS_RELATIME);
VALUE(MS_STRICTATIME);
VALUE(MS_LAZYTIME);
VALUE(MNT_FORCE);
VALUE(MNT_DETACH);
VALUE(MNT_EXPIRE);
VALUE(UMOUNT_NOFOLLOW);
VALUE(FSOPEN_CLOEXEC);
VALUE(FSMOUNT_CLOEXEC);
VALUE(FSPICK_CLOEXEC);
VALUE(FSPICK_EMPTY_PATH);
VALUE(FSCONFIG_SET_FLAG);
VALUE(FSCONFIG_SET_STRING);
VALUE(FSCONFIG_SET_BINARY);
VALUE(FSCONFIG_SET_PATH);
VALUE(FSCONFIG_SET_PATH_EMPTY);
VALUE(FSCONFIG_SET_FD);
VALUE(FSCONFIG_CMD_CREATE);
VALUE(FSCONFIG_CMD_RECONFIGURE);
VALUE(MOUNT_ATTR_RDONLY);
VALUE(MOUNT_ATTR_NOSUID);
VALUE(MOUNT_ATTR_NODEV);
VALUE(MOUNT_ATTR_NOEXEC);
VALUE(MOUNT_ATTR_NOATIME);
VALUE(MOUNT_ATTR_STRICTATIME);
VALUE(MOUNT_ATTR_NODIRATIME);
VALUE(MOVE_MOUNT_F_EMPTY_PATH);
VALUE(MOVE_MOUNT_T_EMPTY_PATH);
VALUE(OPEN_TREE_CLONE);
VALUE(OPEN_TREE_CLOEXEC);
VALUE(FIONREAD);
VALUE(FIONBIO);
VALUE(FS_IOC_GETFLAGS);
VALUE(FS_IOC_SETFLAGS);
VALUE(FS_IOC_GETVERSION);
VALUE(FS_IOC_FSGETXATTR);
VALUE(FS_IOC_FSSETXATTR);
VALUE(FS_IOC_FIEMAP);
VALUE(FICLONE);
VALUE(FICLONERANGE);
VALUE(FIFREEZE);
VALUE(FITHAW);
VALUE(FITRIM);
VALUE(FS_SECRM_FL);
VALUE(FS_COMPR_FL);
VALUE(FS_SYNC_FL);
VALUE(FS_IMMUTABLE_FL);
VALUE(FS_APPEND_FL);
VALUE(FS_NODUMP_FL);
VALUE(FS_NOATIME_FL);
VALUE(FS_NOCOW_FL);
VALUE(FIEMAP_FLAG_SYNC);
VALUE(FIEMAP_EXTENT_LAST);
VALUE(FIEMAP_EXTENT_UNKNOWN);
VALUE(FIEMAP_EXTENT_DELALLOC);
VALUE(FIEMAP_EXTENT_ENCODED);
VALUE(FIEMAP_EXTENT_DATA_INLINE);
VALUE(FIEMAP_EXTENT_UNWRITTEN);
VALUE(FIEMAP_EXTENT_SHARED);
VALUE(BLKROSET);
VALUE(BLKROGET);
VALUE(BLKRRPART);
VALUE(BLKFLSBUF);
VALUE(BLKSSZGET);
VALUE(BLKDISCARD);
VALUE(BLKPBSZGET);
VALUE(BLKZEROOUT);
VALUE(BLKGETSIZE64);
VALUE(LOOP_SET_FD);
VALUE(LOOP_CLR_FD);
VALUE(LOOP_CONFIGURE);
VALUE(LOOP_CTL_GET_FREE);

SIZE(mount_attr, mount_attr);
MEMBER(mount_attr, mount_attr, attr_set);
MEMBER(mount_attr, mount_attr, attr_clr);
MEMBER(mount_attr, mount_attr, propagation);
MEMBER(mount_attr, mount_attr, userns_fd);

SIZE(fsxattr, fsxattr);
MEMBER(fsxattr, fsxattr, fsx_xflags);
MEMBER(fsxattr, fsxattr, fsx_extsize);
MEMBER(fsxattr, fsxattr, fsx_nextents);
MEMBER(fsxattr, fsxattr, fsx_projid);
MEMBER(fsxattr, fsxattr, fsx_cowextsize);

SIZE(fstrim_range, fstrim_range);
MEMBER(fstrim_range, fstrim_range, start);
MEMBER(fstrim_range, fstrim_range, len);
MEMBER(fstrim_range, fstrim_range, minlen);

SIZE(file_clone_range, file_clone_range);
MEMBER(file_clone_range, file_clone_range, src_fd);
MEMBER(file_clone_range, file_clone_range, src_offset);
MEMBER(file_clone_range, file_clone_range, src_length);
MEMBER(file_clone_range, file_clone_range, dest_offset);

SIZE(fiemap_extent, fiemap_extent);
MEMBER(fiemap_extent, fiemap_extent, fe_logical);
MEMBER(fiemap_extent, fiemap_extent, fe_physical);
MEMBER(fiemap_extent, fiemap_extent, fe_length);
MEMBER(fiemap_extent, fiemap_extent, fe_flags);

SIZE(fiemap, fiemap);
MEMBER(fiemap, fiemap, fm_start);
MEMBER(fiemap, fiemap, fm_length);
MEMBER(fiemap, fiemap, fm_flags);
MEMBER(fiemap, fiemap, fm_mapped_extents);
MEMBER(fiemap, fiemap, fm_extent_count);
