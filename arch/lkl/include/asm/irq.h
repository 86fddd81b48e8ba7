/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_IRQ_H
#define _ASM_LKL_IRQ_H

/* Interrupts are bits of struct lkl_cpu and do not go through irq descriptors. */
#define NR_IRQS	1

#define irq_canonicalize(irq)	(irq)

#endif
