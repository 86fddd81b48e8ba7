// SPDX-License-Identifier: GPL-2.0
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <linux/sched.h>
#include <asm/lkl.h>

int main(void)
{
	OFFSET(TI_VCPU, thread_info, vcpu);
	OFFSET(VCPU_HOST_SP, lkl_cpu, host_sp);
	OFFSET(BOOT_RAM_BASE, lkl_boot, ram_base);
	OFFSET(BOOT_RAM_BYTES, lkl_boot, ram_bytes);
	return 0;
}
