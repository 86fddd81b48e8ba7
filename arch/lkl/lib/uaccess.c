// SPDX-License-Identifier: GPL-2.0
/*
 * Strings of the application. Words are read at aligned addresses only, so a word
 * never reaches into a page where the string does not.
 */
#include <linux/export.h>
#include <linux/uaccess.h>
#include <asm/word-at-a-time.h>

#define WORD sizeof(unsigned long)

long strncpy_from_user(char *dst, const char __user *src, long count)
{
	static const struct word_at_a_time constants = WORD_AT_A_TIME_CONSTANTS;
	const char *from = (const char __force *)src;
	long n = 0;

	while (n < count) {
		unsigned long word, zero;
		char c;

		if (IS_ALIGNED((unsigned long)(from + n), WORD) && count - n >= (long)WORD) {
			lkl_load64(word, (const u64 *)(from + n), fault);
			if (!has_zero(word, &zero, &constants)) {
				memcpy(dst + n, &word, WORD);
				n += WORD;
				continue;
			}
		}
		lkl_load8(c, from + n, fault);
		dst[n] = c;
		if (!c)
			return n;
		n++;
	}
	return n;
fault:
	return -EFAULT;
}
EXPORT_SYMBOL(strncpy_from_user);

/* The size with the NUL; more than @count when there is none; 0 for a fault. */
long strnlen_user(const char __user *src, long count)
{
	static const struct word_at_a_time constants = WORD_AT_A_TIME_CONSTANTS;
	const char *from = (const char __force *)src;
	long n = 0;

	while (n < count) {
		unsigned long word, zero;
		char c;

		if (IS_ALIGNED((unsigned long)(from + n), WORD) && count - n >= (long)WORD) {
			lkl_load64(word, (const u64 *)(from + n), fault);
			if (!has_zero(word, &zero, &constants)) {
				n += WORD;
				continue;
			}
		}
		lkl_load8(c, from + n, fault);
		n++;
		if (!c)
			return n;
	}
	return n + 1;
fault:
	return 0;
}
EXPORT_SYMBOL(strnlen_user);
