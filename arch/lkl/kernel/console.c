// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel log, handed to the host line by line. Fiber.
 *
 * The extended console format is used since it carries the level and the time:
 * "level,sequence,time_us,flags[,...];text\n[ KEY=value\n...]".
 */
#include <linux/console.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/lkl.h>

static void console_write(struct console *con, const char *record, unsigned int n)
{
	unsigned long long fields[3] = { };
	const char *end = record + n;
	const char *text = memchr(record, ';', n);
	const char *p = record;

	if (!text)
		return;
	text++;
	for (int i = 0; i < 3 && p < text; i++, p++)
		for (; p < text && *p >= '0' && *p <= '9'; p++)
			fields[i] = fields[i] * 10 + *p - '0';
	p = memchr(text, '\n', end - text);
	lkl_host_log(fields[0] & 7, fields[2], text, (p ?: end) - text);
}

static struct console lkl_console = {
	.name	= "lkl",
	.write	= console_write,
	.flags	= CON_PRINTBUFFER | CON_ENABLED | CON_EXTENDED,
	.index	= -1,
};

void __init lkl_console_init(void)
{
	register_console(&lkl_console);
}
