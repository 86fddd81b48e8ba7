// SPDX-License-Identifier: GPL-2.0
/* Bringing up virtual CPUs, and interrupts between them. Fiber. */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/sched/hotplug.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <asm/lkl.h>

void arch_smp_send_reschedule(int cpu)
{
	lkl_cpu_raise(&lkl_cpus[cpu], LKL_PEND_RESCHED);
}

void arch_send_call_function_single_ipi(int cpu)
{
	lkl_cpu_raise(&lkl_cpus[cpu], LKL_PEND_CALL);
}

void arch_send_call_function_ipi_mask(const struct cpumask *mask)
{
	int cpu;

	for_each_cpu(cpu, mask)
		lkl_cpu_raise(&lkl_cpus[cpu], LKL_PEND_CALL);
}

/* LKL_PEND_CALL. UP kernels do not declare the generic function. */
void lkl_call_function_interrupt(void)
{
	generic_smp_call_function_interrupt();
}

/* In a panic: the others leave by themselves once lkl_life says so (traps.c). */
void smp_send_stop(void)
{
}

void __init smp_prepare_boot_cpu(void)
{
	lkl_cpus[0].percpu_offset = per_cpu_offset(0);
	current_thread_info()->percpu_offset = per_cpu_offset(0);
}

void __init smp_prepare_cpus(unsigned int max_cpus)
{
	for (unsigned int cpu = 1; cpu < lkl_ncpus && cpu < max_cpus; cpu++)
		set_cpu_present(cpu, true);
}

void __init smp_cpus_done(unsigned int max_cpus)
{
}

/* First code of a secondary CPU's idle task, from entry.S. */
void __used lkl_secondary_start(void)
{
	unsigned int cpu = smp_processor_id();

	mmgrab(&init_mm);
	current->active_mm = &init_mm;
	notify_cpu_starting(cpu);
	lkl_clockevent_init();
	set_cpu_online(cpu, true);
	local_irq_enable();
	cpu_startup_entry(CPUHP_AP_ONLINE_IDLE);
}

int __cpu_up(unsigned int id, struct task_struct *idle)
{
	struct lkl_cpu *cpu = &lkl_cpus[id];
	struct thread_info *ti = task_thread_info(idle);
	int rc;

	cpu->id = id;
	cpu->deadline = LKL_FOREVER;
	cpu->percpu_offset = per_cpu_offset(id);
	ti->vcpu = cpu;
	ti->irq_enabled = 0;
	ti->percpu_offset = per_cpu_offset(id);
	cpu->fiber_sp = lkl_make_fiber(task_stack_page(idle), lkl_fiber_secondary);
	rc = lkl_start_helper(cpu);
	if (rc)
		return rc;
	/* Callers may take the CPU from here on: they look at curr first. */
	smp_store_release(&cpu->curr, idle);
	lkl_cpu_raise(cpu, LKL_PEND_LOOK);
	while (!cpu_online(id))
		cpu_relax();
	return 0;
}
