// SPDX-License-Identifier: GPL-2.0
/*
 * The image's side of the contract in lkl/host_ops.h. Carrier code: host threads
 * call these functions on their own stacks.
 */
#include <linux/reboot.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/syscalls.h>
#include <generated/utsrelease.h>
#include <asm/lkl.h>

struct lkl_boot lkl_boot_args;
struct lkl_thread *lkl_init_thread;

/* Too early for printk: straight to the host, if it has at least that. */
static int refuse(const struct lkl_boot *boot, const char *why, const char *what)
{
	char text[96];
	int n;

	if (boot->ops && boot->ops->log) {
		n = scnprintf(text, sizeof(text), "lkl: %s%s", why, what);
		boot->ops->log(boot->host, 3, 0, text, n);
	}
	return -EINVAL;
}

#define REQUIRED_OP(op) { offsetof(struct lkl_host_ops, op), #op }
static const struct {
	unsigned int offset;
	const char *name;
} required_ops[] = {
	REQUIRED_OP(now_ns), REQUIRED_OP(realtime_ns), REQUIRED_OP(event_create),
	REQUIRED_OP(event_destroy), REQUIRED_OP(event_signal), REQUIRED_OP(event_wait),
	REQUIRED_OP(thread_create), REQUIRED_OP(thread_join), REQUIRED_OP(yield),
	REQUIRED_OP(map), REQUIRED_OP(unmap), REQUIRED_OP(discard),
	REQUIRED_OP(log), REQUIRED_OP(died),
};

static int check(const struct lkl_boot *boot)
{
	const struct lkl_host_ops *ops = boot->ops;

	if (boot->size < sizeof(*boot) || !ops)
		return refuse(boot, "boot arguments of another version", "");
	if (ops->version != LKL_HOST_ABI_VERSION || ops->size < sizeof(*ops))
		return refuse(boot, "host ops of another version", "");
	for (int i = 0; i < ARRAY_SIZE(required_ops); i++)
		if (!*(void **)((const char *)ops + required_ops[i].offset))
			return refuse(boot, "host op missing: ", required_ops[i].name);
	if (boot->map_granule > PAGE_SIZE || PAGE_SIZE % boot->map_granule)
		return refuse(boot, "the host cannot map single pages", "");
	if (boot->ram_base % SZ_2M || boot->ram_bytes % PAGE_SIZE ||
	    boot->vmalloc_base % PAGE_SIZE || boot->vmalloc_bytes % PAGE_SIZE)
		return refuse(boot, "memory is not aligned", "");
	if (boot->image_base - boot->ram_base >= boot->ram_bytes ||
	    boot->image_bytes > boot->ram_bytes - (boot->image_base - boot->ram_base))
		return refuse(boot, "the image is not inside RAM", "");
	if (boot->virtual_start_ns && boot->cpus != 1)
		return refuse(boot, "virtual time is that of one CPU", "");
	if (!boot->cpus || boot->cpus > CONFIG_NR_CPUS)
		return refuse(boot, "more CPUs than this kernel was built for", "");
	return 0;
}

static s32 image_boot(const struct lkl_boot *boot, struct lkl_thread *init)
{
	struct lkl_cpu *cpu = &lkl_cpus[0];
	int rc = check(boot);

	if (rc)
		return rc;
	lkl_boot_args = *boot;
	lkl_ram_base = boot->ram_base;
	lkl_vmalloc_start = boot->vmalloc_base;
	lkl_vmalloc_end = boot->vmalloc_base + boot->vmalloc_bytes;
	lkl_ncpus = boot->cpus;
	lkl_virtual_ns = boot->virtual_start_ns;
	lkl_init_thread = init;
	rc = lkl_thread_init(init);
	if (rc)
		return rc;

	init->state = LKL_CALL_RUNNING;
	lkl_count_open_calls(1);
	cpu->owned = 1;
	cpu->curr = &init_task;
	cpu->deadline = LKL_FOREVER;
	task_thread_info(&init_task)->vcpu = cpu;
	cpu->fiber_sp = lkl_make_fiber(init_stack, lkl_fiber_boot);
	rc = lkl_start_helper(cpu);
	if (rc) {
		lkl_life = LKL_DEAD;
		return rc;
	}
	lkl_carry_boot(cpu, init);
	return READ_ONCE(lkl_life) == LKL_ALIVE ? 0 : -EIO;
}

/* The library's own calls have negative numbers and come from this file only. */
static s64 image_syscall(struct lkl_thread *thread, s64 nr, const s64 *args)
{
	return likely(nr >= 0) ? lkl_call(thread, nr, args) : -ENOSYS;
}

static s32 image_thread_attach(struct lkl_thread *parent, struct lkl_thread *thread)
{
	const s64 args[6] = { (s64)thread };

	return lkl_call(parent, LKL_NR_ATTACH, args);
}

static void image_thread_detach(struct lkl_thread *thread)
{
	const s64 args[6] = { };

	if (READ_ONCE(thread->task))
		lkl_call(thread, LKL_NR_DETACH, args);
	lkl_thread_free(thread);
}

static void image_quiesce(struct lkl_thread *init)
{
	int alive = LKL_ALIVE;

	__atomic_compare_exchange_n(&lkl_life, &alive, LKL_QUIESCING, 0,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void image_halt(struct lkl_thread *init)
{
	const s64 args[6] = {
		LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF,
	};

	if (READ_ONCE(lkl_life) < LKL_HALTED)
		lkl_call(init, __NR_reboot, args);
	lkl_join_helpers();
	lkl_thread_destroy_events();
}

static s32 image_device_add(struct lkl_thread *thread, const struct lkl_virtio_device *device)
{
	const s64 args[6] = { (s64)device };

	return lkl_call(thread, LKL_NR_DEVICE_ADD, args);
}

static s32 image_device_remove(struct lkl_thread *thread, s32 handle)
{
	const s64 args[6] = { handle };

	return lkl_call(thread, LKL_NR_DEVICE_REMOVE, args);
}

static s32 image_device_name(struct lkl_thread *thread, s32 handle, char *buf, u32 bytes)
{
	const s64 args[6] = { handle, (s64)buf, bytes };

	return lkl_call(thread, LKL_NR_DEVICE_NAME, args);
}

static u64 image_counter(u32 which)
{
	u64 sum = 0;

	if (which >= ARRAY_SIZE(lkl_cpus[0].count))
		return 0;
	for (unsigned int i = 0; i < lkl_ncpus; i++)
		sum += READ_ONCE(lkl_cpus[i].count[which]);
	return sum;
}

/* entry.S returns its address. */
const struct lkl_image lkl_image = {
	.size		= sizeof(struct lkl_image),
	.version	= LKL_HOST_ABI_VERSION,
	.page_bytes	= PAGE_SIZE,
	.thread_bytes	= sizeof(struct lkl_thread),
	.release	= UTS_RELEASE,
	.boot		= image_boot,
	.thread_attach	= image_thread_attach,
	.thread_detach	= image_thread_detach,
	.syscall	= image_syscall,
	.interrupt	= lkl_call_interrupt,
	.quiesce	= image_quiesce,
	.halt		= image_halt,
	.raise_irq	= lkl_raise_irq,
	.fault		= lkl_fault,
	.device_add	= image_device_add,
	.device_remove	= image_device_remove,
	.device_name	= image_device_name,
	.counter	= image_counter,
};
