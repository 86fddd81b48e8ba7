// SPDX-License-Identifier: GPL-2.0
/* RAM: one range at physical address 0, mapped at lkl_ram_base, the image inside it. */
#include <linux/export.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <asm/lkl.h>

unsigned long lkl_ram_base;
EXPORT_SYMBOL(lkl_ram_base);
unsigned long lkl_vmalloc_start, lkl_vmalloc_end;

pgd_t swapper_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);

/* asm/pgtable.h says why it is here. */
unsigned long empty_zero_page[PAGE_SIZE / sizeof(unsigned long)] __aligned(PAGE_SIZE);
EXPORT_SYMBOL(empty_zero_page);

void __init arch_setup_zero_pages(void)
{
}

void __init arch_zone_limits_init(unsigned long *max_zone_pfns)
{
	max_zone_pfns[ZONE_NORMAL] = max_low_pfn;
}

/* In place of the kernel's own where that is static and called by its start-up. */
void __init __weak free_area_init(unsigned long *max_zone_pfns)
{
}

void __init lkl_paging_init(void)
{
	unsigned long max_zone_pfns[MAX_NR_ZONES] = { };

	min_low_pfn = 0;
	max_low_pfn = lkl_boot_args.ram_bytes >> PAGE_SHIFT;
	max_pfn = max_low_pfn;
	arch_zone_limits_init(max_zone_pfns);
	free_area_init(max_zone_pfns);
}

void __init mem_init(void)
{
	max_mapnr = max_low_pfn;
	high_memory = __va(max_low_pfn << PAGE_SHIFT);
	/* Newer series do so before they call this. */
	if (!totalram_pages())
		memblock_free_all();
}

/* Of user mappings, which no CPU ever uses: execve() and the like keep the books. */
static const pgprot_t protection_map[16] = {
	[VM_NONE]						= PAGE_NONE,
	[VM_READ]						= PAGE_READONLY,
	[VM_WRITE]						= PAGE_COPY,
	[VM_WRITE | VM_READ]					= PAGE_COPY,
	[VM_EXEC]						= PAGE_READONLY,
	[VM_EXEC | VM_READ]					= PAGE_READONLY,
	[VM_EXEC | VM_WRITE]					= PAGE_COPY,
	[VM_EXEC | VM_WRITE | VM_READ]				= PAGE_COPY,
	[VM_SHARED]						= PAGE_NONE,
	[VM_SHARED | VM_READ]					= PAGE_READONLY,
	[VM_SHARED | VM_WRITE]					= PAGE_SHARED,
	[VM_SHARED | VM_WRITE | VM_READ]			= PAGE_SHARED,
	[VM_SHARED | VM_EXEC]					= PAGE_READONLY,
	[VM_SHARED | VM_EXEC | VM_READ]				= PAGE_READONLY,
	[VM_SHARED | VM_EXEC | VM_WRITE]			= PAGE_SHARED,
	[VM_SHARED | VM_EXEC | VM_WRITE | VM_READ]		= PAGE_SHARED,
};
DECLARE_VM_GET_PAGE_PROT
