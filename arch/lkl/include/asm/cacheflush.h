/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_CACHEFLUSH_H
#define _ASM_LKL_CACHEFLUSH_H

/* Every change of the kernel's page tables ends here: the host maps what they say. */
void lkl_vmap_sync(unsigned long start, unsigned long end);

#define flush_cache_vmap(start, end)		lkl_vmap_sync(start, end)
#define flush_cache_vmap_early(start, end)	lkl_vmap_sync(start, end)

#include <asm-generic/cacheflush.h>

#endif
