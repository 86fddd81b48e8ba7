// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's page tables, carried out by the host: vmalloc(), vmap(), vm_map_ram()
 * and per-CPU chunks write PTEs and then flush, and the flush ends here. Fiber.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <asm/cacheflush.h>
#include <asm/lkl.h>
#include <asm/tlbflush.h>

/* Lazily freed areas hold on to host mappings, of which there are not many. */
#define PURGE_AFTER	1024

static void purge(struct work_struct *work)
{
	vm_unmap_aliases();
}

static DECLARE_WORK(purge_work, purge);
static atomic_t runs_mapped;

struct run {
	unsigned long va, pfn, pages;
	u32 prot;
};

static u32 host_prot(pte_t pte)
{
	return LKL_PROT_READ | (pte_write(pte) ? LKL_PROT_WRITE : 0) |
	       (pte_exec(pte) ? LKL_PROT_EXEC : 0);
}

static void map_run(const struct run *run)
{
	int rc;

	if (!run->pages)
		return;
	current_thread_info()->vcpu->count[LKL_COUNT_MAPS]++;
	rc = lkl_host_map(run->va, PFN_PHYS(run->pfn), run->pages << PAGE_SHIFT, run->prot);
	if (!(atomic_inc_return(&runs_mapped) % PURGE_AFTER) && system_state == SYSTEM_RUNNING)
		schedule_work(&purge_work);
	/* The caller cannot fail any more. */
	if (rc)
		panic("lkl: the host cannot map %lu pages (%d)", run->pages, rc);
}

/*
 * The PTE for @va, or NULL when a whole upper-level entry is missing; *@next is the
 * first address it says nothing about.
 */
static pte_t *walk(unsigned long va, unsigned long *next)
{
	pgd_t *pgd = pgd_offset_k(va);
	p4d_t *p4d = p4d_offset(pgd, va);
	pud_t *pud;
	pmd_t *pmd;

	*next = (va | ~PGDIR_MASK) + 1;
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, va);
	*next = (va | ~PUD_MASK) + 1;
	if (pud_none(*pud))
		return NULL;
	pmd = pmd_offset(pud, va);
	*next = (va | ~PMD_MASK) + 1;
	if (pmd_none(*pmd))
		return NULL;
	*next = va + PAGE_SIZE;
	return pte_offset_kernel(pmd, va);
}

/* New PTEs in the range: map each physically contiguous run with one call. */
void lkl_vmap_sync(unsigned long start, unsigned long end)
{
	struct run run = { };
	unsigned long va, next;

	for (va = start & PAGE_MASK; va < end; va = next) {
		pte_t *p = walk(va, &next);
		pte_t pte = p ? READ_ONCE(*p) : __pte(0);

		if (!pte_present(pte)) {
			map_run(&run);
			run.pages = 0;
			continue;
		}
		if (run.pages && va == run.va + (run.pages << PAGE_SHIFT) &&
		    pte_pfn(pte) == run.pfn + run.pages && host_prot(pte) == run.prot) {
			run.pages++;
			continue;
		}
		map_run(&run);
		run = (struct run){ va, pte_pfn(pte), 1, host_prot(pte) };
	}
	map_run(&run);
}

static void unmap_range(unsigned long start, unsigned long end)
{
	int rc;

	current_thread_info()->vcpu->count[LKL_COUNT_UNMAPS]++;
	rc = lkl_host_unmap(start, end - start);
	if (rc)
		pr_warn_once("lkl: the host cannot unmap %lu bytes (%d)\n", end - start, rc);
}

/*
 * PTEs went away somewhere in the range, which lazy purging makes so wide that it
 * covers live areas: unmap only what has no PTE. Gaps that never had one may be part.
 */
void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	unsigned long va, next, from = 0;

	start = max(start & PAGE_MASK, VMALLOC_START);
	end = min(PAGE_ALIGN(end), VMALLOC_END);
	for (va = start; va < end; va = next) {
		pte_t *p = walk(va, &next);

		if (!p || pte_none(READ_ONCE(*p))) {
			if (!from)
				from = va;
		} else if (from) {
			unmap_range(from, va);
			from = 0;
		}
	}
	if (from)
		unmap_range(from, end);
}
