/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of arch/lkl: virtual CPUs, attached host threads, and the
 * only place where the kernel calls its host.
 *
 * Two kinds of code exist here. *Fiber* code runs on a kernel stack with a CPU
 * held; it is ordinary kernel code. *Carrier* code (kernel/carrier.c, and what is
 * marked so elsewhere) runs on a host thread's own stack: no current, no per-CPU
 * data, no kernel locks. The protocol between them is described in cpu.c.
 */
#ifndef _ASM_LKL_LKL_H
#define _ASM_LKL_LKL_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/fiber.h>
#include <asm/ptrace.h>
#include <lkl/host_ops.h>

struct lkl_event;
struct task_struct;

/* Bits of lkl_cpu.pending */
enum lkl_irq_bit {
	LKL_PEND_TIMER,		/* the deadline has passed */
	LKL_PEND_INBOX,		/* host threads have posted themselves */
	LKL_PEND_RESCHED,	/* interprocessor interrupts */
	LKL_PEND_CALL,
	LKL_PEND_DEVICE,	/* some virtqueue completed requests */
	LKL_PEND_LOOK,		/* nothing but: somebody must carry this CPU */
	LKL_PEND_LEAVE,		/* the carrier wants to go home */
};

enum lkl_call_state {
	LKL_CALL_RUNNING,	/* in progress, the caller is awake */
	LKL_CALL_WAITING,	/* in progress, the caller waits for its event */
	LKL_CALL_DONE,
};

enum lkl_life {
	LKL_ALIVE,
	LKL_QUIESCING,		/* only init may call */
	LKL_HALTED,
	LKL_DEAD,		/* panicked */
};

/* A virtual CPU. See cpu.c for the protocol. */
struct lkl_cpu {
	/* Any thread, atomically. */
	unsigned long		pending;	/* must be first: lkl_irqs_pending() */
	int			owned;		/* a host thread carries this CPU */
	struct lkl_thread	*inbox;		/* posted threads, newest first */
	struct lkl_thread	*standby;	/* a waiting caller ready to carry it */
	u64			standby_until;	/* that caller's alarm */
	u64			deadline;	/* next timer event */
	u64			helper_until;	/* the helper's alarm */
	int			kicked;		/* the helper was signalled, has not looked */
	void			*helper_event;
	void			*helper;	/* host thread */

	/* Only the carrier. */
	struct task_struct	*curr ____cacheline_aligned;
	void			*host_sp;	/* carrier's stack, while a fiber runs */
	void			*fiber_sp;	/* fiber's stack, while none runs */
	struct lkl_thread	*executor;	/* whose call brought the carrier here */
	struct lkl_thread	*parked;	/* task that left by the fast path */
	unsigned int		id;
	unsigned int		in_irq;
	unsigned int		grace;		/* irq points until LEAVE is obeyed */
	unsigned int		spin_misses;	/* idle spins in vain, see lkl_spin_worth() */
	unsigned long		percpu_offset;
	u64			count[LKL_COUNT_UNMAPS + 1];
} ____cacheline_aligned;

/* A host thread attached to this kernel, or the init thread. Memory is the host's. */
struct lkl_thread {
	/* The request: written by the caller before @request is set. */
	s64			nr;
	const s64		*args;
	s64			ret;		/* valid once @state is DONE */
	int			request;	/* waits to be picked up by the task */
	int			state;		/* enum lkl_call_state */
	int			posted;		/* member of some inbox */
	int			interrupt;	/* make the call in progress return */
	struct lkl_thread	*next_posted;
	struct task_struct	*task;		/* NULL once it ended */
	struct lkl_cpu		*home;		/* where the task parked last */
	struct lkl_cpu		*carrying;	/* the CPU this host thread carries */
	struct lkl_cpu		*invite;	/* set by whoever took us off a standby slot */
	void			*event;
	struct lkl_event	*event_owner;
	unsigned int		spin_misses;
	struct lkl_thread	*next;		/* list of all, see thread.c */
} ____cacheline_aligned;

extern struct lkl_boot lkl_boot_args;
extern struct lkl_cpu lkl_cpus[];
extern unsigned int lkl_ncpus;
extern int lkl_life;			/* enum lkl_life, only ever grows */
extern struct lkl_thread *lkl_init_thread;
extern u64 lkl_virtual_ns;		/* the time, where it is virtual; by the CPU's carrier */
extern int lkl_open_calls;		/* system calls in progress; counted then only */

/* ---- the host, called from anywhere ---- */

/*
 * entry.S: call @fn on the carrier's host stack when on a kernel stack, directly
 * when already on a host stack.
 */
s64 lkl_host_call(void *fn, u64 a, u64 b, u64 c, u64 d, u64 e);

#define __lkl_host(op, a, b, c, d)						\
	lkl_host_call(lkl_boot_args.ops->op, (u64)lkl_boot_args.host,		\
		      (u64)(a), (u64)(b), (u64)(c), (u64)(d))

static inline bool lkl_time_is_virtual(void)
{
	return unlikely(lkl_boot_args.virtual_start_ns);
}

static inline u64 lkl_host_now_ns(void)
{
	return __lkl_host(now_ns, 0, 0, 0, 0);
}

static inline u64 lkl_now_ns(void)
{
	return lkl_time_is_virtual() ? READ_ONCE(lkl_virtual_ns) : lkl_host_now_ns();
}

static inline u64 lkl_realtime_ns(void)
{
	/* Virtual time counts from 1970 to begin with. */
	return lkl_time_is_virtual() ? lkl_now_ns() : __lkl_host(realtime_ns, 0, 0, 0, 0);
}

static inline int lkl_event_create(void **event)
{
	return (s32)__lkl_host(event_create, event, 0, 0, 0);
}

static inline void lkl_event_destroy(void *event)
{
	__lkl_host(event_destroy, event, 0, 0, 0);
}

static inline void lkl_event_signal(void *event)
{
	__lkl_host(event_signal, event, 0, 0, 0);
}

static inline int lkl_event_wait(void *event, u64 deadline_ns)
{
	return (s32)__lkl_host(event_wait, event, deadline_ns, 0, 0);
}

static inline int lkl_host_thread_create(void (*fn)(void *), void *arg, void **thread)
{
	return (s32)__lkl_host(thread_create, fn, arg, thread, 0);
}

static inline void lkl_host_thread_join(void *thread)
{
	__lkl_host(thread_join, thread, 0, 0, 0);
}

static inline void lkl_host_yield(void)
{
	__lkl_host(yield, 0, 0, 0, 0);
}

static inline int lkl_host_map(unsigned long va, phys_addr_t phys, unsigned long bytes, u32 prot)
{
	return (s32)__lkl_host(map, va, phys, bytes, prot);
}

static inline int lkl_host_unmap(unsigned long va, unsigned long bytes)
{
	return (s32)__lkl_host(unmap, va, bytes, 0, 0);
}

static inline void lkl_host_discard(phys_addr_t phys, u64 bytes)
{
	__lkl_host(discard, phys, bytes, 0, 0);
}

static inline void lkl_host_log(u32 level, u64 time_us, const char *text, u32 bytes)
{
	__lkl_host(log, level, time_us, text, bytes);
}

static inline void lkl_host_died(const char *reason, u32 bytes)
{
	__lkl_host(died, reason, bytes, 0, 0);
}

/* ---- entry.S, and the first C function of each kind of fiber ---- */

void lkl_fiber_task(void);	/* first instructions of new fibers */
void lkl_fiber_boot(void);
void lkl_fiber_secondary(void);
void lkl_task_start(struct task_struct *prev);
void lkl_boot_start(void);
void lkl_secondary_start(void);

/* ---- cpu.c: any thread, fiber or carrier ---- */

#ifdef CONFIG_LKL_RACE_POINTS
void lkl_race_point(void);
#else
static inline void lkl_race_point(void) { }
#endif
bool lkl_cpu_try_own(struct lkl_cpu *cpu);
void lkl_cpu_release(struct lkl_cpu *cpu);
void lkl_cpu_raise(struct lkl_cpu *cpu, enum lkl_irq_bit bit);
void lkl_cpu_kick(struct lkl_cpu *cpu);
void lkl_cpu_kick_helper(struct lkl_cpu *cpu);
void lkl_cpu_cover_deadline(struct lkl_cpu *cpu);
bool lkl_cpu_deadline_passed(struct lkl_cpu *cpu);
bool lkl_spin_worth(unsigned int *misses);
void lkl_count_open_calls(int change);

/* ---- cpu.c: fiber ---- */

/* To the carrier's stack; returns when a carrier enters this CPU again. */
static __always_inline void lkl_cpu_leave(void)
{
	struct lkl_cpu *cpu = current_thread_info()->vcpu;

	lkl_switch_stack(&cpu->fiber_sp, cpu->host_sp, NULL);
}

void *lkl_make_fiber(void *stack, void (*entry)(void));
void __noreturn lkl_cpu_abandon(void);
void lkl_time_pass(u64 ns);

/* ---- carrier.c: carrier ---- */

/* To the CPU's current fiber; returns when it leaves the CPU. */
static __always_inline void lkl_cpu_enter(struct lkl_cpu *cpu)
{
	lkl_switch_stack(&cpu->host_sp, cpu->fiber_sp, NULL);
}

s64 lkl_call(struct lkl_thread *thread, s64 nr, const s64 *args);
void lkl_call_interrupt(struct lkl_thread *thread);
void lkl_carry_boot(struct lkl_cpu *cpu, struct lkl_thread *init);
void lkl_carry_pending(struct lkl_cpu *cpu);
int lkl_start_helper(struct lkl_cpu *cpu);
void lkl_join_helpers(void);

/* ---- thread.c ---- */

int lkl_thread_init(struct lkl_thread *thread);
void lkl_thread_free(struct lkl_thread *thread);
void lkl_thread_wake_all(void);
void lkl_thread_destroy_events(void);
void lkl_thread_task_ended(struct task_struct *task);
void lkl_inbox_interrupt(struct lkl_cpu *cpu);

/* ---- the rest of kernel/, mm/, drivers/: fiber ---- */

void lkl_timer_interrupt(void);
void lkl_call_function_interrupt(void);
void lkl_timer_arm(u64 deadline_ns);
void lkl_clockevent_init(void);
s64 lkl_do_syscall(s64 nr, const s64 *args);
void lkl_cpus_possible(void);
void lkl_paging_init(void);
void lkl_console_init(void);
void lkl_device_interrupts(void);
void lkl_raise_irq(u32 irq, u32 how);
int lkl_fault(struct lkl_fault *fault);
s64 lkl_device_syscall(s64 nr, const s64 *args);

/* ---- generic functions that some series do not declare for architectures ---- */

void arch_setup_zero_pages(void);
void arch_zone_limits_init(unsigned long *max_zone_pfns);
void free_area_init(unsigned long *max_zone_pfns);
void memblock_free_all(void);

/* System calls of the library's own, numbered outside Linux's. */
#define LKL_NR_ATTACH		-1	/* thread */
#define LKL_NR_DETACH		-2
#define LKL_NR_DEVICE_ADD	-3	/* device table */
#define LKL_NR_DEVICE_REMOVE	-4	/* handle */
#define LKL_NR_DEVICE_NAME	-5	/* handle, buffer, bytes */

#endif
