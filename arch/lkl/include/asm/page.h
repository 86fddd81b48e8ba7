/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_PAGE_H
#define _ASM_LKL_PAGE_H

#include <linux/const.h>

#if __has_include("vdso/page.h")	/* since 6.13 */
#include <vdso/page.h>
#else
#define PAGE_SHIFT	CONFIG_PAGE_SHIFT
#define PAGE_SIZE	(_AC(1, UL) << CONFIG_PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#endif

#ifndef __ASSEMBLER__

#include <linux/string.h>
#include <linux/types.h>

/* Where the host put RAM: known at boot only. */
extern unsigned long lkl_ram_base;
#define PAGE_OFFSET	lkl_ram_base

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd; } pmd_t;
typedef struct { unsigned long pud; } pud_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x)	((x).pte)
#define pmd_val(x)	((x).pmd)
#define pud_val(x)	((x).pud)
#define pgd_val(x)	((x).pgd)
#define pgprot_val(x)	((x).pgprot)

#define __pte(x)	((pte_t){ (x) })
#define __pmd(x)	((pmd_t){ (x) })
#define __pud(x)	((pud_t){ (x) })
#define __pgd(x)	((pgd_t){ (x) })
#define __pgprot(x)	((pgprot_t){ (x) })

#define clear_page(p)			memset((p), 0, PAGE_SIZE)
#define copy_page(to, from)		memcpy((to), (from), PAGE_SIZE)
#define clear_user_page(p, vaddr, pg)	((void)(vaddr), (void)(pg), clear_page(p))
#define copy_user_page(to, from, vaddr, pg)				\
	((void)(vaddr), (void)(pg), copy_page(to, from))

/* The image lies inside RAM, so its symbols translate like everything else. */
#define __pa(x)			((unsigned long)(x) - PAGE_OFFSET)
#define __pa_symbol(x)		__pa(x)
#define __va(x)			((void *)((unsigned long)(x) + PAGE_OFFSET))
#define virt_to_pfn(x)		(__pa(x) >> PAGE_SHIFT)
#define pfn_to_virt(pfn)	__va((unsigned long)(pfn) << PAGE_SHIFT)
#define virt_to_page(x)		pfn_to_page(virt_to_pfn(x))
#define page_to_virt(page)	pfn_to_virt(page_to_pfn(page))
#define virt_addr_valid(x)	pfn_valid(virt_to_pfn(x))

#endif /* !__ASSEMBLER__ */

#include <asm-generic/getorder.h>
#include <asm-generic/memory_model.h>

#endif
