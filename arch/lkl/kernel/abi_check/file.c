// SPDX-License-Identifier: GPL-2.0
/* Proves lkl/abi_file.h, see check.h. */
#include <linux/types.h>	/* which linux/dirent.h takes for granted */
#include <linux/close_range.h>
#include <linux/dirent.h>
#include <linux/exportfs.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/splice.h>
#include <linux/stat.h>
#include <linux/statfs.h>
#include <linux/uio.h>
#include <linux/xattr.h>
#include <uapi/linux/memfd.h>
#include <lkl/abi_file.h>
#include "check.h"

VALUE(O_ACCMODE);
VALUE(O_RDONLY);
VALUE(O_WRONLY);
VALUE(O_RDWR);
VALUE(O_CREAT);
VALUE(O_EXCL);
VALUE(O_NOCTTY);
VALUE(O_TRUNC);
VALUE(O_APPEND);
VALUE(O_NONBLOCK);
VALUE(O_DSYNC);
VALUE(O_DIRECT);
VALUE(O_LARGEFILE);
VALUE(O_DIRECTORY);
VALUE(O_NOFOLLOW);
VALUE(O_NOATIME);
VALUE(O_CLOEXEC);
VALUE(O_SYNC);
VALUE(O_PATH);
VALUE(O_TMPFILE);
VALUE(RESOLVE_NO_XDEV);
VALUE(RESOLVE_NO_MAGICLINKS);
VALUE(RESOLVE_NO_SYMLINKS);
VALUE(RESOLVE_BENEATH);
VALUE(RESOLVE_IN_ROOT);
VALUE(RESOLVE_CACHED);
VALUE(AT_FDCWD);
VALUE(AT_SYMLINK_NOFOLLOW);
VALUE(AT_REMOVEDIR);
VALUE(AT_EACCESS);
VALUE(AT_SYMLINK_FOLLOW);
VALUE(AT_NO_AUTOMOUNT);
VALUE(AT_EMPTY_PATH);
VALUE(AT_STATX_SYNC_AS_STAT);
VALUE(AT_STATX_FORCE_SYNC);
VALUE(AT_STATX_DONT_SYNC);
VALUE(AT_RECURSIVE);
VALUE(SEEK_SET);
VALUE(SEEK_CUR);
VALUE(SEEK_END);
VALUE(SEEK_DATA);
VALUE(SEEK_HOLE);
VALUE_AS(R_OK, MAY_READ);
VALUE_AS(W_OK, MAY_WRITE);
VALUE_AS(X_OK, MAY_EXEC);
VALUE(RWF_HIPRI);
VALUE(RWF_DSYNC);
VALUE(RWF_SYNC);
VALUE(RWF_NOWAIT);
VALUE(RWF_APPEND);
VALUE(RWF_NOAPPEND);
VALUE(FALLOC_FL_KEEP_SIZE);
VALUE(FALLOC_FL_PUNCH_HOLE);
VALUE(FALLOC_FL_COLLAPSE_RANGE);
VALUE(FALLOC_FL_ZERO_RANGE);
VALUE(FALLOC_FL_INSERT_RANGE);
VALUE(FALLOC_FL_UNSHARE_RANGE);
VALUE(POSIX_FADV_NORMAL);
VALUE(POSIX_FADV_RANDOM);
VALUE(POSIX_FADV_SEQUENTIAL);
VALUE(POSIX_FADV_WILLNEED);
VALUE(POSIX_FADV_DONTNEED);
VALUE(POSIX_FADV_NOREUSE);
VALUE(SYNC_FILE_RANGE_WAIT_BEFORE);
VALUE(SYNC_FILE_RANGE_WRITE);
VALUE(SYNC_FILE_RANGE_WAIT_AFTER);
VALUE(SPLICE_F_MOVE);
VALUE(SPLICE_F_NONBLOCK);
VALUE(SPLICE_F_MORE);
VALUE(RENAME_NOREPLACE);
VALUE(RENAME_EXCHANGE);
VALUE(RENAME_WHITEOUT);
VALUE(CLOSE_RANGE_UNSHARE);
VALUE(CLOSE_RANGE_CLOEXEC);
VALUE(MFD_CLOEXEC);
VALUE(MFD_ALLOW_SEALING);
VALUE(GRND_NONBLOCK);
VALUE(GRND_RANDOM);
VALUE(GRND_INSECURE);
VALUE(S_IFMT);
VALUE(S_IFSOCK);
VALUE(S_IFLNK);
VALUE(S_IFREG);
VALUE(S_IFBLK);
VALUE(S_IFDIR);
VALUE(S_IFCHR);
VALUE(S_IFIFO);
VALUE(S_ISUID);
VALUE(S_ISGID);
VALUE(S_ISVTX);
VALUE(S_IRWXU);
VALUE(S_IRUSR);
VALUE(S_IWUSR);
VALUE(S_IXUSR);
VALUE(S_IRWXG);
VALUE(S_IRGRP);
VALUE(S_IWGRP);
VALUE(S_IXGRP);
VALUE(S_IRWXO);
VALUE(S_IROTH);
VALUE(S_IWOTH);
VALUE(S_IXOTH);
VALUE(STATX_TYPE);
VALUE(STATX_MODE);
VALUE(STATX_NLINK);
VALUE(STATX_UID);
VALUE(STATX_GID);
VALUE(STATX_ATIME);
VALUE(STATX_MTIME);
VALUE(STATX_CTIME);
VALUE(STATX_INO);
VALUE(STATX_SIZE);
VALUE(STATX_BLOCKS);
VALUE(STATX_BASIC_STATS);
VALUE(STATX_BTIME);
VALUE(STATX_MNT_ID);
VALUE(STATX_DIOALIGN);
VALUE(STATX_MNT_ID_UNIQUE);
VALUE(STATX_SUBVOL);
VALUE(STATX_ATTR_COMPRESSED);
VALUE(STATX_ATTR_IMMUTABLE);
VALUE(STATX_ATTR_APPEND);
VALUE(STATX_ATTR_NODUMP);
VALUE(STATX_ATTR_ENCRYPTED);
VALUE(STATX_ATTR_AUTOMOUNT);
VALUE(STATX_ATTR_MOUNT_ROOT);
VALUE(STATX_ATTR_VERITY);
VALUE(STATX_ATTR_DAX);
VALUE(DT_UNKNOWN);
VALUE(DT_FIFO);
VALUE(DT_CHR);
VALUE(DT_DIR);
VALUE(DT_BLK);
VALUE(DT_REG);
VALUE(DT_LNK);
VALUE(DT_SOCK);
VALUE(DT_WHT);
VALUE_AS(DIRENT64_NAME, offsetof(struct linux_dirent64, d_name));
VALUE(XATTR_CREATE);
VALUE(XATTR_REPLACE);
VALUE(XATTR_NAME_MAX);
VALUE(XATTR_SIZE_MAX);
VALUE(XATTR_LIST_MAX);
VALUE(NAME_MAX);
VALUE(PATH_MAX);
VALUE_AS(IOV_MAX, UIO_MAXIOV);
VALUE(F_DUPFD);
VALUE(F_GETFD);
VALUE(F_SETFD);
VALUE(F_GETFL);
VALUE(F_SETFL);
VALUE(F_GETLK);
VALUE(F_SETLK);
VALUE(F_SETLKW);
VALUE(F_OFD_GETLK);
VALUE(F_OFD_SETLK);
VALUE(F_OFD_SETLKW);
VALUE(F_DUPFD_CLOEXEC);
VALUE(F_SETPIPE_SZ);
VALUE(F_GETPIPE_SZ);
VALUE(F_ADD_SEALS);
VALUE(F_GET_SEALS);
VALUE(FD_CLOEXEC);
VALUE(F_RDLCK);
VALUE(F_WRLCK);
VALUE(F_UNLCK);
VALUE(LOCK_SH);
VALUE(LOCK_EX);
VALUE(LOCK_NB);
VALUE(LOCK_UN);

SIZE(open_how, open_how);
MEMBER(open_how, open_how, flags);
MEMBER(open_how, open_how, mode);
MEMBER(open_how, open_how, resolve);

SIZE(iovec, iovec);
MEMBER(iovec, iovec, iov_base);
MEMBER(iovec, iovec, iov_len);

SIZE(stat, stat);
MEMBER(stat, stat, st_dev);
MEMBER(stat, stat, st_ino);
MEMBER(stat, stat, st_mode);
MEMBER(stat, stat, st_nlink);
MEMBER(stat, stat, st_uid);
MEMBER(stat, stat, st_gid);
MEMBER(stat, stat, st_rdev);
MEMBER(stat, stat, st_size);
MEMBER(stat, stat, st_blksize);
MEMBER(stat, stat, st_blocks);
MEMBER_AS(stat, stat, st_atime_sec, st_atime);
MEMBER(stat, stat, st_atime_nsec);
MEMBER_AS(stat, stat, st_mtime_sec, st_mtime);
MEMBER(stat, stat, st_mtime_nsec);
MEMBER_AS(stat, stat, st_ctime_sec, st_ctime);
MEMBER(stat, stat, st_ctime_nsec);

SIZE(statx_timestamp, statx_timestamp);
MEMBER(statx_timestamp, statx_timestamp, tv_sec);
MEMBER(statx_timestamp, statx_timestamp, tv_nsec);

SIZE(statx, statx);
MEMBER(statx, statx, stx_mask);
MEMBER(statx, statx, stx_blksize);
MEMBER(statx, statx, stx_attributes);
MEMBER(statx, statx, stx_nlink);
MEMBER(statx, statx, stx_uid);
MEMBER(statx, statx, stx_gid);
MEMBER(statx, statx, stx_mode);
MEMBER(statx, statx, stx_ino);
MEMBER(statx, statx, stx_size);
MEMBER(statx, statx, stx_blocks);
MEMBER(statx, statx, stx_attributes_mask);
MEMBER(statx, statx, stx_atime);
MEMBER(statx, statx, stx_btime);
MEMBER(statx, statx, stx_ctime);
MEMBER(statx, statx, stx_mtime);
MEMBER(statx, statx, stx_rdev_major);
MEMBER(statx, statx, stx_rdev_minor);
MEMBER(statx, statx, stx_dev_major);
MEMBER(statx, statx, stx_dev_minor);
MEMBER(statx, statx, stx_mnt_id);
MEMBER(statx, statx, stx_dio_mem_align);
MEMBER(statx, statx, stx_dio_offset_align);
MEMBER(statx, statx, stx_subvol);

SIZE(statfs, statfs64);
MEMBER(statfs, statfs64, f_type);
MEMBER(statfs, statfs64, f_bsize);
MEMBER(statfs, statfs64, f_blocks);
MEMBER(statfs, statfs64, f_bfree);
MEMBER(statfs, statfs64, f_bavail);
MEMBER(statfs, statfs64, f_files);
MEMBER(statfs, statfs64, f_ffree);
MEMBER(statfs, statfs64, f_fsid);
MEMBER(statfs, statfs64, f_namelen);
MEMBER(statfs, statfs64, f_frsize);
MEMBER(statfs, statfs64, f_flags);

SIZE(dirent64, linux_dirent64);
MEMBER(dirent64, linux_dirent64, d_ino);
MEMBER(dirent64, linux_dirent64, d_off);
MEMBER(dirent64, linux_dirent64, d_reclen);
MEMBER(dirent64, linux_dirent64, d_type);

SIZE(file_handle, file_handle);
MEMBER(file_handle, file_handle, handle_bytes);
MEMBER(file_handle, file_handle, handle_type);

SIZE(flock, flock);
MEMBER(flock, flock, l_type);
MEMBER(flock, flock, l_whence);
MEMBER(flock, flock, l_start);
MEMBER(flock, flock, l_len);
MEMBER(flock, flock, l_pid);
