/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mounts, and the ioctls of files, file systems and block devices (see abi.h
 * for the rules).
 */
#ifndef LKL_ABI_MOUNT_H
#define LKL_ABI_MOUNT_H

#include <lkl/abi_file.h>

/* ---- mounts --------------------------------------------------------------- */

#define LKL_MS_RDONLY 0x00000001u
#define LKL_MS_NOSUID 0x00000002u
#define LKL_MS_NODEV 0x00000004u
#define LKL_MS_NOEXEC 0x00000008u
#define LKL_MS_SYNCHRONOUS 0x00000010u
#define LKL_MS_REMOUNT 0x00000020u
#define LKL_MS_MANDLOCK 0x00000040u
#define LKL_MS_DIRSYNC 0x00000080u
#define LKL_MS_NOSYMFOLLOW 0x00000100u
#define LKL_MS_NOATIME 0x00000400u
#define LKL_MS_NODIRATIME 0x00000800u
#define LKL_MS_BIND 0x00001000u
#define LKL_MS_MOVE 0x00002000u
#define LKL_MS_REC 0x00004000u
#define LKL_MS_SILENT 0x00008000u
#define LKL_MS_POSIXACL 0x00010000u
#define LKL_MS_UNBINDABLE 0x00020000u
#define LKL_MS_PRIVATE 0x00040000u
#define LKL_MS_SLAVE 0x00080000u
#define LKL_MS_SHARED 0x00100000u
#define LKL_MS_RELATIME 0x00200000u
#define LKL_MS_STRICTATIME 0x01000000u
#define LKL_MS_LAZYTIME 0x02000000u

#define LKL_MNT_FORCE 1
#define LKL_MNT_DETACH 2
#define LKL_MNT_EXPIRE 4
#define LKL_UMOUNT_NOFOLLOW 8

#define LKL_FSOPEN_CLOEXEC 1
#define LKL_FSMOUNT_CLOEXEC 1
#define LKL_FSPICK_CLOEXEC 1
#define LKL_FSPICK_EMPTY_PATH 8
#define LKL_FSCONFIG_SET_FLAG 0
#define LKL_FSCONFIG_SET_STRING 1
#define LKL_FSCONFIG_SET_BINARY 2
#define LKL_FSCONFIG_SET_PATH 3
#define LKL_FSCONFIG_SET_PATH_EMPTY 4
#define LKL_FSCONFIG_SET_FD 5
#define LKL_FSCONFIG_CMD_CREATE 6
#define LKL_FSCONFIG_CMD_RECONFIGURE 7
#define LKL_MOUNT_ATTR_RDONLY 0x01
#define LKL_MOUNT_ATTR_NOSUID 0x02
#define LKL_MOUNT_ATTR_NODEV 0x04
#define LKL_MOUNT_ATTR_NOEXEC 0x08
#define LKL_MOUNT_ATTR_NOATIME 0x10
#define LKL_MOUNT_ATTR_STRICTATIME 0x20
#define LKL_MOUNT_ATTR_NODIRATIME 0x80
#define LKL_MOVE_MOUNT_F_EMPTY_PATH 0x04
#define LKL_MOVE_MOUNT_T_EMPTY_PATH 0x40
#define LKL_OPEN_TREE_CLONE 1
#define LKL_OPEN_TREE_CLOEXEC LKL_O_CLOEXEC

struct lkl_mount_attr {
	lkl_u64 attr_set;
	lkl_u64 attr_clr;
	lkl_u64 propagation;
	lkl_u64 userns_fd;
};

/* ---- ioctls of files, file systems and block devices ---------------------- */

#define LKL_FIONREAD 0x541bu
#define LKL_FIONBIO 0x5421u

#define LKL_FS_IOC_GETFLAGS 0x80086601u		/* lkl_u32 */
#define LKL_FS_IOC_SETFLAGS 0x40086602u		/* lkl_u32 */
#define LKL_FS_IOC_GETVERSION 0x80087601u	/* lkl_u32 */
#define LKL_FS_IOC_FSGETXATTR 0x801c581fu
#define LKL_FS_IOC_FSSETXATTR 0x401c5820u
#define LKL_FS_IOC_FIEMAP 0xc020660bu
#define LKL_FICLONE 0x40049409u			/* the argument is the descriptor */
#define LKL_FICLONERANGE 0x4020940du
#define LKL_FIFREEZE 0xc0045877u
#define LKL_FITHAW 0xc0045878u
#define LKL_FITRIM 0xc0185879u

#define LKL_FS_SECRM_FL 0x00000001u
#define LKL_FS_COMPR_FL 0x00000004u
#define LKL_FS_SYNC_FL 0x00000008u
#define LKL_FS_IMMUTABLE_FL 0x00000010u
#define LKL_FS_APPEND_FL 0x00000020u
#define LKL_FS_NODUMP_FL 0x00000040u
#define LKL_FS_NOATIME_FL 0x00000080u
#define LKL_FS_NOCOW_FL 0x00800000u

struct lkl_fsxattr {
	lkl_u32 fsx_xflags;
	lkl_u32 fsx_extsize;
	lkl_u32 fsx_nextents;
	lkl_u32 fsx_projid;
	lkl_u32 fsx_cowextsize;
	lkl_u8 fsx_pad[8];
};

struct lkl_fstrim_range {
	lkl_u64 start;
	lkl_u64 len;
	lkl_u64 minlen;
};

struct lkl_file_clone_range {
	lkl_s64 src_fd;
	lkl_u64 src_offset;
	lkl_u64 src_length;
	lkl_u64 dest_offset;
};

struct lkl_fiemap_extent {
	lkl_u64 fe_logical;
	lkl_u64 fe_physical;
	lkl_u64 fe_length;
	lkl_u64 reserved64[2];
	lkl_u32 fe_flags;
	lkl_u32 reserved[3];
};

struct lkl_fiemap {
	lkl_u64 fm_start;
	lkl_u64 fm_length;
	lkl_u32 fm_flags;
	lkl_u32 fm_mapped_extents;
	lkl_u32 fm_extent_count;
	lkl_u32 reserved;
	/* fm_extent_count of struct lkl_fiemap_extent follow */
};

#define LKL_FIEMAP_FLAG_SYNC 1
#define LKL_FIEMAP_EXTENT_LAST 0x0001
#define LKL_FIEMAP_EXTENT_UNKNOWN 0x0002
#define LKL_FIEMAP_EXTENT_DELALLOC 0x0004
#define LKL_FIEMAP_EXTENT_ENCODED 0x0008
#define LKL_FIEMAP_EXTENT_DATA_INLINE 0x0200
#define LKL_FIEMAP_EXTENT_UNWRITTEN 0x0800
#define LKL_FIEMAP_EXTENT_SHARED 0x2000

#define LKL_BLKROSET 0x125du
#define LKL_BLKROGET 0x125eu
#define LKL_BLKRRPART 0x125fu
#define LKL_BLKFLSBUF 0x1261u
#define LKL_BLKSSZGET 0x1268u
#define LKL_BLKDISCARD 0x1277u
#define LKL_BLKPBSZGET 0x127bu
#define LKL_BLKZEROOUT 0x127fu
#define LKL_BLKGETSIZE64 0x80081272u		/* lkl_u64, bytes */

#define LKL_LOOP_SET_FD 0x4c00u
#define LKL_LOOP_CLR_FD 0x4c01u
#define LKL_LOOP_CONFIGURE 0x4c0au
#define LKL_LOOP_CTL_GET_FREE 0x4c82u

#endif /* LKL_ABI_MOUNT_H */
