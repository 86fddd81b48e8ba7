// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks of attached host threads: how they wait for system calls in what is
 * user mode elsewhere, how they are woken, how they come and go. Fiber code, but
 * for the list of all threads, which has a lock of its own kind.
 */
#include <linux/cpu.h>
#include <linux/lockdep.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <asm/lkl.h>

#define SEQ __ATOMIC_SEQ_CST

/*
 * Asleep in "user mode". A state bit of its own, as a late wake-up from an inbox must
 * not end a sleep inside a system call: above all of Linux's, so that none of its
 * masks has it and the task looks interruptible to everybody else.
 */
#define TASK_LKL_PARKED 0x40000000
static_assert(TASK_LKL_PARKED > TASK_STATE_MAX);

/* kernel/sched/sched.h: wake the task on the CPU that runs the waker. */
#define WF_CURRENT_CPU 0x40

/* How long a system call takes in virtual time. */
#define VIRTUAL_CALL_NS 1000

static struct lkl_thread *threads;	/* all attached */
static int threads_lock;

/* Taken by fibers and carriers alike, so it cannot be a kernel lock. */
static void lock_threads(void)
{
	while (__atomic_exchange_n(&threads_lock, 1, SEQ))
		lkl_host_yield();
}

static void unlock_threads(void)
{
	__atomic_store_n(&threads_lock, 0, __ATOMIC_RELEASE);
}

/*
 * An event outlives its thread and serves another: a late signal is then a spurious
 * wake-up, which all expect. They are given back when the kernel is over.
 */
struct lkl_event {
	struct lkl_event *next;
	void *host_event;
};

static struct lkl_event init_event;	/* needed before there is kmalloc() */
static struct lkl_event *spare_events;

static struct lkl_event *get_event(void)
{
	struct lkl_event *event;

	lock_threads();
	event = spare_events;
	if (event)
		spare_events = event->next;
	unlock_threads();
	if (event)
		return event;
	event = slab_is_available() ? kmalloc(sizeof(*event), GFP_KERNEL) : &init_event;
	if (event && lkl_event_create(&event->host_event)) {
		kfree(event);
		event = NULL;
	}
	return event;
}

/* Fiber, or the boot. */
int lkl_thread_init(struct lkl_thread *thread)
{
	struct lkl_event *event = get_event();

	if (!event)
		return -ENOMEM;
	memset(thread, 0, sizeof(*thread));
	thread->state = LKL_CALL_DONE;
	thread->event_owner = event;
	thread->event = event->host_event;
	lock_threads();
	thread->next = threads;
	threads = thread;
	unlock_threads();
	return 0;
}

/* Its task has ended. Carrier or fiber. */
void lkl_thread_free(struct lkl_thread *thread)
{
	struct lkl_event *event = thread->event_owner;

	/* A stale membership in an inbox ends as soon as that CPU is carried. */
	while (READ_ONCE(thread->posted) && READ_ONCE(lkl_life) < LKL_HALTED) {
		for (unsigned int i = 0; i < lkl_ncpus; i++)
			if (READ_ONCE(lkl_cpus[i].inbox) && !READ_ONCE(lkl_cpus[i].owned))
				lkl_cpu_kick(&lkl_cpus[i]);
		lkl_host_yield();
	}
	lock_threads();
	for (struct lkl_thread **p = &threads; *p; p = &(*p)->next) {
		if (*p == thread) {
			*p = thread->next;
			event->next = spare_events;
			spare_events = event;
			break;
		}
	}
	unlock_threads();
}

/* Everybody is outside for good. Carrier. */
void lkl_thread_destroy_events(void)
{
	for (; spare_events; spare_events = spare_events->next)
		lkl_event_destroy(spare_events->host_event);
	for (; threads; threads = threads->next)
		lkl_event_destroy(threads->event);
}

/* The kernel is over: everybody who waits shall look. */
void lkl_thread_wake_all(void)
{
	lock_threads();
	for (struct lkl_thread *t = threads; t; t = t->next)
		lkl_event_signal(t->event);
	unlock_threads();
	for (unsigned int i = 0; i < lkl_ncpus; i++)
		if (lkl_cpus[i].helper)
			lkl_cpu_kick_helper(&lkl_cpus[i]);
}

/* Tell the caller that its request is done. @thread may be gone on return. */
static void complete_call(struct lkl_thread *thread)
{
	struct lkl_cpu *cpu = READ_ONCE(thread->carrying);
	void *event = thread->event;

	lkl_count_open_calls(-1);
	lkl_race_point();
	if (__atomic_exchange_n(&thread->state, LKL_CALL_DONE, SEQ) == LKL_CALL_WAITING)
		lkl_event_signal(event);
	else if (cpu && cpu != current_thread_info()->vcpu)
		/* Our host thread carries another CPU: call it back. */
		__atomic_fetch_or(&cpu->pending, BIT(LKL_PEND_LEAVE), SEQ);
}

/* As a fatal signal would, which the task forgets when it parks. */
static void interrupt_call(struct task_struct *task)
{
	unsigned long flags;

	if (!lock_task_sighand(task, &flags))
		return;
	sigaddset(&task->pending.signal, SIGKILL);
	signal_wake_up(task, 1);
	unlock_task_sighand(task, &flags);
}

/* Interrupt: host threads want their tasks to look at what they ask for. */
void lkl_inbox_interrupt(struct lkl_cpu *cpu)
{
	struct lkl_thread *thread = __atomic_exchange_n(&cpu->inbox, NULL, SEQ);

	while (thread) {
		struct lkl_thread *next = thread->next_posted;
		struct task_struct *task = READ_ONCE(thread->task);
		struct wait_queue_entry entry = { .private = task };
		bool interrupt = __atomic_exchange_n(&thread->interrupt, 0, SEQ);

		lkl_race_point();
		/*
		 * From here on the thread may post itself again, or detach and
		 * be freed. The task stays valid: it is freed by RCU only.
		 */
		__atomic_exchange_n(&thread->posted, 0, SEQ);
		lkl_race_point();
		thread = next;
		if (!task)
			continue;
		if (interrupt)
			interrupt_call(task);
		default_wake_function(&entry, TASK_LKL_PARKED, WF_CURRENT_CPU, NULL);
	}
}

/* What every return to user mode has to do; signals have no meaning here. */
static void exit_to_user_work(void)
{
	struct thread_info *ti = current_thread_info();
	unsigned long work = _TIF_NOTIFY_RESUME | _TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL;

	while (READ_ONCE(ti->flags) & work) {
		clear_notify_signal();
		if (test_and_clear_thread_flag(TIF_NOTIFY_RESUME) || task_work_pending(current))
			resume_user_mode_work(NULL);
		if (signal_pending(current))
			flush_signals(current);
	}
}

/*
 * "User mode": report the finished call, if any, and wait for the next.
 *
 * Meanwhile the task counts as SCHED_IDLE, so that whatever is woken on its CPU
 * preempts it at once, with an interrupt that makes somebody carry the CPU: a
 * parked task needs no CPU time. Nothing looks at the policy of a running task in
 * between but the wake-up preemption check.
 */
static void park(struct lkl_thread *thread, bool report)
{
	struct thread_info *ti = current_thread_info();
	unsigned int policy = current->policy;
	struct lkl_cpu *cpu;

	exit_to_user_work();
	lockdep_sys_exit();
	cpu = ti->vcpu;
	thread->home = cpu;
	ti->parked = 1;
	current->policy = SCHED_IDLE;
	if (!report) {
		/* A new task: its first request may be here already. */
	} else if (cpu->executor == thread) {
		lkl_count_open_calls(-1);
		__atomic_store_n(&thread->state, LKL_CALL_DONE, __ATOMIC_RELEASE);
		if (!need_resched() && !READ_ONCE(cpu->pending) && single_task_running()) {
			cpu->parked = thread;
			lkl_cpu_leave();
			cpu->parked = NULL;
		}
	} else {
		complete_call(thread);
	}
	current->policy = policy;

	lkl_race_point();
	while (!READ_ONCE(thread->request)) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_LKL_PARKED);
		if (READ_ONCE(thread->request))
			break;
		if (lkl_irqs_pending(ti)) {
			local_irq_disable();
			local_irq_enable();
		}
		schedule();
		exit_to_user_work();
	}
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(thread->request, 0);
	ti->parked = 0;
	if (lkl_irqs_pending(ti)) {
		local_irq_disable();
		local_irq_enable();
	}
}

static s64 do_syscall(struct lkl_thread *thread)
{
	/* Else a program whose calls never wait would never see a tick, which RCU needs. */
	if (lkl_time_is_virtual())
		lkl_time_pass(VIRTUAL_CALL_NS);
	return lkl_do_syscall(thread->nr, thread->args);
}

/* Life of an attached host thread's task after its first switch. */
static void __noreturn serve_calls(struct lkl_thread *thread, bool report)
{
	for (;;) {
		park(thread, report);
		if (unlikely(READ_ONCE(lkl_life)) && thread != lkl_init_thread)
			thread->ret = -ESHUTDOWN;
		else
			thread->ret = do_syscall(thread);
		report = true;
	}
}

/* First code of every task but idle, from entry.S. */
void __used lkl_task_start(struct task_struct *prev)
{
	struct thread_struct *t = &current->thread;
	int (*fn)(void *) = t->fn;

	schedule_tail(prev);
	if (fn) {
		t->fn = NULL;
		/* Returns when kernel_execve() did: for init, see init.c. */
		fn(t->arg);
	}
	serve_calls(t->host, fn);
}

/* The last switch away from @task: its host thread, if any, gets its result. */
void lkl_thread_task_ended(struct task_struct *task)
{
	struct lkl_thread *thread = task->thread.host;

	if (!thread)
		return;
	task->thread.host = NULL;
	WRITE_ONCE(thread->task, NULL);
	thread->home = NULL;
	complete_call(thread);
}
