// SPDX-License-Identifier: GPL-2.0
/*
 * Large free blocks of RAM go back to the host: two seconds after a block became
 * free, so a busy kernel keeps what it will use again. Fiber.
 */
#include <linux/init.h>
#include <linux/page_reporting.h>
#include <linux/scatterlist.h>
#include <asm/lkl.h>

static int report(struct page_reporting_dev_info *info, struct scatterlist *list,
		  unsigned int n)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(list, sg, n, i)
		lkl_host_discard(page_to_phys(sg_page(sg)), sg->length);
	return 0;
}

static struct page_reporting_dev_info reporting = {
	.report	= report,
};

static int __init init_reporting(void)
{
	return page_reporting_register(&reporting);
}
late_initcall(init_reporting);
