/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between a Linux kernel image and the host program that runs it.
 *
 * The image is a static PIE without undefined symbols. A loader places it
 * inside the RAM it will manage and calls its ELF entry point, which returns a
 * struct lkl_image. From then on the two sides know each other only through
 * the tables in this file, so it is compiled by the kernel's compiler and by
 * every host's, on LP64 and LLP64, and includes nothing.
 *
 * Promises that hold in both directions
 *
 *  - Calls use the image's ELF calling convention, direction flag clear, at
 *    most five arguments, the instance first. A host with another convention
 *    brings thunks.
 *  - Errors are negative Linux errno values (-LKL_E...). No exception and no
 *    longjmp leaves a function of either table.
 *  - Times are nanoseconds of one monotonic clock, absolute unless named
 *    otherwise. A wait may end late, never early. LKL_FOREVER never comes.
 *  - Sizes and addresses are bytes and virtual addresses in lkl_u64.
 *
 * Which thread, which stack
 *
 *  - Any host thread may enter the image and carry a virtual CPU. While it
 *    does, kernel code runs on kernel stacks; every host op is called on the
 *    host thread's own stack, so it may use as much of it as any host function.
 *  - "CPU held": the op is called while a virtual CPU is carried. It must not
 *    wait for another thread that may need that CPU, and of the image it may
 *    call only raise_irq() with LKL_IRQ_SET or LKL_IRQ_KICK.
 *  - "host context": the op is called with no CPU held; it may block.
 */
#ifndef LKL_HOST_OPS_H
#define LKL_HOST_OPS_H

typedef unsigned char lkl_u8;
typedef unsigned short lkl_u16;
typedef unsigned int lkl_u32;
typedef unsigned long long lkl_u64;
typedef int lkl_s32;
typedef long long lkl_s64;

/* Changes when the meaning of an existing member changes; members are only appended. */
#define LKL_HOST_ABI_VERSION 1

#define LKL_FOREVER (~0ULL)

/* Protections of lkl_host_ops.map() */
#define LKL_PROT_READ 1u
#define LKL_PROT_WRITE 2u
#define LKL_PROT_EXEC 4u

/**
 * struct lkl_host_ops - what the kernel needs of a host, one table per host kind
 *
 * Every op gets the instance pointer of &lkl_boot.host first. All are required;
 * the image checks them at boot and names the first that is missing.
 */
struct lkl_host_ops {
	/** @size: sizeof(struct lkl_host_ops) as the host was compiled */
	lkl_u32 size;
	/** @version: LKL_HOST_ABI_VERSION */
	lkl_u32 version;

	/** @now_ns: the monotonic clock. CPU held or host context; a few ns. */
	lkl_u64 (*now_ns)(void *host);
	/** @realtime_ns: nanoseconds since 1970-01-01 UTC. As @now_ns. */
	lkl_u64 (*realtime_ns)(void *host);

	/**
	 * @event_create: a binary event, not signalled. Stores it in *event and
	 * returns 0, or -LKL_ENOMEM. CPU held or host context. Owned by the
	 * image until event_destroy().
	 */
	lkl_s32 (*event_create)(void *host, void **event);
	/** @event_destroy: nobody waits for or signals @event any more. */
	void (*event_destroy)(void *host, void *event);
	/**
	 * @event_signal: set @event and wake its waiter. Any thread, CPU held
	 * or not. A second signal before the wait is absorbed. Everything the
	 * caller wrote before is seen by the woken waiter.
	 */
	void (*event_signal)(void *host, void *event);
	/**
	 * @event_wait: host context only. Wait until @event is signalled, clear
	 * it and return 0; or return -LKL_ETIMEDOUT at @deadline_ns. One waiter
	 * per event. May also return 0 spuriously.
	 */
	lkl_s32 (*event_wait)(void *host, void *event, lkl_u64 deadline_ns);

	/**
	 * @thread_create: run fn(arg) on a new host thread; *thread names it for
	 * thread_join(). Returns 0 or a negative errno. CPU held.
	 */
	lkl_s32 (*thread_create)(void *host, void (*fn)(void *arg), void *arg,
				 void **thread);
	/** @thread_join: wait for its end and free it. Host context. */
	void (*thread_join)(void *host, void *thread);
	/** @yield: let another host thread run; called from busy waits, CPU held. */
	void (*yield)(void *host);

	/**
	 * @map: make RAM [@phys, @phys + @bytes) visible at @va with protection
	 * @prot (LKL_PROT_*), in the window given by &lkl_boot.vmalloc_base.
	 * Replaces what was there. Page multiples. Returns 0 or a negative
	 * errno; what is mapped there is then undefined. CPU held.
	 */
	lkl_s32 (*map)(void *host, lkl_u64 va, lkl_u64 phys, lkl_u64 bytes,
		       lkl_u32 prot);
	/** @unmap: drop whatever is mapped in the range, gaps included; as @map. */
	lkl_s32 (*unmap)(void *host, lkl_u64 va, lkl_u64 bytes);
	/**
	 * @discard: the kernel does not use this RAM and its content may be lost;
	 * reading it afterwards gives zeroes or the old bytes. A hint.
	 */
	void (*discard)(void *host, lkl_u64 phys, lkl_u64 bytes);

	/**
	 * @log: one line of the kernel log, without newline, not terminated.
	 * @level: 0 (emergency) to 7 (debug). @time_us: microseconds since the
	 * kernel's start. CPU held.
	 */
	void (*log)(void *host, lkl_u32 level, lkl_u64 time_us, const char *text,
		    lkl_u32 bytes);
	/**
	 * @died: the kernel panicked; @reason is its message. Called once, CPU
	 * held, before every waiting caller is released with -LKL_EIO. The
	 * image is not entered again; destroying the instance is still right.
	 */
	void (*died)(void *host, const char *reason, lkl_u32 bytes);
};

/*
 * virtio by function call. The host describes a device with this table and
 * plugs it with lkl_image.device_add(). Callbacks are made CPU held and must
 * neither block nor enter the kernel.
 */
#define LKL_VIRTIO_MAX_QUEUES 64

/** struct lkl_virtio_ring - where a split virtqueue lies (virtio 1.2, 2.7) */
struct lkl_virtio_ring {
	lkl_u32 size;		/* of this struct */
	lkl_u32 entries;	/* a power of two */
	lkl_u64 desc;		/* addresses in the host's address space */
	lkl_u64 avail;
	lkl_u64 used;
	lkl_u32 irq;		/* for lkl_image.raise_irq() */
	lkl_u32 reserved;
};

/**
 * struct lkl_virtio_device - a device as the host offers it
 *
 * The memory belongs to the host and must live until device_remove() or halt()
 * returned.
 */
struct lkl_virtio_device {
	lkl_u32 size;		/* sizeof(struct lkl_virtio_device) */
	lkl_u32 device_id;	/* VIRTIO_ID_*: 2 is a block device, 1 a network one */
	lkl_u64 features;	/* offered; VIRTIO_F_VERSION_1 is required */
	lkl_u32 queues;		/* <= LKL_VIRTIO_MAX_QUEUES */
	lkl_u32 queue_entries;	/* largest ring, a power of two */
	void *device;		/* first argument of the callbacks */

	/** @config_read: bytes beyond the device's configuration read as 0 */
	void (*config_read)(void *device, lkl_u32 offset, void *buf, lkl_u32 bytes);
	void (*config_write)(void *device, lkl_u32 offset, const void *buf,
			     lkl_u32 bytes);
	/**
	 * @set_status: the driver wrote the status register; 0 resets. @features
	 * are those the driver accepted, valid from FEATURES_OK on.
	 */
	void (*set_status)(void *device, lkl_u32 status, lkl_u64 features);
	/** @queue_setup: returns 0 or a negative errno, refusing the queue */
	lkl_s32 (*queue_setup)(void *device, lkl_u32 queue,
			       const struct lkl_virtio_ring *ring);
	/**
	 * @queue_remove: the ring's memory is about to be reused. On return the
	 * device no longer touches it, so this call may wait for host I/O in
	 * flight (but not for anything that needs a CPU).
	 */
	void (*queue_remove)(void *device, lkl_u32 queue);
	/** @queue_notify: new buffers are available */
	void (*queue_notify)(void *device, lkl_u32 queue);
};

/** struct lkl_boot - everything one instance is told at its start */
struct lkl_boot {
	lkl_u32 size;			/* sizeof(struct lkl_boot) */
	lkl_u32 cpus;			/* virtual CPUs, >= 1 */
	const struct lkl_host_ops *ops;
	void *host;			/* first argument of every op */
	lkl_u64 ram_base;		/* RAM in the address space, 2 MiB aligned */
	lkl_u64 ram_bytes;
	lkl_u64 image_base;		/* the loaded image, inside RAM */
	lkl_u64 image_bytes;
	lkl_u64 vmalloc_base;		/* reserved address space for map() */
	lkl_u64 vmalloc_bytes;
	lkl_u64 spin_ns;		/* longest busy wait before sleeping; 0: none */
	lkl_u32 map_granule;		/* map() works in multiples of this many bytes */
	lkl_u32 reserved;
	const char *command_line;	/* NUL-terminated; read during boot() only */
	/*
	 * For the random number generator, which counts it as 256 bits of
	 * entropy; all zero: none, and getrandom() waits until some has come.
	 */
	lkl_u64 seed[4];
	/*
	 * 0: time is the host's. Else nanoseconds since 1970 at which virtual time
	 * begins (see time.c): it stands still but for a microsecond per system call
	 * and what kernel code busy-waits, and jumps to the next timer when a system
	 * call is in progress and the CPU idle. Requires @cpus == 1; deadlines of
	 * event_wait() are then LKL_FOREVER.
	 */
	lkl_u64 virtual_start_ns;
};

/* How raise_irq() gets the interrupt handled */
#define LKL_IRQ_SET 0u	/* from a device callback: its caller looks afterwards */
#define LKL_IRQ_KICK 1u	/* any thread: wake whoever stands by for the CPU */
#define LKL_IRQ_RUN 2u	/* host context: take a free CPU and run it until idle */

/* What a host's fault handler knows, and is told to do */
struct lkl_fault {
	lkl_u32 size;		/* sizeof(struct lkl_fault) */
	lkl_u32 kind;		/* LKL_FAULT_* */
	lkl_u64 ip, sp, fp;	/* registers at the fault */
	lkl_u64 address;	/* that could not be accessed, when known */
	/* set by lkl_image.fault() */
	lkl_u64 new_ip;
	lkl_u64 new_sp;		/* LKL_FAULT_CALL only */
	lkl_u64 new_arg;
};

/* Results of lkl_image.fault() */
#define LKL_FAULT_RESUME 0	/* set the ip to new_ip; nothing else changes */
#define LKL_FAULT_CALL 1	/* ip, sp and the first argument register */

#define LKL_FAULT_ACCESS 0u
#define LKL_FAULT_ILLEGAL 1u	/* also the trap that BUG() and WARN() use */
#define LKL_FAULT_ARITHMETIC 2u
#define LKL_FAULT_OTHER 3u

/*
 * A host thread as the image knows it: lkl_image.thread_bytes of zeroed memory,
 * 128-byte aligned, owned by the host, alive from thread_attach() until
 * thread_detach() returned (or for the image's lifetime after it died).
 */
struct lkl_thread;

/**
 * struct lkl_image - what a kernel image offers; one image is one instance
 *
 * Returned by the ELF entry point. The functions may be called by any host
 * thread unless said otherwise.
 */
struct lkl_image {
	lkl_u32 size;		/* sizeof(struct lkl_image) as the image was built */
	lkl_u32 version;	/* LKL_HOST_ABI_VERSION */
	lkl_u32 page_bytes;
	lkl_u32 thread_bytes;	/* size of struct lkl_thread */
	const char *release;	/* utsname release */

	/**
	 * @boot: once, after loading. Runs the kernel's start on the calling
	 * thread and makes @init its first task. Returns 0; -LKL_EINVAL for a
	 * bad @boot (the reason goes to ops->log); -LKL_EIO when it panicked.
	 * @boot itself is copied.
	 */
	lkl_s32 (*boot)(const struct lkl_boot *boot, struct lkl_thread *init);
	/**
	 * @thread_attach: make a task for @thread, cloned by @parent, which the
	 * caller owns for the time of the call (@init serves). Returns its
	 * thread id, or a negative errno. The task shares memory, files, working
	 * directory and signal handlers with its parent.
	 */
	lkl_s32 (*thread_attach)(struct lkl_thread *parent, struct lkl_thread *thread);
	/** @thread_detach: end the task. By the thread itself, or when it is gone. */
	void (*thread_detach)(struct lkl_thread *thread);
	/**
	 * @syscall: system call @nr (asm-generic numbers) of @thread with six
	 * arguments at @args. Returns its result, -LKL_EIO once the kernel
	 * died, -LKL_ESHUTDOWN once it halted or is halting. Blocks as the
	 * system call does. One call per thread at a time.
	 */
	lkl_s64 (*syscall)(struct lkl_thread *thread, lkl_s64 nr, const lkl_s64 args[6]);
	/**
	 * @interrupt: make the system call @thread is blocked in return -EINTR.
	 * A call about to block is caught as well; one that ended is not harmed.
	 */
	void (*interrupt)(struct lkl_thread *thread);
	/**
	 * @quiesce: the beginning of a halt, by @init's owner. From now on
	 * system calls of every thread but @init fail with -LKL_ESHUTDOWN and
	 * blocked ones return; the caller waits for its threads to come out.
	 */
	void (*quiesce)(struct lkl_thread *init);
	/**
	 * @halt: end the kernel, by @init's owner, after quiesce() and when all
	 * other threads are outside. Returns when no helper thread is inside
	 * either; the memory may then be unmapped. Right after a death too.
	 */
	void (*halt)(struct lkl_thread *init);

	/**
	 * @raise_irq: interrupt @irq, as @how (LKL_IRQ_*) says. SET and KICK
	 * from anywhere, device callbacks included; RUN in host context,
	 * holding no lock that a device callback takes.
	 */
	void (*raise_irq)(lkl_u32 irq, lkl_u32 how);
	/**
	 * @fault: from the host's fault handler, with @fault->ip inside the
	 * image. Says where to continue (LKL_FAULT_RESUME, LKL_FAULT_CALL);
	 * -LKL_EFAULT: it is not a fault of kernel code. Makes no host call,
	 * takes no lock.
	 */
	lkl_s32 (*fault)(struct lkl_fault *fault);

	/**
	 * @device_add: plug a virtio device, by @thread as in a system call.
	 * Returns a handle >= 0, or a negative errno when no driver took it.
	 */
	lkl_s32 (*device_add)(struct lkl_thread *thread,
			      const struct lkl_virtio_device *device);
	/** @device_remove: unplug; on return the host's table is unused. */
	lkl_s32 (*device_remove)(struct lkl_thread *thread, lkl_s32 handle);
	/**
	 * @device_name: the kernel's name for a plugged device ("vda"), NUL
	 * terminated into @buf. Returns 0 or a negative errno.
	 */
	lkl_s32 (*device_name)(struct lkl_thread *thread, lkl_s32 handle, char *buf,
			       lkl_u32 bytes);
	/**
	 * @counter: a running count for measurement and tests (LKL_COUNT_*),
	 * summed over CPUs. Unknown names read 0.
	 */
	lkl_u64 (*counter)(lkl_u32 which);
};

#define LKL_COUNT_FAST_CALLS 0u		/* calls that found their task parked */
#define LKL_COUNT_WOKEN_CALLS 1u	/* calls that went through the scheduler */
#define LKL_COUNT_POSTED_CALLS 2u	/* calls run by another carrier */
#define LKL_COUNT_SWITCHES 3u		/* task switches */
#define LKL_COUNT_HELPER_RUNS 4u	/* times a helper thread had to carry */
#define LKL_COUNT_INVITES 5u		/* times a waiting caller carried instead */
#define LKL_COUNT_SLEEPS 6u		/* callers that slept in the host */
#define LKL_COUNT_MAPS 7u
#define LKL_COUNT_UNMAPS 8u

/* The errno values of the contract; they are Linux's everywhere. */
#define LKL_EIO 5
#define LKL_ENOMEM 12
#define LKL_EFAULT 14
#define LKL_EINVAL 22
#define LKL_ESHUTDOWN 108
#define LKL_ETIMEDOUT 110

#endif /* LKL_HOST_OPS_H */
