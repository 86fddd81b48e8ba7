// SPDX-License-Identifier: GPL-2.0
/*
 * Time comes from the host's monotonic clock alone. Each CPU has one timer: a deadline
 * that whoever waits for the CPU wakes up at (cpu.c). Fiber.
 *
 * Or time is virtual (lkl_boot.virtual_start_ns), for a kernel that does the same each
 * time it is told the same. Three things then move it on, none of which depends on the
 * host:
 *
 *  - a system call takes a microsecond (thread.c);
 *  - a busy wait takes what it asked for, cpu_relax() a tenth of a microsecond, and
 *    reading the clock a nanosecond;
 *  - when the CPU has nothing to do while a system call is in progress, time jumps to
 *    the next timer.
 *
 * So nothing in the kernel is ever waited for. While no system call is in progress time
 * stands still, and nothing runs: a call's carrier stays until the CPU is idle, so what
 * the call has set going is done when the caller gets its result. Only where several
 * threads make calls does their order depend on the host.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/sched/clock.h>
#include <linux/timekeeping.h>
#include <asm/lkl.h>

static u64 boot_ns __ro_after_init;
u64 lkl_virtual_ns;
int lkl_open_calls;

/* Zero at the start: printk shows it, and the scheduler dislikes large jumps. */
unsigned long long notrace sched_clock(void)
{
	return boot_ns ? lkl_now_ns() - boot_ns : 0;
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(lkl_realtime_ns());
}

static u64 read_clock(struct clocksource *cs)
{
	/* Whoever reads until time has passed shall see it pass. */
	if (lkl_time_is_virtual())
		lkl_time_pass(1);
	return lkl_now_ns();
}

static struct clocksource clocksource = {
	.name	= "lkl",
	.rating	= 499,
	.read	= read_clock,
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
	.mask	= CLOCKSOURCE_MASK(64),
};

static DEFINE_PER_CPU(struct clock_event_device, clockevent);

/*
 * Set this CPU's deadline. That some sleeper wakes for it is seen to when the CPU
 * is left; a task that goes on computing is covered by the tick.
 */
static int set_next_event(unsigned long delta_ns, struct clock_event_device *dev)
{
	WRITE_ONCE(current_thread_info()->vcpu->deadline, lkl_now_ns() + delta_ns);
	return 0;
}

static int shut_down(struct clock_event_device *dev)
{
	WRITE_ONCE(current_thread_info()->vcpu->deadline, LKL_FOREVER);
	return 0;
}

void lkl_timer_interrupt(void)
{
	struct clock_event_device *dev = this_cpu_ptr(&clockevent);

	if (dev->event_handler)
		dev->event_handler(dev);
	/* The tick's next deadline: a task may now run long without leaving. */
	lkl_cpu_cover_deadline(current_thread_info()->vcpu);
}

void lkl_clockevent_init(void)
{
	struct clock_event_device *dev = this_cpu_ptr(&clockevent);

	dev->name = "lkl";
	dev->features = CLOCK_EVT_FEAT_ONESHOT;
	dev->rating = 500;
	dev->set_next_event = set_next_event;
	dev->set_state_shutdown = shut_down;
	dev->cpumask = cpumask_of(smp_processor_id());
	clockevents_config_and_register(dev, NSEC_PER_SEC, 1000, ULONG_MAX >> 1);
}

void __init time_init(void)
{
	boot_ns = lkl_now_ns();
	clocksource_register_khz(&clocksource, NSEC_PER_SEC / 1000);
	lkl_clockevent_init();
}

void __init calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ;
}
