/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_IO_H
#define _ASM_LKL_IO_H

#include <asm/page.h>

#ifndef page_to_phys
#define page_to_phys(page)	((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#endif

/* There are no ports; generic code wants an address to form pointers from. */
#define PCI_IOBASE	((void __iomem *)-0x10000L)

#include <asm-generic/io.h>

#endif
