/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_TLBFLUSH_H
#define _ASM_LKL_TLBFLUSH_H

#include <linux/mm_types.h>

/* No user mapping is ever used by a CPU; the kernel's are in the host's hands. */
static inline void flush_tlb_all(void) { }
static inline void flush_tlb_mm(struct mm_struct *mm) { }
static inline void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr) { }
static inline void flush_tlb_range(struct vm_area_struct *vma,
				   unsigned long start, unsigned long end) { }

/* Drops the host's mapping of every page in the range that has no PTE any more. */
void flush_tlb_kernel_range(unsigned long start, unsigned long end);

#endif
