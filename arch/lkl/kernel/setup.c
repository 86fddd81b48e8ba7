// SPDX-License-Identifier: GPL-2.0
/* The start of the kernel. Fiber. */
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/start_kernel.h>
#include <linux/string.h>
#include <asm/lkl.h>
#include <asm/sections.h>
#include <asm/setup.h>

static char command_line[COMMAND_LINE_SIZE] __initdata;

/* First code of the boot CPU, from entry.S. */
void __used __ref lkl_boot_start(void)
{
	start_kernel();
}

void __init setup_arch(char **cmdline)
{
	strscpy(boot_command_line, lkl_boot_args.command_line, COMMAND_LINE_SIZE);
	strscpy(command_line, boot_command_line, COMMAND_LINE_SIZE);
	*cmdline = command_line;
	lkl_console_init();
	setup_initial_init_mm(_stext, _etext, _edata, _end);
	parse_early_param();

	if (memchr_inv(lkl_boot_args.seed, 0, sizeof(lkl_boot_args.seed)))
		add_bootloader_randomness(lkl_boot_args.seed, sizeof(lkl_boot_args.seed));
	memzero_explicit(lkl_boot_args.seed, sizeof(lkl_boot_args.seed));

	memblock_add(0, lkl_boot_args.ram_bytes);
	memblock_reserve(__pa(lkl_boot_args.image_base), lkl_boot_args.image_bytes);
	/* Physical address 0 stands for "none" here and there. */
	memblock_reserve(0, PAGE_SIZE);
	lkl_paging_init();
	lkl_cpus_possible();
}

void __init lkl_cpus_possible(void)
{
	if (!IS_ENABLED(CONFIG_SMP))
		return;
	for (unsigned int cpu = 0; cpu < lkl_ncpus; cpu++)
		set_cpu_possible(cpu, true);
}

void __init trap_init(void)
{
}

void __init init_IRQ(void)
{
}

/* The image is a private file mapping of the host, not RAM to be given out. */
void free_initmem(void)
{
}

static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	return *pos < lkl_ncpus ? &lkl_cpus[*pos] : NULL;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cpuinfo_start(m, pos);
}

static void cpuinfo_stop(struct seq_file *m, void *v)
{
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	struct lkl_cpu *cpu = v;

	seq_printf(m, "processor\t: %u\nmodel name\t: LKL virtual CPU\n\n", cpu->id);
	return 0;
}

const struct seq_operations cpuinfo_op = {
	.start	= cpuinfo_start,
	.next	= cpuinfo_next,
	.stop	= cpuinfo_stop,
	.show	= cpuinfo_show,
};
