// SPDX-License-Identifier: GPL-2.0
/*
 * The last resort before the kernel dies for want of memory: there is no process to
 * kill here. Fiber.
 *
 * What callers delete is freed only after a grace period, and a few of them in a loop
 * on many virtual CPUs delete faster than the host may give those CPUs time to end
 * one. So wait for it; RCU did as much itself until Linux 4.20 (rcu_oom_notify).
 */
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/vmstat.h>

/* Others may have what came free before it is counted, so one failure says little. */
#define TRIES		8
#define WORTH_A_TRY	32	/* pages; fewer are noise */

static unsigned long slab_pages(void)
{
	return global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
	       global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

static int wait_for_memory(struct notifier_block *block, unsigned long unused, void *freed)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned long before = slab_pages(), after;

		rcu_barrier();
		after = slab_pages();
		if (after + WORTH_A_TRY <= before) {
			*(unsigned long *)freed += before - after;
			break;
		}
	}
	return NOTIFY_OK;
}

static struct notifier_block wait_for_memory_block = {
	.notifier_call = wait_for_memory,
};

static int __init wait_for_memory_init(void)
{
	return register_oom_notifier(&wait_for_memory_block);
}
arch_initcall(wait_for_memory_init);
