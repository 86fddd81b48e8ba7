/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables that no hardware walks: the kernel reads and writes them as data,
 * and mm/vmap.c tells the host what init_mm's say about the vmalloc window.
 * Four levels of one page each, 512 entries at 4 KiB.
 */
#ifndef _ASM_LKL_PGTABLE_H
#define _ASM_LKL_PGTABLE_H

#include <linux/version.h>
#include <asm-generic/pgtable-nop4d.h>

#define PTRS_PER_PTE	512
#define PTRS_PER_PMD	512
#define PTRS_PER_PUD	512

#define PMD_SHIFT	(PAGE_SHIFT + 9)
#define PUD_SHIFT	(PMD_SHIFT + 9)
#define PGDIR_SHIFT	(PUD_SHIFT + 9)
#define PTRS_PER_PGD	(PGDIR_SHIFT < 47 ? 1 << (48 - PGDIR_SHIFT) : 2)

#define PMD_SIZE	(_AC(1, UL) << PMD_SHIFT)
#define PMD_MASK	(~(PMD_SIZE - 1))
#define PUD_SIZE	(_AC(1, UL) << PUD_SHIFT)
#define PUD_MASK	(~(PUD_SIZE - 1))
#define PGDIR_SIZE	(_AC(1, UL) << PGDIR_SHIFT)
#define PGDIR_MASK	(~(PGDIR_SIZE - 1))
#define USER_PTRS_PER_PGD	(TASK_SIZE / PGDIR_SIZE)

#define _PAGE_PRESENT		0x001
#define _PAGE_WRITE		0x002
#define _PAGE_ACCESSED		0x004
#define _PAGE_DIRTY		0x008
#define _PAGE_EXEC		0x010
#define _PAGE_USER		0x020
#define _PAGE_SWP_EXCLUSIVE	0x040
#define _PAGE_BASE		(_PAGE_PRESENT | _PAGE_ACCESSED)
#define _PAGE_TABLE		(_PAGE_BASE | _PAGE_WRITE | _PAGE_DIRTY)
#define _PAGE_CHG_MASK		(PAGE_MASK | _PAGE_ACCESSED | _PAGE_DIRTY)

#define PAGE_NONE		__pgprot(_PAGE_BASE)
#define PAGE_READONLY		__pgprot(_PAGE_BASE | _PAGE_USER)
#define PAGE_COPY		PAGE_READONLY
#define PAGE_SHARED		__pgprot(_PAGE_BASE | _PAGE_USER | _PAGE_WRITE)
#define PAGE_KERNEL		__pgprot(_PAGE_TABLE)
#define PAGE_KERNEL_RO		__pgprot(_PAGE_BASE | _PAGE_DIRTY)
#define PAGE_KERNEL_EXEC	__pgprot(_PAGE_TABLE | _PAGE_EXEC)

#ifndef __ASSEMBLER__

struct mm_struct;
struct vm_area_struct;
struct vm_fault;

/* The window of address space that the host reserved for map(). */
extern unsigned long lkl_vmalloc_start, lkl_vmalloc_end;
#define VMALLOC_START	lkl_vmalloc_start
#define VMALLOC_END	lkl_vmalloc_end

extern pgd_t swapper_pg_dir[];

/*
 * One zero page, in the form of several coloured ones: these are the architecture's
 * in every series, a single one is generic in newer ones.
 */
#define __HAVE_COLOR_ZERO_PAGE
#define zero_page_mask		0UL
#define ZERO_PAGE(vaddr)	((void)(vaddr), virt_to_page(empty_zero_page))
extern unsigned long empty_zero_page[];

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)	/* generic since */
#define mk_pte(page, prot)	pfn_pte(page_to_pfn(page), prot)
#endif

static inline void set_pte(pte_t *p, pte_t v)
{
	WRITE_ONCE(*p, v);
}

static inline void set_pmd(pmd_t *p, pmd_t v)
{
	WRITE_ONCE(*p, v);
}

static inline void set_pud(pud_t *p, pud_t v)
{
	WRITE_ONCE(*p, v);
}

static inline void set_p4d(p4d_t *p, p4d_t v)
{
	WRITE_ONCE(*p, v);
}

#define pte_none(x)	(!pte_val(x))
#define pte_present(x)	(pte_val(x) & _PAGE_PRESENT)

static inline void pte_clear(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	set_pte(p, __pte(0));
}

#define LKL_TABLE_LEVEL(level)						\
static inline int level##_none(level##_t x)				\
{									\
	return !level##_val(x);						\
}									\
static inline int level##_present(level##_t x)				\
{									\
	return level##_val(x) & _PAGE_PRESENT;				\
}									\
static inline int level##_bad(level##_t x)				\
{									\
	return (level##_val(x) & ~PAGE_MASK) != _PAGE_TABLE;		\
}

LKL_TABLE_LEVEL(pmd)
LKL_TABLE_LEVEL(pud)
LKL_TABLE_LEVEL(p4d)
#undef LKL_TABLE_LEVEL

#define pmd_clear(p)	set_pmd((p), __pmd(0))
#define pud_clear(p)	set_pud((p), __pud(0))
#define p4d_clear(p)	set_p4d((p), __p4d(0))

#define pmd_pfn(x)	(pmd_val(x) >> PAGE_SHIFT)
#define pud_pfn(x)	(pud_val(x) >> PAGE_SHIFT)
#define pmd_page(x)	pfn_to_page(pmd_pfn(x))
#define pud_page(x)	pfn_to_page(pud_pfn(x))
#define p4d_page(x)	pfn_to_page(p4d_val(x) >> PAGE_SHIFT)

static inline unsigned long pmd_page_vaddr(pmd_t x)
{
	return (unsigned long)__va(pmd_val(x) & PAGE_MASK);
}

static inline pmd_t *pud_pgtable(pud_t x)
{
	return __va(pud_val(x) & PAGE_MASK);
}

static inline pud_t *p4d_pgtable(p4d_t x)
{
	return __va(p4d_val(x) & PAGE_MASK);
}

#define LKL_PTE_TEST(name, bit)						\
static inline int pte_##name(pte_t p)					\
{									\
	return !!(pte_val(p) & (bit));					\
}

LKL_PTE_TEST(write, _PAGE_WRITE)
LKL_PTE_TEST(dirty, _PAGE_DIRTY)
LKL_PTE_TEST(young, _PAGE_ACCESSED)
LKL_PTE_TEST(exec, _PAGE_EXEC)
LKL_PTE_TEST(swp_exclusive, _PAGE_SWP_EXCLUSIVE)
#undef LKL_PTE_TEST

#define LKL_PTE_SET(name, bit)						\
static inline pte_t pte_##name(pte_t p)					\
{									\
	return __pte(pte_val(p) | (bit));				\
}

LKL_PTE_SET(mkwrite_novma, _PAGE_WRITE)
LKL_PTE_SET(mkdirty, _PAGE_DIRTY)
LKL_PTE_SET(mkyoung, _PAGE_ACCESSED)
LKL_PTE_SET(swp_mkexclusive, _PAGE_SWP_EXCLUSIVE)
#undef LKL_PTE_SET

#define LKL_PTE_CLEAR(name, bit)					\
static inline pte_t pte_##name(pte_t p)					\
{									\
	return __pte(pte_val(p) & ~(bit));				\
}

LKL_PTE_CLEAR(wrprotect, _PAGE_WRITE)
LKL_PTE_CLEAR(mkclean, _PAGE_DIRTY)
LKL_PTE_CLEAR(mkold, _PAGE_ACCESSED)
LKL_PTE_CLEAR(swp_clear_exclusive, _PAGE_SWP_EXCLUSIVE)
#undef LKL_PTE_CLEAR

#define PFN_PTE_SHIFT	PAGE_SHIFT
#define pte_pfn(x)	(pte_val(x) >> PAGE_SHIFT)
#define pte_page(x)	pfn_to_page(pte_pfn(x))
#define pfn_pte(pfn, prot)						\
	__pte(((unsigned long)(pfn) << PAGE_SHIFT) | pgprot_val(prot))
#define pfn_pmd(pfn, prot)						\
	__pmd(((unsigned long)(pfn) << PAGE_SHIFT) | pgprot_val(prot))

static inline pte_t pte_modify(pte_t p, pgprot_t prot)
{
	return __pte((pte_val(p) & _PAGE_CHG_MASK) | pgprot_val(prot));
}

#define pte_ERROR(e)	pr_err("bad pte %016lx\n", pte_val(e))
#define pmd_ERROR(e)	pr_err("bad pmd %016lx\n", pmd_val(e))
#define pud_ERROR(e)	pr_err("bad pud %016lx\n", pud_val(e))
#define pgd_ERROR(e)	pr_err("bad pgd %016lx\n", pgd_val(e))

static inline void update_mmu_cache_range(struct vm_fault *vmf, struct vm_area_struct *vma,
					  unsigned long addr, pte_t *p, unsigned int nr)
{
}

#define update_mmu_cache(vma, addr, p)	update_mmu_cache_range(NULL, vma, addr, p, 1)

/* Swap entries: type in bits 7-11, offset from bit 12 on; the present bit is clear. */
#define __swp_type(x)		(((x).val >> 7) & 0x1f)
#define __swp_offset(x)		((x).val >> 12)
#define __swp_entry(type, off)	((swp_entry_t){ (((type) & 0x1f) << 7) | ((off) << 12) })
#define __pte_to_swp_entry(p)	((swp_entry_t){ pte_val(p) })
#define __swp_entry_to_pte(x)	__pte((x).val)

#endif /* !__ASSEMBLER__ */

#endif
