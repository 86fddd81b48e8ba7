// SPDX-License-Identifier: GPL-2.0
/*
 * Device interrupts: numbers that the virtio transport gives to its queues. Any
 * host thread may raise one; the CPU that notified the queue last handles it.
 */
#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <asm/irq.h>
#include <asm/lkl.h>
#include <asm/lkl_irq.h>

#define SEQ __ATOMIC_SEQ_CST

static struct {
	void (*handler)(void *arg);
	void *arg;
	unsigned int cpu;
} irqs[LKL_MAX_IRQS];

static unsigned long raised[BITS_TO_LONGS(LKL_MAX_IRQS)];
static DEFINE_SPINLOCK(irqs_lock);

int lkl_irq_request(void (*handler)(void *arg), void *arg)
{
	guard(spinlock)(&irqs_lock);
	for (int irq = 0; irq < LKL_MAX_IRQS; irq++) {
		if (irqs[irq].handler)
			continue;
		irqs[irq].arg = arg;
		irqs[irq].cpu = raw_smp_processor_id();
		/* Pairs with lkl_device_interrupts(). */
		smp_store_release(&irqs[irq].handler, handler);
		return irq;
	}
	return -ENOSPC;
}

/* The device raises it no more. On return no CPU runs its handler. */
void lkl_irq_free(int irq)
{
	WRITE_ONCE(irqs[irq].handler, NULL);
	kick_all_cpus_sync();
}

void lkl_irq_set_cpu(int irq, unsigned int cpu)
{
	WRITE_ONCE(irqs[irq].cpu, cpu);
}

/* Any thread; see lkl_image.raise_irq(). */
void lkl_raise_irq(u32 irq, u32 how)
{
	struct lkl_cpu *cpu;

	if (irq >= LKL_MAX_IRQS)
		return;
	cpu = &lkl_cpus[READ_ONCE(irqs[irq].cpu)];
	__atomic_fetch_or(&raised[irq / BITS_PER_LONG], BIT(irq % BITS_PER_LONG), SEQ);
	if (how == LKL_IRQ_RUN) {
		__atomic_fetch_or(&cpu->pending, BIT(LKL_PEND_DEVICE), SEQ);
		lkl_carry_pending(cpu);
	} else {
		lkl_cpu_raise(cpu, LKL_PEND_DEVICE);
	}
}

void lkl_device_interrupts(void)
{
	for (int word = 0; word < ARRAY_SIZE(raised); word++) {
		unsigned long bits = READ_ONCE(raised[word]);

		if (!bits)
			continue;
		bits = __atomic_exchange_n(&raised[word], 0, SEQ);
		for (; bits; bits &= bits - 1) {
			int irq = word * BITS_PER_LONG + __ffs(bits);
			/* Pairs with lkl_irq_request(). */
			void (*handler)(void *arg) = smp_load_acquire(&irqs[irq].handler);

			if (handler)
				handler(irqs[irq].arg);
		}
	}
}

/* /proc/interrupts has nothing below its header. */
int arch_show_interrupts(struct seq_file *p, int prec)
{
	return 0;
}
