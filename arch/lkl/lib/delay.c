// SPDX-License-Identifier: GPL-2.0
/* Busy waits, by the kernel's clock. */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/time64.h>
#include <asm/lkl.h>

void __ndelay(unsigned long ns)
{
	u64 end = lkl_now_ns() + ns;

	if (lkl_time_is_virtual())
		lkl_time_pass(ns);
	while (lkl_now_ns() < end)
		cpu_relax();
}
EXPORT_SYMBOL(__ndelay);

void __udelay(unsigned long us)
{
	__ndelay(us * NSEC_PER_USEC);
}
EXPORT_SYMBOL(__udelay);

/* @xloops: microseconds in units of 2^-32, as asm-generic/delay.h counts. */
void __const_udelay(unsigned long xloops)
{
	__ndelay((xloops * NSEC_PER_USEC) >> 32);
}
EXPORT_SYMBOL(__const_udelay);

/* calibrate_delay() says one loop is a nanosecond. */
void __delay(unsigned long loops)
{
	__ndelay(loops);
}
EXPORT_SYMBOL(__delay);
