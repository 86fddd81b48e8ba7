/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files and directories: flags and structures (see abi.h for the rules).
 */
#ifndef LKL_ABI_FILE_H
#define LKL_ABI_FILE_H

#include <lkl/host_ops.h>

/* ---- open, seek, read and write ------------------------------------------ */

#define LKL_O_ACCMODE 00000003
#define LKL_O_RDONLY 00000000
#define LKL_O_WRONLY 00000001
#define LKL_O_RDWR 00000002
#define LKL_O_CREAT 00000100
#define LKL_O_EXCL 00000200
#define LKL_O_NOCTTY 00000400
#define LKL_O_TRUNC 00001000
#define LKL_O_APPEND 00002000
#define LKL_O_NONBLOCK 00004000
#define LKL_O_DSYNC 00010000
#define LKL_O_DIRECT 00040000
#define LKL_O_LARGEFILE 00100000
#define LKL_O_DIRECTORY 00200000
#define LKL_O_NOFOLLOW 00400000
#define LKL_O_NOATIME 01000000
#define LKL_O_CLOEXEC 02000000
#define LKL_O_SYNC 04010000
#define LKL_O_PATH 010000000
#define LKL_O_TMPFILE 020200000

#define LKL_RESOLVE_NO_XDEV 0x01
#define LKL_RESOLVE_NO_MAGICLINKS 0x02
#define LKL_RESOLVE_NO_SYMLINKS 0x04
#define LKL_RESOLVE_BENEATH 0x08
#define LKL_RESOLVE_IN_ROOT 0x10
#define LKL_RESOLVE_CACHED 0x20

/* openat2 */
struct lkl_open_how {
	lkl_u64 flags;
	lkl_u64 mode;
	lkl_u64 resolve;
};

#define LKL_AT_FDCWD (-100)
#define LKL_AT_SYMLINK_NOFOLLOW 0x100
#define LKL_AT_REMOVEDIR 0x200
#define LKL_AT_EACCESS 0x200
#define LKL_AT_SYMLINK_FOLLOW 0x400
#define LKL_AT_NO_AUTOMOUNT 0x800
#define LKL_AT_EMPTY_PATH 0x1000
#define LKL_AT_STATX_SYNC_AS_STAT 0x0000
#define LKL_AT_STATX_FORCE_SYNC 0x2000
#define LKL_AT_STATX_DONT_SYNC 0x4000
#define LKL_AT_RECURSIVE 0x8000

#define LKL_SEEK_SET 0
#define LKL_SEEK_CUR 1
#define LKL_SEEK_END 2
#define LKL_SEEK_DATA 3
#define LKL_SEEK_HOLE 4

#define LKL_R_OK 4
#define LKL_W_OK 2
#define LKL_X_OK 1
#define LKL_F_OK 0

struct lkl_iovec {
	void *iov_base;
	lkl_u64 iov_len;
};

#define LKL_RWF_HIPRI 0x01
#define LKL_RWF_DSYNC 0x02
#define LKL_RWF_SYNC 0x04
#define LKL_RWF_NOWAIT 0x08
#define LKL_RWF_APPEND 0x10
#define LKL_RWF_NOAPPEND 0x20

#define LKL_FALLOC_FL_KEEP_SIZE 0x01
#define LKL_FALLOC_FL_PUNCH_HOLE 0x02
#define LKL_FALLOC_FL_COLLAPSE_RANGE 0x08
#define LKL_FALLOC_FL_ZERO_RANGE 0x10
#define LKL_FALLOC_FL_INSERT_RANGE 0x20
#define LKL_FALLOC_FL_UNSHARE_RANGE 0x40

#define LKL_POSIX_FADV_NORMAL 0
#define LKL_POSIX_FADV_RANDOM 1
#define LKL_POSIX_FADV_SEQUENTIAL 2
#define LKL_POSIX_FADV_WILLNEED 3
#define LKL_POSIX_FADV_DONTNEED 4
#define LKL_POSIX_FADV_NOREUSE 5

#define LKL_SYNC_FILE_RANGE_WAIT_BEFORE 1
#define LKL_SYNC_FILE_RANGE_WRITE 2
#define LKL_SYNC_FILE_RANGE_WAIT_AFTER 4

#define LKL_SPLICE_F_MOVE 1
#define LKL_SPLICE_F_NONBLOCK 2
#define LKL_SPLICE_F_MORE 4

#define LKL_RENAME_NOREPLACE 1
#define LKL_RENAME_EXCHANGE 2
#define LKL_RENAME_WHITEOUT 4

#define LKL_CLOSE_RANGE_UNSHARE 2
#define LKL_CLOSE_RANGE_CLOEXEC 4

#define LKL_MFD_CLOEXEC 1
#define LKL_MFD_ALLOW_SEALING 2

#define LKL_GRND_NONBLOCK 1
#define LKL_GRND_RANDOM 2
#define LKL_GRND_INSECURE 4

/* ---- what a file is ------------------------------------------------------- */

#define LKL_S_IFMT 0170000
#define LKL_S_IFSOCK 0140000
#define LKL_S_IFLNK 0120000
#define LKL_S_IFREG 0100000
#define LKL_S_IFBLK 0060000
#define LKL_S_IFDIR 0040000
#define LKL_S_IFCHR 0020000
#define LKL_S_IFIFO 0010000
#define LKL_S_ISUID 04000
#define LKL_S_ISGID 02000
#define LKL_S_ISVTX 01000
#define LKL_S_IRWXU 00700
#define LKL_S_IRUSR 00400
#define LKL_S_IWUSR 00200
#define LKL_S_IXUSR 00100
#define LKL_S_IRWXG 00070
#define LKL_S_IRGRP 00040
#define LKL_S_IWGRP 00020
#define LKL_S_IXGRP 00010
#define LKL_S_IRWXO 00007
#define LKL_S_IROTH 00004
#define LKL_S_IWOTH 00002
#define LKL_S_IXOTH 00001

#define LKL_S_ISLNK(m) (((m) & LKL_S_IFMT) == LKL_S_IFLNK)
#define LKL_S_ISREG(m) (((m) & LKL_S_IFMT) == LKL_S_IFREG)
#define LKL_S_ISDIR(m) (((m) & LKL_S_IFMT) == LKL_S_IFDIR)
#define LKL_S_ISCHR(m) (((m) & LKL_S_IFMT) == LKL_S_IFCHR)
#define LKL_S_ISBLK(m) (((m) & LKL_S_IFMT) == LKL_S_IFBLK)
#define LKL_S_ISFIFO(m) (((m) & LKL_S_IFMT) == LKL_S_IFIFO)
#define LKL_S_ISSOCK(m) (((m) & LKL_S_IFMT) == LKL_S_IFSOCK)

/* Device numbers as mknodat() takes and stat reports them: 12 + 20 bits, mixed. */
static inline lkl_u32 lkl_major(lkl_u64 dev)
{
	return (lkl_u32)(dev >> 8) & 0xfff;
}

static inline lkl_u32 lkl_minor(lkl_u64 dev)
{
	return (lkl_u32)(dev & 0xff) | ((lkl_u32)(dev >> 12) & 0xfff00);
}

static inline lkl_u32 lkl_makedev(lkl_u32 major, lkl_u32 minor)
{
	return (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xfff00) << 12;
}

/* newfstatat, fstat */
struct lkl_stat {
	lkl_u64 st_dev;
	lkl_u64 st_ino;
	lkl_u32 st_mode;
	lkl_u32 st_nlink;
	lkl_u32 st_uid;
	lkl_u32 st_gid;
	lkl_u64 st_rdev;
	lkl_u64 pad1;
	lkl_s64 st_size;
	lkl_s32 st_blksize;
	lkl_s32 pad2;
	lkl_s64 st_blocks;	/* of 512 bytes */
	lkl_s64 st_atime_sec;
	lkl_u64 st_atime_nsec;
	lkl_s64 st_mtime_sec;
	lkl_u64 st_mtime_nsec;
	lkl_s64 st_ctime_sec;
	lkl_u64 st_ctime_nsec;
	lkl_u32 unused4;
	lkl_u32 unused5;
};

struct lkl_statx_timestamp {
	lkl_s64 tv_sec;
	lkl_u32 tv_nsec;
	lkl_s32 reserved;
};

struct lkl_statx {
	lkl_u32 stx_mask;	/* LKL_STATX_*: what is valid below */
	lkl_u32 stx_blksize;
	lkl_u64 stx_attributes;
	lkl_u32 stx_nlink;
	lkl_u32 stx_uid;
	lkl_u32 stx_gid;
	lkl_u16 stx_mode;
	lkl_u16 spare0;
	lkl_u64 stx_ino;
	lkl_u64 stx_size;
	lkl_u64 stx_blocks;	/* of 512 bytes */
	lkl_u64 stx_attributes_mask;
	struct lkl_statx_timestamp stx_atime;
	struct lkl_statx_timestamp stx_btime;
	struct lkl_statx_timestamp stx_ctime;
	struct lkl_statx_timestamp stx_mtime;
	lkl_u32 stx_rdev_major;
	lkl_u32 stx_rdev_minor;
	lkl_u32 stx_dev_major;
	lkl_u32 stx_dev_minor;
	lkl_u64 stx_mnt_id;
	lkl_u32 stx_dio_mem_align;
	lkl_u32 stx_dio_offset_align;
	lkl_u64 stx_subvol;
	lkl_u64 spare[11];
};

#define LKL_STATX_TYPE 0x00000001u
#define LKL_STATX_MODE 0x00000002u
#define LKL_STATX_NLINK 0x00000004u
#define LKL_STATX_UID 0x00000008u
#define LKL_STATX_GID 0x00000010u
#define LKL_STATX_ATIME 0x00000020u
#define LKL_STATX_MTIME 0x00000040u
#define LKL_STATX_CTIME 0x00000080u
#define LKL_STATX_INO 0x00000100u
#define LKL_STATX_SIZE 0x00000200u
#define LKL_STATX_BLOCKS 0x00000400u
#define LKL_STATX_BASIC_STATS 0x000007ffu
#define LKL_STATX_BTIME 0x00000800u
#define LKL_STATX_MNT_ID 0x00001000u
#define LKL_STATX_DIOALIGN 0x00002000u
#define LKL_STATX_MNT_ID_UNIQUE 0x00004000u
#define LKL_STATX_SUBVOL 0x00008000u

#define LKL_STATX_ATTR_COMPRESSED 0x00000004
#define LKL_STATX_ATTR_IMMUTABLE 0x00000010
#define LKL_STATX_ATTR_APPEND 0x00000020
#define LKL_STATX_ATTR_NODUMP 0x00000040
#define LKL_STATX_ATTR_ENCRYPTED 0x00000800
#define LKL_STATX_ATTR_AUTOMOUNT 0x00001000
#define LKL_STATX_ATTR_MOUNT_ROOT 0x00002000
#define LKL_STATX_ATTR_VERITY 0x00100000
#define LKL_STATX_ATTR_DAX 0x00200000

struct lkl_statfs {
	lkl_s64 f_type;
	lkl_s64 f_bsize;
	lkl_s64 f_blocks;
	lkl_s64 f_bfree;
	lkl_s64 f_bavail;
	lkl_s64 f_files;
	lkl_s64 f_ffree;
	lkl_s32 f_fsid[2];
	lkl_s64 f_namelen;
	lkl_s64 f_frsize;
	lkl_s64 f_flags;
	lkl_s64 f_spare[4];
};

#define LKL_DT_UNKNOWN 0
#define LKL_DT_FIFO 1
#define LKL_DT_CHR 2
#define LKL_DT_DIR 4
#define LKL_DT_BLK 6
#define LKL_DT_REG 8
#define LKL_DT_LNK 10
#define LKL_DT_SOCK 12
#define LKL_DT_WHT 14

/*
 * getdents64: records of d_reclen bytes. The name begins at
 * LKL_DIRENT64_NAME, before the end of the structure's padding, so never copy
 * records as structures.
 */
struct lkl_dirent64 {
	lkl_u64 d_ino;
	lkl_s64 d_off;
	lkl_u16 d_reclen;
	lkl_u8 d_type;
	char d_name[5];		/* longer in truth; NUL-terminated */
};

#define LKL_DIRENT64_NAME 19

#define LKL_XATTR_CREATE 1
#define LKL_XATTR_REPLACE 2
#define LKL_XATTR_NAME_MAX 255
#define LKL_XATTR_SIZE_MAX 65536
#define LKL_XATTR_LIST_MAX 65536

#define LKL_NAME_MAX 255
#define LKL_PATH_MAX 4096
#define LKL_IOV_MAX 1024

struct lkl_file_handle {
	lkl_u32 handle_bytes;
	lkl_s32 handle_type;
	/* handle_bytes of data follow */
};

/* ---- locks, fcntl --------------------------------------------------------- */

#define LKL_F_DUPFD 0
#define LKL_F_GETFD 1
#define LKL_F_SETFD 2
#define LKL_F_GETFL 3
#define LKL_F_SETFL 4
#define LKL_F_GETLK 5
#define LKL_F_SETLK 6
#define LKL_F_SETLKW 7
#define LKL_F_OFD_GETLK 36
#define LKL_F_OFD_SETLK 37
#define LKL_F_OFD_SETLKW 38
#define LKL_F_DUPFD_CLOEXEC 1030
#define LKL_F_SETPIPE_SZ 1031
#define LKL_F_GETPIPE_SZ 1032
#define LKL_F_ADD_SEALS 1033
#define LKL_F_GET_SEALS 1034
#define LKL_FD_CLOEXEC 1

#define LKL_F_RDLCK 0
#define LKL_F_WRLCK 1
#define LKL_F_UNLCK 2

struct lkl_flock {
	short l_type;
	short l_whence;
	lkl_u32 pad;
	lkl_s64 l_start;
	lkl_s64 l_len;
	lkl_s32 l_pid;
	lkl_u32 pad2;
};

#define LKL_LOCK_SH 1
#define LKL_LOCK_EX 2
#define LKL_LOCK_NB 4
#define LKL_LOCK_UN 8

#endif /* LKL_ABI_FILE_H */
