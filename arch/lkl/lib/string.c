// SPDX-License-Identifier: GPL-2.0
/*
 * memcpy() and its kin. Short ones as a few overlapping moves of registers, long
 * ones as the CPU's own loop (hostcpu.h); generic C copies single bytes.
 */
#define __NO_FORTIFY
#include <linux/export.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/hostcpu.h>

/* Above this many bytes the CPU's loop wins over 16-byte moves. */
#define LONG_BYTES	256

typedef u64 word_t __aligned(1);
typedef u32 half_t __aligned(1);
typedef u16 quarter_t __aligned(1);

/* All loads of a step come before its stores, so overlapping is fine. */
static __always_inline void copy_short(char *to, const char *from, size_t n)
{
	if (n >= 8) {
		word_t last = *(const word_t *)(from + n - 8);
		word_t first = *(const word_t *)from;

		*(word_t *)to = first;
		*(word_t *)(to + n - 8) = last;
	} else if (n >= 4) {
		half_t last = *(const half_t *)(from + n - 4);
		half_t first = *(const half_t *)from;

		*(half_t *)to = first;
		*(half_t *)(to + n - 4) = last;
	} else if (n >= 2) {
		quarter_t last = *(const quarter_t *)(from + n - 2);
		quarter_t first = *(const quarter_t *)from;

		*(quarter_t *)to = first;
		*(quarter_t *)(to + n - 2) = last;
	} else if (n) {
		*to = *from;
	}
}

/* More than 16 bytes, upwards; the rest below 16 by moves that end at the end. */
static __always_inline void copy_up(char *to, const char *from, size_t n)
{
	word_t last0 = *(const word_t *)(from + n - 16);
	word_t last1 = *(const word_t *)(from + n - 8);
	size_t off;

	for (off = 0; off + 16 < n; off += 16) {
		word_t a = *(const word_t *)(from + off);
		word_t b = *(const word_t *)(from + off + 8);

		*(word_t *)(to + off) = a;
		*(word_t *)(to + off + 8) = b;
	}
	*(word_t *)(to + n - 16) = last0;
	*(word_t *)(to + n - 8) = last1;
}

static __always_inline void copy_down(char *to, const char *from, size_t n)
{
	word_t first0 = *(const word_t *)from;
	word_t first1 = *(const word_t *)(from + 8);

	for (; n > 16; n -= 16) {
		word_t a = *(const word_t *)(from + n - 16);
		word_t b = *(const word_t *)(from + n - 8);

		*(word_t *)(to + n - 16) = a;
		*(word_t *)(to + n - 8) = b;
	}
	*(word_t *)to = first0;
	*(word_t *)(to + 8) = first1;
}

void *memcpy(void *to, const void *from, size_t n)
{
	if (n <= 16)
		copy_short(to, from, n);
	else if (n <= LONG_BYTES)
		copy_up(to, from, n);
	else
		lkl_copy_long(to, from, n);
	return to;
}
EXPORT_SYMBOL(memcpy);

void *memmove(void *to, const void *from, size_t n)
{
	if (n <= 16)
		copy_short(to, from, n);
	else if ((size_t)(to - from) < n)
		copy_down(to, from, n);
	else if (n <= LONG_BYTES || (size_t)(from - to) < 64)
		copy_up(to, from, n);
	else
		lkl_copy_long(to, from, n);
	return to;
}
EXPORT_SYMBOL(memmove);

void *memset(void *to, int byte, size_t n)
{
	word_t word = (u8)byte * 0x0101010101010101ULL;
	char *p = to;
	size_t off;

	if (n > LONG_BYTES) {
		lkl_fill_long(to, byte, n);
	} else if (n >= 8) {
		for (off = 0; off + 8 < n; off += 8)
			*(word_t *)(p + off) = word;
		*(word_t *)(p + n - 8) = word;
	} else {
		for (off = 0; off < n; off++)
			WRITE_ONCE(p[off], byte);
	}
	return to;
}
EXPORT_SYMBOL(memset);
