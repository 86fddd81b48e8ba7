/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_LKL_IRQ_H
#define _ASM_LKL_LKL_IRQ_H

#define LKL_MAX_IRQS	1024

/* Get a number for lkl_image.raise_irq(); @handler runs in interrupt context. */
int lkl_irq_request(void (*handler)(void *arg), void *arg);
void lkl_irq_free(int irq);
/* Deliver to @cpu from now on. */
void lkl_irq_set_cpu(int irq, unsigned int cpu);

#endif
