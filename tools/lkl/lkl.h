/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lkl.h - the Linux kernel as a library, C API
 *
 * An instance is one Linux kernel inside this process. Make one from options,
 * start it, use it through Linux system calls, halt it, destroy it. Several may
 * live side by side; start, halt and start again is fine.
 *
 * Conventions, unless a function says otherwise
 *  - int and int64_t results: >= 0 on success, else a negative Linux errno
 *    (LKL_E* in <lkl/abi.h>; Linux's numbers on every host). lkl_last_error()
 *    then has a sentence with the kernel's own last complaint.
 *  - Any thread may call anything. A thread's first system call attaches it to
 *    the instance (it becomes a Linux task there, sharing files and working
 *    directory with all others); its end detaches it.
 *  - Strings are NUL-terminated UTF-8 or raw bytes; the caller keeps its memory.
 *  - No function throws, and none but lkl_destroy() invalidates an instance.
 *
 * Not offered: fork, exec, mmap of files and signal delivery into the
 * application; these return -LKL_ENOSYS.
 */
#ifndef LKL_H
#define LKL_H

#include <stddef.h>
#include <stdint.h>

#include <lkl/abi.h>

#ifdef __cplusplus
extern "C" {
#define LKL_NOEXCEPT noexcept
#else
#define LKL_NOEXCEPT
#endif

#if defined(_WIN32)
#define LKL_API
#else
#define LKL_API __attribute__((visibility("default")))
#endif

/* One instance. (Not "struct lkl": in C++ that name is the library's namespace.) */
struct lkl_kernel;

/* ---- life of an instance ------------------------------------------------ */

/**
 * Receives each line of the kernel log, without newline.
 * @level: 0 emergency .. 7 debug. Called from inside the kernel: must not call
 * the library and should return soon; any thread, one at a time per instance.
 */
typedef void (*lkl_log_fn)(void *user, int level, uint64_t time_us, const char *line);

/** Options of lkl_create(). Zero members mean the default. */
struct lkl_options {
	uint32_t size;			/* sizeof(struct lkl_options), required */
	uint32_t cpus;			/* virtual CPUs; default 1 */
	uint64_t memory_bytes;		/* the kernel's RAM, least 32 MiB; default 256 MiB
					 * and 16 MiB for each CPU but the first */
	const char *command_line;	/* appended to the library's own */
	const char *kernel_path;	/* a vmlinux to load instead of the built-in one */
	lkl_log_fn log;			/* default: lines are kept for lkl_last_error() only */
	void *log_user;
	int32_t spin_us;		/* busy wait before sleeping: 0 adaptive, -1 never */
	uint32_t reserved;
	/**
	 * Virtual time, which begins at so many nanoseconds since 1970 (0: the host's time).
	 * It is that of one CPU, and of callers that wait: it takes a microsecond per system
	 * call and jumps to the next timer whenever a call is blocked and nothing else is to
	 * be done, so a sleep of a day is over at once. A disk's requests are done by the
	 * calling thread. With the same @seed, the same calls by one thread have the same
	 * results, byte for byte, on disks too.
	 */
	uint64_t virtual_start_ns;
	uint64_t seed[4];	/* of random numbers; all zero: other ones each time */
};

/** Make an instance from @options (NULL: all defaults); lkl_destroy() frees it. */
LKL_API int lkl_create(const struct lkl_options *options,
		       struct lkl_kernel **instance) LKL_NOEXCEPT;
/** Boot it. Once per instance. On return /proc, /sys and /dev are mounted. */
LKL_API int lkl_start(struct lkl_kernel *instance) LKL_NOEXCEPT;
/**
 * Stop it: system calls in progress return (-LKL_EINTR or -LKL_ESHUTDOWN), files
 * are closed, file systems unmounted and flushed, disks removed, threads ended.
 * Returns 0, or the first error met (then lkl_last_error() lists what could not be
 * flushed or unmounted); the instance is halted either way. Not from a log callback.
 */
LKL_API int lkl_halt(struct lkl_kernel *instance) LKL_NOEXCEPT;
/** Halt if needed and free everything. NULL is fine. */
LKL_API void lkl_destroy(struct lkl_kernel *instance) LKL_NOEXCEPT;

/** Attach the calling thread now; 0 or a negative errno. Idempotent. */
LKL_API int lkl_attach(struct lkl_kernel *instance) LKL_NOEXCEPT;
/** Detach the calling thread; a later system call attaches it again. */
LKL_API void lkl_detach(struct lkl_kernel *instance) LKL_NOEXCEPT;

/* ---- errors ------------------------------------------------------------- */

/**
 * The calling thread's last failure of a function declared here, as one line:
 * what was attempted, the errno's text, and the kernel's own message if it wrote
 * one meanwhile. Never NULL; valid until the thread's next call. @instance may be
 * NULL for a failed lkl_create().
 */
LKL_API const char *lkl_last_error(struct lkl_kernel *instance) LKL_NOEXCEPT;
/** Text of a Linux errno, positive or negative: "No space left on device". */
LKL_API const char *lkl_strerror(int code) LKL_NOEXCEPT;
/**
 * Copy the newest kernel log lines of level <= @level, newline separated, oldest
 * first, as many whole lines as fit, NUL-terminated. Returns bytes without the NUL.
 */
LKL_API size_t lkl_log_tail(struct lkl_kernel *instance, int level, char *buf,
			    size_t bytes) LKL_NOEXCEPT;
/** 0 while the kernel lives; -LKL_EIO after a panic, whose reason is in lkl_last_error(). */
LKL_API int lkl_health(struct lkl_kernel *instance) LKL_NOEXCEPT;

/* ---- system calls ------------------------------------------------------- */

/**
 * Linux system call @nr (LKL_SYS_*, <lkl/abi.h>) by the calling thread. Pointers
 * among the arguments are plain pointers of this process; a wrong one gives
 * -LKL_EFAULT. Returns what the system call returns.
 */
LKL_API int64_t lkl_syscall(struct lkl_kernel *instance, int64_t nr,
			    const int64_t args[6]) LKL_NOEXCEPT;
/* Typed wrappers over it, one per call, are in <lkl/syscalls.h>: lkl_sys_openat(), ... */

/* ---- disks -------------------------------------------------------------- */

#define LKL_DISK_READ_ONLY 1u	/* the kernel refuses writes */
#define LKL_DISK_OVERLAY 2u	/* writes stay in memory; the image is opened read-only */
#define LKL_DISK_NO_LOCK 4u	/* do not take the advisory lock on the file */
/**
 * After a write or flush that failed all later ones fail too, as if the power were gone:
 * what is on the disk is what a journal can mend. Else file systems go on as on a real
 * disk, and some then mark as clean what is not.
 */
#define LKL_DISK_STOP_AT_ERROR 8u

/** A piece of the memory of a request. */
struct lkl_buffer {
	void *data;
	size_t bytes;
};

/**
 * A disk served by the caller. Called on library threads, several at once, until
 * lkl_disk_remove() or lkl_halt() returned. Must not call this instance.
 */
struct lkl_disk_ops {
	uint32_t size;		/* sizeof(struct lkl_disk_ops) */
	uint32_t reserved;
	/** Fill @bytes at @offset; 0 or a negative errno. */
	int (*read)(void *user, void *buf, size_t bytes, uint64_t offset);
	/** NULL for a read-only disk. */
	int (*write)(void *user, const void *buf, size_t bytes, uint64_t offset);
	/** Make writes durable; NULL: nothing to do. */
	int (*flush)(void *user);
	/** The range is not needed, it may read as anything; NULL: nothing to do. */
	int (*discard)(void *user, uint64_t offset, uint64_t bytes);
	/** The range is to read as zeroes; NULL: they are written. */
	int (*zero)(void *user, uint64_t offset, uint64_t bytes);
	/**
	 * Like read and write, for a request as a whole: its bytes are those of @count
	 * buffers, one after the other. Where they are not NULL, read and write are not used.
	 */
	int (*readv)(void *user, const struct lkl_buffer *buffers, size_t count, uint64_t offset);
	int (*writev)(void *user, const struct lkl_buffer *buffers, size_t count, uint64_t offset);
};

/**
 * Where a disk's bytes are: @path, or @ops, or with both NULL @fd. Bytes beyond
 * the last whole block are not part of the disk. @path and @fd are locked against
 * other writers as long as the disk is plugged, unless LKL_DISK_NO_LOCK.
 */
struct lkl_disk {
	uint32_t size;			/* sizeof(struct lkl_disk), required */
	uint32_t flags;			/* LKL_DISK_* */
	const char *path;		/* image file or block device */
	int fd;				/* stays the caller's, who keeps it open */
	uint32_t block_bytes;		/* logical block, 512 to 4096; default: the host's */
	const struct lkl_disk_ops *ops;
	void *user;
	uint64_t offset;		/* the disk starts here in the file; */
	uint64_t bytes;			/* 0: to its end. Required with @ops */
	const char *serial;		/* up to 20 characters */
};

/**
 * Plug a disk into a started instance. Returns its number, for the calls below,
 * which give -LKL_ENXIO for a number that is none.
 */
LKL_API int lkl_disk_add(struct lkl_kernel *instance, const struct lkl_disk *disk) LKL_NOEXCEPT;
/**
 * Unplug; -LKL_EBUSY while mounted. Waits for I/O in flight and flushes. Any other
 * error says that not everything reached the image; the disk is gone then.
 */
LKL_API int lkl_disk_remove(struct lkl_kernel *instance, int disk) LKL_NOEXCEPT;
/**
 * Path of the block device of @disk's @partition (0: the whole disk), "/dev/vda2",
 * NUL-terminated into @buf. -LKL_ENXIO when there is no such partition.
 */
LKL_API int lkl_disk_device(struct lkl_kernel *instance, int disk, unsigned partition,
			    char *buf, size_t bytes) LKL_NOEXCEPT;
/** Number of the disk's highest partition; 0 when it has no partition table. */
LKL_API int lkl_disk_partitions(struct lkl_kernel *instance, int disk) LKL_NOEXCEPT;

/* ---- mounts ------------------------------------------------------------- */

/** What to mount. */
struct lkl_mount {
	uint32_t size;		/* sizeof(struct lkl_mount), required */
	int32_t disk;
	uint32_t partition;	/* 0: the whole disk */
	uint32_t flags;		/* LKL_MS_* */
	const char *type;	/* NULL: probed */
	const char *options;	/* of the file system, comma separated; may be NULL */
	const char *target;	/* directory, made when missing; NULL: chosen */
	const char *device;	/* the kernel's block device, which need not be of a disk:
				 * "/dev/dm-0"; NULL: @disk and @partition count */
};

/**
 * Mount; the directory's path goes to @path (if not NULL). With @type NULL the
 * content is probed (libblkid); -LKL_ENODEV when nothing known is there,
 * -LKL_ENXIO for a missing partition, else the kernel's errno.
 */
LKL_API int lkl_mount_disk(struct lkl_kernel *instance, const struct lkl_mount *mount,
			   char *path, size_t bytes) LKL_NOEXCEPT;
/** Unmount @path: everything is flushed to the image when this returned 0. */
LKL_API int lkl_umount(struct lkl_kernel *instance, const char *path) LKL_NOEXCEPT;
/**
 * Type of the file system on @disk's @partition ("ext4"), as the kernel names it.
 * -LKL_ENODEV when none is recognized.
 */
LKL_API int lkl_probe(struct lkl_kernel *instance, int disk, unsigned partition,
		      char *type, size_t bytes) LKL_NOEXCEPT;

/* ---- what is on a block device ------------------------------------------- */

/** What libblkid tells of a device. Strings are empty where it tells nothing. */
struct lkl_content {
	uint32_t size;		/* sizeof(struct lkl_content), required */
	uint32_t reserved;
	char usage[16];		/* "filesystem", "raid", "crypto", "other" */
	char type[32];		/* the kernel's name for a file system, else libblkid's:
				 * "LVM2_member", "linux_raid_member", "crypto_LUKS", "swap" */
	char version[32];
	char label[256];	/* UTF-8 */
	char uuid[64];		/* of the whole, which may have several devices */
	char uuid_sub[64];	/* of this device among those */
	char table[16];		/* of partitions: "gpt", "dos", "bsd", "sun", ... */
	char table_uuid[64];
};

/**
 * What the kernel's block device @device ("/dev/vda2", "/dev/dm-0") holds. It is not
 * an error when nothing known is there. -LKL_ENOTUNIQ when there are signs of several
 * things.
 */
LKL_API int lkl_probe_device(struct lkl_kernel *instance, const char *device,
			     struct lkl_content *content) LKL_NOEXCEPT;

/** A partition, as the kernel has a device for it; the rest as libblkid tells. */
struct lkl_partition {
	uint32_t size;		/* sizeof(struct lkl_partition) */
	uint32_t number;
	uint64_t offset;	/* bytes before it on the device that has the table */
	uint64_t bytes;
	char device[64];	/* "/dev/vda2" */
	char table[16];		/* that describes it: "gpt", "dos", "bsd", "sun", ... */
	char type[64];		/* GPT: a GUID; MBR: "0x83" */
	char uuid[64];
	char label[128];	/* UTF-8 */
};

/**
 * The partitions of block device @device, by their numbers. Fills in as many of
 * @partitions as there are of both, and returns how many the device has.
 * @partitions[0].size is that of each; @partitions may be NULL if @count is 0.
 */
LKL_API int lkl_device_partitions(struct lkl_kernel *instance, const char *device,
				  struct lkl_partition *partitions, unsigned count) LKL_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* LKL_H */
