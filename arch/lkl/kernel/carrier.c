// SPDX-License-Identifier: GPL-2.0
/*
 * Carriers: host threads that take a virtual CPU and run it.
 *
 * Everything here runs on a host thread's own stack and may use nothing of the
 * kernel that needs current, a CPU or a lock. The protocol is described in cpu.c.
 */
#include <linux/sched.h>
#include <asm/lkl.h>

#define SEQ __ATOMIC_SEQ_CST

/* How often a caller looks for a free CPU before it posts its request to a busy one. */
#define FIND_CPU_TRIES 100

/* Stands for carriers without a request: always ready to leave. */
static struct lkl_thread errand = { .state = LKL_CALL_DONE };

static bool is_over(void)
{
	return unlikely(READ_ONCE(lkl_life) >= LKL_HALTED);
}

static bool is_done(struct lkl_thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE) == LKL_CALL_DONE;
}

static s64 result(struct lkl_thread *thread)
{
	if (is_done(thread))
		return thread->ret;
	return READ_ONCE(lkl_life) == LKL_DEAD ? -EIO : -ESHUTDOWN;
}

/* Run the CPU that we own until our call is done (true) or the CPU is idle. */
static bool run(struct lkl_cpu *cpu, struct lkl_thread *thread)
{
	cpu->executor = thread;
	cpu->grace = 0;
	thread->carrying = cpu;
	do {
		lkl_cpu_enter(cpu);
		if (is_over() || is_done(thread))
			return true;
	} while (READ_ONCE(cpu->pending));
	return false;
}

static void release(struct lkl_cpu *cpu, struct lkl_thread *thread)
{
	cpu->executor = NULL;
	lkl_race_point();
	thread->carrying = NULL;
	lkl_cpu_release(cpu);
}

/*
 * Publish when we will wake by ourselves: at the CPU's deadline. Pairs with
 * lkl_cpu_cover_deadline(): either it sees this alarm, or we see its deadline.
 */
static u64 set_alarm(struct lkl_cpu *cpu, u64 *alarm)
{
	u64 until;

	/* No host thread sleeps by a clock that is not the host's. */
	if (lkl_time_is_virtual()) {
		WRITE_ONCE(*alarm, LKL_FOREVER);
		return LKL_FOREVER;
	}
	do {
		until = READ_ONCE(cpu->deadline);
		lkl_race_point();
		__atomic_exchange_n(alarm, until, SEQ);
	} while (READ_ONCE(cpu->deadline) != until);
	return until;
}

/* Take the CPU's standby slot if it is free. */
static bool enter_standby(struct lkl_cpu *cpu, struct lkl_thread *thread)
{
	struct lkl_thread *none = NULL;

	if (READ_ONCE(cpu->standby) ||
	    !__atomic_compare_exchange_n(&cpu->standby, &none, thread, 0, SEQ, SEQ))
		return false;
	lkl_race_point();
	set_alarm(cpu, &cpu->standby_until);
	return true;
}

/* Give the slot back; when an invitation is under way, pass it on. */
static void leave_standby(struct lkl_cpu *cpu, struct lkl_thread *thread)
{
	struct lkl_thread *me = thread;

	lkl_race_point();
	if (__atomic_compare_exchange_n(&cpu->standby, &me, NULL, 0, SEQ, SEQ)) {
		lkl_cpu_cover_deadline(cpu);
		return;
	}
	/* Taken off by lkl_cpu_kick(), which stores the invitation next. */
	while (!__atomic_exchange_n(&thread->invite, NULL, SEQ))
		lkl_cpu_pause();
	if (READ_ONCE(cpu->pending) && !READ_ONCE(cpu->owned))
		lkl_cpu_kick(cpu);
	/* Who served what we were invited for may have relied on our alarm. */
	lkl_cpu_cover_deadline(cpu);
}

/* Busy-wait for the end of the call or an invitation. */
static void wait_spin(struct lkl_thread *thread)
{
	u64 end;

	if (!lkl_spin_worth(&thread->spin_misses))
		return;
	end = lkl_now_ns() + lkl_boot_args.spin_ns;
	do {
		for (int i = 0; i < 16; i++) {
			if (is_done(thread) || READ_ONCE(thread->invite)) {
				thread->spin_misses = 0;
				return;
			}
			lkl_cpu_pause();
		}
	} while (lkl_now_ns() < end && !is_over());
	if (thread->spin_misses < 4)
		thread->spin_misses++;
}

/*
 * Sleep until our call is done (false), or until we own @cpu again and should run
 * it (true): we were invited, or held its standby slot when its deadline passed.
 */
static bool sleep(struct lkl_cpu *cpu, struct lkl_thread *thread, bool standby)
{
	for (;;) {
		int state = LKL_CALL_RUNNING;
		bool come = false;
		u64 until;

		until = standby ? set_alarm(cpu, &cpu->standby_until) : LKL_FOREVER;
		lkl_race_point();
		if (!__atomic_compare_exchange_n(&thread->state, &state, LKL_CALL_WAITING,
						 0, SEQ, SEQ) || is_over())
			break;
		cpu->count[LKL_COUNT_SLEEPS]++;
		lkl_race_point();
		lkl_event_wait(thread->event, until);
		lkl_race_point();
		state = LKL_CALL_WAITING;
		if (!__atomic_compare_exchange_n(&thread->state, &state, LKL_CALL_RUNNING,
						 0, SEQ, SEQ) || is_over())
			break;
		if (standby && __atomic_exchange_n(&thread->invite, NULL, SEQ)) {
			standby = false;
			come = true;
		} else if (standby) {
			come = lkl_cpu_deadline_passed(cpu);
		}
		if (come && lkl_cpu_try_own(cpu)) {
			if (standby)
				leave_standby(cpu, thread);
			cpu->count[LKL_COUNT_INVITES]++;
			return true;
		}
		/* Its carrier sees what is pending. Stand by again. */
		if (!standby)
			standby = enter_standby(cpu, thread);
		if (READ_ONCE(cpu->pending) && !READ_ONCE(cpu->owned))
			lkl_cpu_kick(cpu);
	}
	if (standby)
		leave_standby(cpu, thread);
	return false;
}

/* Let go of @cpu if we own it and wait; result as of sleep(). */
static bool wait(struct lkl_cpu *cpu, struct lkl_thread *thread, bool own)
{
	bool standby = enter_standby(cpu, thread);

	if (own)
		release(cpu, thread);
	else if (READ_ONCE(cpu->pending) && !READ_ONCE(cpu->owned))
		lkl_cpu_kick(cpu);
	wait_spin(thread);
	return sleep(cpu, thread, standby);
}

/* Our request is known to @cpu, which we own: run it, or wait, until that is done. */
static void finish(struct lkl_cpu *cpu, struct lkl_thread *thread)
{
	do {
		if (run(cpu, thread)) {
			release(cpu, thread);
			return;
		}
	} while (wait(cpu, thread, true));
}

static bool is_idle(struct lkl_cpu *cpu)
{
	struct task_struct *curr = READ_ONCE(cpu->curr);

	return curr && curr->pid == 0;
}

/* A CPU that nobody carries, better an idle one, best @home. */
static struct lkl_cpu *find_cpu(struct lkl_cpu *home)
{
	if (is_idle(home) && lkl_cpu_try_own(home))
		return home;
	for (unsigned int i = 0; i < lkl_ncpus; i++)
		if (is_idle(&lkl_cpus[i]) && lkl_cpu_try_own(&lkl_cpus[i]))
			return &lkl_cpus[i];
	if (lkl_cpu_try_own(home))
		return home;
	for (unsigned int i = 0; i < lkl_ncpus; i++)
		if (READ_ONCE(lkl_cpus[i].curr) && lkl_cpu_try_own(&lkl_cpus[i]))
			return &lkl_cpus[i];
	return NULL;
}

/* Have @cpu's next interrupt wake our task. */
static void post(struct lkl_cpu *cpu, struct lkl_thread *thread)
{
	struct lkl_thread *first;

	/* Still in some inbox from before? Then that one wakes us. */
	if (__atomic_exchange_n(&thread->posted, 1, SEQ))
		return;
	lkl_race_point();
	first = READ_ONCE(cpu->inbox);
	do
		thread->next_posted = first;
	while (!__atomic_compare_exchange_n(&cpu->inbox, &first, thread, 0, SEQ, SEQ));
}

/* A system call, see lkl_image.syscall(). */
s64 lkl_call(struct lkl_thread *thread, s64 nr, const s64 *args)
{
	struct lkl_cpu *home = thread->home ?: &lkl_cpus[0];
	struct lkl_cpu *cpu;
	int life = READ_ONCE(lkl_life);

	if (unlikely(life)) {
		if (life == LKL_DEAD)
			return -EIO;
		if (life == LKL_HALTED || thread != lkl_init_thread)
			return -ESHUTDOWN;
	}
	if (unlikely(!READ_ONCE(thread->task)))
		return -EIO;	/* an oops ended it */
	thread->nr = nr;
	thread->args = args;
	thread->interrupt = 0;
	WRITE_ONCE(thread->state, LKL_CALL_RUNNING);
	lkl_count_open_calls(1);

	/* Fast: our task is current on its CPU, parked, and nobody is there. */
	if (likely(READ_ONCE(home->parked) == thread) && lkl_cpu_try_own(home)) {
		if (likely(home->parked == thread)) {
			home->count[LKL_COUNT_FAST_CALLS]++;
			WRITE_ONCE(thread->request, 1);
			finish(home, thread);
			return result(thread);
		}
		cpu = home;
	} else {
		cpu = NULL;
		for (int i = 0; i < FIND_CPU_TRIES && !cpu; i++) {
			cpu = find_cpu(home);
			if (cpu || is_idle(home))
				break;
			lkl_cpu_pause();
		}
	}

	lkl_race_point();
	__atomic_store_n(&thread->request, 1, SEQ);
	lkl_race_point();
	if (cpu) {
		cpu->count[LKL_COUNT_WOKEN_CALLS]++;
		post(cpu, thread);
		__atomic_fetch_or(&cpu->pending, BIT(LKL_PEND_INBOX), SEQ);
		finish(cpu, thread);
	} else {
		/*
		 * All busy, or home's carrier idles and sees this at once: it runs our
		 * task. Unless it has just left.
		 */
		home->count[LKL_COUNT_POSTED_CALLS]++;
		post(home, thread);
		lkl_race_point();
		__atomic_fetch_or(&home->pending, BIT(LKL_PEND_INBOX), SEQ);
		if (lkl_cpu_try_own(home) || wait(home, thread, false))
			finish(home, thread);
	}
	return result(thread);
}

/* Make @thread's call in progress return early, see lkl_image.interrupt(). */
void lkl_call_interrupt(struct lkl_thread *thread)
{
	struct lkl_cpu *cpu = READ_ONCE(thread->home) ?: &lkl_cpus[0];

	__atomic_store_n(&thread->interrupt, 1, SEQ);
	post(cpu, thread);
	lkl_race_point();
	lkl_cpu_raise(cpu, LKL_PEND_INBOX);
}

/* The boot: @cpu is ours from the start. Returns when init's task has parked. */
void lkl_carry_boot(struct lkl_cpu *cpu, struct lkl_thread *init)
{
	finish(cpu, init);
}

/* A host thread with something for @cpu: carry it if nobody does, else tell. */
void lkl_carry_pending(struct lkl_cpu *cpu)
{
	if (!lkl_cpu_try_own(cpu))
		return;		/* its carrier sees what is pending */
	if (!is_over()) {
		cpu->executor = &errand;
		cpu->grace = 0;
		do
			lkl_cpu_enter(cpu);
		while (!is_over() && is_idle(cpu) && READ_ONCE(cpu->pending));
	}
	cpu->executor = NULL;
	lkl_cpu_release(cpu);
}

/*
 * One per CPU: keeps the time when nobody else waits for the CPU's deadline, and
 * carries the CPU when it must run and no caller is there.
 */
static void helper_main(void *arg)
{
	struct lkl_cpu *cpu = arg;
	u64 until;

	while (!is_over()) {
		/* Pairs with lkl_cpu_kick_helper(): what it told of is seen below. */
		__atomic_exchange_n(&cpu->kicked, 0, SEQ);
		lkl_race_point();
		until = set_alarm(cpu, &cpu->helper_until);
		lkl_race_point();
		if (!READ_ONCE(cpu->pending) || !lkl_cpu_try_own(cpu)) {
			lkl_event_wait(cpu->helper_event, until);
			lkl_cpu_deadline_passed(cpu);
			continue;
		}
		cpu->count[LKL_COUNT_HELPER_RUNS]++;
		cpu->executor = NULL;
		do
			lkl_cpu_enter(cpu);
		while (!is_over() && READ_ONCE(cpu->pending));
		lkl_cpu_release(cpu);
	}
}

/* Fiber. The CPU exists from now on. */
int lkl_start_helper(struct lkl_cpu *cpu)
{
	int rc = lkl_event_create(&cpu->helper_event);

	if (rc)
		return rc;
	return lkl_host_thread_create(helper_main, cpu, &cpu->helper);
}

void lkl_join_helpers(void)
{
	for (unsigned int i = 0; i < lkl_ncpus; i++) {
		struct lkl_cpu *cpu = &lkl_cpus[i];

		if (!cpu->helper)
			continue;
		lkl_cpu_kick_helper(cpu);
		lkl_host_thread_join(cpu->helper);
		lkl_event_destroy(cpu->helper_event);
		cpu->helper = NULL;
	}
}
