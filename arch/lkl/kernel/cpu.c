// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual CPUs.
 *
 * A CPU runs when a host thread, its *carrier*, has taken it. The carrier's own
 * stack waits in lkl_cpu_enter() while kernel stacks, *fibers*, run on the host
 * thread; the scheduler switches between them without the host noticing.
 *
 * Who may carry a CPU (lkl_cpu.owned), in carrier.c:
 *
 *	FREE --try_own()--> OWNED	a caller, for its own request; a caller
 *					standing by that was invited; the CPU's
 *					helper thread; a device thread (IRQ_RUN)
 *	OWNED --release()--> FREE	- the carrier's request is done and nothing
 *					  else is runnable (fast leave, parked)
 *					- the CPU is idle
 *					- its request is done and the grace for
 *					  running others' tasks is used up
 *
 * Nothing may be lost between "I leave" and "you have something": whoever sets a
 * bit in pending looks at owned afterwards, whoever clears owned looks at pending
 * afterwards, with full barriers between, so at least one of the two wakes
 * somebody: the caller in the standby slot, or else the helper (lkl_cpu_kick()).
 * The same holds for timers: whoever sleeps publishes his alarm and then reads
 * the deadline again; whoever leaves the CPU makes sure that some sleeper's alarm
 * is not later than the deadline (lkl_cpu_cover_deadline()).
 *
 * A caller's request (lkl_thread.state), in thread.c and carrier.c:
 *
 *	RUNNING --task parks--> DONE			the caller carries the task's
 *							CPU itself, or looks soon
 *	RUNNING --caller--> WAITING --task parks--> DONE	its event is signalled
 *	WAITING --caller, invited--> RUNNING		it carries a CPU again
 *
 * and the task behind it ("parked" means: in user mode, were there one):
 *
 *	fast:	cpu->parked == thread, the fiber is current on its home CPU, which is
 *		free. The next call takes the CPU and continues the fiber.
 *	slow:	asleep in the state PARKED. The next call posts the thread to a CPU's
 *		inbox, whose interrupt wakes the task there.
 *
 * Either way the task looks at lkl_thread.request, which is set before the CPU is
 * taken or told, so a wake-up that finds it awake is harmless.
 */
#include <linux/cpu.h>
#include <linux/hardirq.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <asm/irq_regs.h>
#include <asm/lkl.h>
#include <asm/switch_to.h>

#define SEQ __ATOMIC_SEQ_CST

/* Irq points a carrier whose own request is done still serves others. */
#define LEAVE_GRACE 64

/* How long cpu_relax() takes in virtual time. */
#define VIRTUAL_RELAX_NS 100

struct lkl_cpu lkl_cpus[NR_CPUS];
unsigned int lkl_ncpus = 1;
int lkl_life;

/* ---- any thread ---- */

#ifdef CONFIG_LKL_RACE_POINTS
/* Once in 64 times let others go first, for up to 0.1 ms. */
void lkl_race_point(void)
{
	static u32 state;	/* that threads race for it does not make it less random */
	u32 random = READ_ONCE(state) * 1664525 + 1013904223;
	u64 end;

	WRITE_ONCE(state, random);
	if (random >> 26)
		return;
	end = lkl_host_now_ns() + (random >> 9 & 0x1ffff);
	do
		lkl_host_yield();
	while (lkl_host_now_ns() < end);
}
#endif

void lkl_cpu_kick_helper(struct lkl_cpu *cpu)
{
	/* Pairs with the clearing of kicked in helper_main(): it looks afterwards. */
	if (!__atomic_exchange_n(&cpu->kicked, 1, SEQ))
		lkl_event_signal(cpu->helper_event);
}

/* Somebody has to carry @cpu. */
void lkl_cpu_kick(struct lkl_cpu *cpu)
{
	struct lkl_thread *thread;

	if (READ_ONCE(cpu->standby)) {
		thread = __atomic_exchange_n(&cpu->standby, NULL, SEQ);
		if (thread) {
			void *event = thread->event;

			lkl_race_point();
			/* From here on the thread may come and go: see leave_standby(). */
			__atomic_store_n(&thread->invite, cpu, SEQ);
			lkl_race_point();
			lkl_event_signal(event);
			return;
		}
	}
	lkl_cpu_kick_helper(cpu);
}

void lkl_cpu_raise(struct lkl_cpu *cpu, enum lkl_irq_bit bit)
{
	__atomic_fetch_or(&cpu->pending, BIT(bit), SEQ);
	lkl_race_point();
	/* Pairs with lkl_cpu_release(). */
	if (!__atomic_load_n(&cpu->owned, SEQ))
		lkl_cpu_kick(cpu);
}

bool lkl_cpu_try_own(struct lkl_cpu *cpu)
{
	int free = 0;

	return !READ_ONCE(cpu->owned) &&
	       __atomic_compare_exchange_n(&cpu->owned, &free, 1, 0, SEQ, SEQ);
}

/* Give up @cpu, whose executor is already cleared. */
void lkl_cpu_release(struct lkl_cpu *cpu)
{
	lkl_race_point();
	__atomic_exchange_n(&cpu->owned, 0, SEQ);
	lkl_race_point();
	/* Pairs with lkl_cpu_raise(). */
	if (READ_ONCE(cpu->pending))
		lkl_cpu_kick(cpu);
	else if (!lkl_time_is_virtual())
		lkl_cpu_cover_deadline(cpu);
	else if (READ_ONCE(cpu->deadline) != LKL_FOREVER && READ_ONCE(lkl_open_calls))
		lkl_cpu_raise(cpu, LKL_PEND_LOOK);	/* time is to jump: see wait_for_timer() */
}

/* Make sure that some sleeper's alarm is early enough for the next timer. */
void lkl_cpu_cover_deadline(struct lkl_cpu *cpu)
{
	u64 deadline = READ_ONCE(cpu->deadline);

	lkl_race_point();
	if (lkl_time_is_virtual() || deadline >= READ_ONCE(cpu->helper_until))
		return;
	if (READ_ONCE(cpu->standby) && deadline >= READ_ONCE(cpu->standby_until))
		return;		/* leave_standby() looks again */
	lkl_cpu_kick_helper(cpu);
}

/* After a sleep: turn a passed deadline into an interrupt, once. */
bool lkl_cpu_deadline_passed(struct lkl_cpu *cpu)
{
	u64 deadline = READ_ONCE(cpu->deadline);

	if (deadline == LKL_FOREVER || lkl_now_ns() < deadline)
		return false;
	if (!__atomic_compare_exchange_n(&cpu->deadline, &deadline, LKL_FOREVER, 0, SEQ, SEQ))
		return false;
	lkl_race_point();
	__atomic_fetch_or(&cpu->pending, BIT(LKL_PEND_TIMER), SEQ);
	return true;
}

/*
 * Is it worth to busy-wait? Only where it has paid lately: after a few spins in
 * vain only every 32nd occasion is tried.
 */
bool lkl_spin_worth(unsigned int *misses)
{
	return lkl_boot_args.spin_ns && (*misses < 4 || !(++*misses & 31));
}

/* Calls are made and answered; matters to virtual time only. */
void lkl_count_open_calls(int change)
{
	if (lkl_time_is_virtual())
		__atomic_fetch_add(&lkl_open_calls, change, SEQ);
}

/* ---- fiber ---- */

/* @ns of virtual time have passed. Its timers are seen at the next irq point. */
void lkl_time_pass(u64 ns)
{
	WRITE_ONCE(lkl_virtual_ns, lkl_virtual_ns + ns);
	lkl_cpu_deadline_passed(current_thread_info()->vcpu);
}

/* This kernel is over: the carrier goes home and nobody comes back. */
void __noreturn lkl_cpu_abandon(void)
{
	for (;;)
		lkl_cpu_leave();
}

void *lkl_make_fiber(void *stack, void (*entry)(void))
{
	/* What lkl_switch_stack() expects; @entry starts aligned, to call right away. */
	unsigned long *sp = stack + THREAD_SIZE - 64;

	*--sp = 0;
	*--sp = 0;
	*--sp = (unsigned long)entry;
	return sp;
}

static bool executor_done(const struct lkl_cpu *cpu)
{
	return cpu->executor &&
	       __atomic_load_n(&cpu->executor->state, __ATOMIC_ACQUIRE) == LKL_CALL_DONE;
}

/* The helper itself carries us, so it may be that nobody sleeps until the deadline. */
static void watch_clock(struct lkl_cpu *cpu)
{
	if (!cpu->executor)
		lkl_cpu_deadline_passed(cpu);
}

struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next)
{
	struct thread_info *from = task_thread_info(prev);
	struct thread_info *to = task_thread_info(next);
	struct lkl_cpu *cpu = from->vcpu;

	cpu->count[LKL_COUNT_SWITCHES]++;
	to->vcpu = cpu;
	to->percpu_offset = from->percpu_offset;
	cpu->curr = next;
	if (unlikely(READ_ONCE(prev->__state) == TASK_DEAD))
		lkl_thread_task_ended(prev);
	if (executor_done(cpu) && !is_idle_task(next) && !cpu->grace && !lkl_time_is_virtual()) {
		cpu->grace = LEAVE_GRACE;
		__atomic_fetch_or(&cpu->pending, BIT(LKL_PEND_LEAVE), SEQ);
	}
	/* A timer that @prev set; from idle the carrier sees to it when it leaves. */
	if (!is_idle_task(next)) {
		lkl_cpu_cover_deadline(cpu);
		watch_clock(cpu);
	}
	return lkl_switch_stack(&prev->thread.sp, next->thread.sp, prev);
}

/*
 * The carrier wants to leave. When tasks are left it serves them a while, since most
 * calls are short, then lets somebody else carry on. True when it is time to go.
 */
static bool leave_now(struct lkl_cpu *cpu)
{
	if (is_idle_task(current)) {
		cpu->grace = 0;
		return true;
	}
	if (!cpu->grace)
		cpu->grace = LEAVE_GRACE;
	return !--cpu->grace;
}

static void handle(struct lkl_cpu *cpu, unsigned long pending)
{
	struct pt_regs regs = { .user = current_thread_info()->parked }, *old;

	old = set_irq_regs(&regs);
	irq_enter();
	if (pending & BIT(LKL_PEND_TIMER))
		lkl_timer_interrupt();
	if (pending & BIT(LKL_PEND_INBOX))
		lkl_inbox_interrupt(cpu);
	if (pending & BIT(LKL_PEND_DEVICE))
		lkl_device_interrupts();
	if (IS_ENABLED(CONFIG_SMP) && pending & BIT(LKL_PEND_RESCHED))
		scheduler_ipi();
	if (IS_ENABLED(CONFIG_SMP) && pending & BIT(LKL_PEND_CALL))
		lkl_call_function_interrupt();
	/* Softirqs enable interrupts, which then nest. */
	cpu->in_irq = 0;
	irq_exit();
	cpu->in_irq = 1;
	current_thread_info()->irq_enabled = 0;
	set_irq_regs(old);
}

/* Handle what is pending. Interrupts are enabled on entry and return. */
void lkl_irq_point(void)
{
	struct thread_info *ti = current_thread_info();
	struct lkl_cpu *cpu = ti->vcpu;
	unsigned long pending;
	bool traced, stay = false;

	if (cpu->in_irq)
		return;
	if (unlikely(READ_ONCE(lkl_life) >= LKL_HALTED))
		lkl_cpu_abandon();
	cpu->in_irq = 1;
	ti->irq_enabled = 0;
	/* As the entry code of a real interrupt; idle has told lockdep already. */
	traced = lockdep_hardirqs_enabled();
	if (traced)
		trace_hardirqs_off();
	while ((pending = __atomic_exchange_n(&cpu->pending, 0, SEQ))) {
		if (pending & BIT(LKL_PEND_LEAVE)) {
			pending &= ~BIT(LKL_PEND_LEAVE);
			stay = executor_done(cpu);
			if (!stay) {
				cpu->grace = 0;
			} else if (leave_now(cpu)) {
				if (!is_idle_task(current))
					pending |= BIT(LKL_PEND_LOOK);
				__atomic_fetch_or(&cpu->pending, pending, SEQ);
				stay = false;
				lkl_cpu_leave();
				continue;
			}
		}
		if (pending & ~BIT(LKL_PEND_LOOK))
			handle(cpu, pending);
	}
	if (stay)
		__atomic_fetch_or(&cpu->pending, BIT(LKL_PEND_LEAVE), SEQ);
	if (traced)
		trace_hardirqs_on();
	cpu->in_irq = 0;
	ti->irq_enabled = 1;
}
EXPORT_SYMBOL(lkl_irq_point);

void lkl_cpu_relax(void)
{
	struct thread_info *ti = current_thread_info();

	lkl_cpu_pause();
	if (unlikely(READ_ONCE(lkl_life) >= LKL_HALTED))
		lkl_cpu_abandon();
	if (lkl_time_is_virtual())
		lkl_time_pass(VIRTUAL_RELAX_NS);
	if (ti->irq_enabled && lkl_irqs_pending(ti))
		lkl_irq_point();
	if (!(++ti->relaxed % 64)) {
		watch_clock(ti->vcpu);
		lkl_host_yield();
	}
}
EXPORT_SYMBOL(lkl_cpu_relax);

#ifdef CONFIG_SMP
void lkl_spin_lock_slow(arch_spinlock_t *lock)
{
	unsigned int n = 0;

	do {
		while (READ_ONCE(lock->locked)) {
			lkl_cpu_pause();
			if (++n % 128)
				continue;
			/* The holder may be a CPU that was abandoned in a panic. */
			if (READ_ONCE(lkl_life) >= LKL_HALTED)
				lkl_cpu_abandon();
			lkl_host_yield();
		}
	} while (__atomic_exchange_n(&lock->locked, 1, SEQ));
}
EXPORT_SYMBOL(lkl_spin_lock_slow);
#endif

/* Keep the CPU for a moment: an answer in microseconds saves a sleep and a wake-up. */
static void idle_spin(struct lkl_cpu *cpu)
{
	u64 end, now;

	if (executor_done(cpu) || !lkl_spin_worth(&cpu->spin_misses))
		return;
	now = lkl_now_ns();
	end = now + lkl_boot_args.spin_ns;
	do {
		for (int i = 0; i < 16; i++) {
			if (READ_ONCE(cpu->pending)) {
				cpu->spin_misses = 0;
				return;
			}
			lkl_cpu_pause();
		}
		now = lkl_now_ns();
	} while (now < end && now < READ_ONCE(cpu->deadline));
	if (cpu->spin_misses < 4)
		cpu->spin_misses++;
}

/*
 * Virtual time: jump to the next timer, if somebody waits in a system call. Whose call is
 * done goes home first; another carries on (lkl_cpu_release()).
 */
static void wait_for_timer(struct lkl_cpu *cpu)
{
	u64 deadline = READ_ONCE(cpu->deadline);

	if (deadline == LKL_FOREVER || executor_done(cpu) || !READ_ONCE(lkl_open_calls))
		return;
	if (deadline > lkl_virtual_ns)
		WRITE_ONCE(lkl_virtual_ns, deadline);
	lkl_cpu_deadline_passed(cpu);
}

/* Called with interrupts disabled; returns after one, still disabled. */
void arch_cpu_idle(void)
{
	struct lkl_cpu *cpu = current_thread_info()->vcpu;

	if (lkl_time_is_virtual() && !READ_ONCE(cpu->pending))
		wait_for_timer(cpu);
	if (!READ_ONCE(cpu->pending))
		idle_spin(cpu);
	if (!READ_ONCE(cpu->pending))
		lkl_cpu_leave();
	if (READ_ONCE(cpu->pending)) {
		raw_local_irq_enable();
		raw_local_irq_disable();
	}
}
