// SPDX-License-Identifier: GPL-2.0
/*
 * CRC32C, by which ext4, xfs and btrfs know their blocks, with the CPU's instruction
 * where it has one: in place of the weak function of lib/crc32.c. Later series choose
 * among the architectures in lib/crc/, of which this is none.
 */
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)

#include <linux/compiler.h>
#include <linux/crc32.h>
#include <linux/unaligned.h>
#include <asm/hostcpu.h>

static bool has_instruction(void)
{
	static enum { UNKNOWN, NO, YES } known;

	if (unlikely(!READ_ONCE(known)))
		WRITE_ONCE(known, lkl_host_has_crc32c() ? YES : NO);
	return READ_ONCE(known) == YES;
}

u32 __pure __crc32c_le(u32 crc, const unsigned char *p, size_t len)
{
	if (!has_instruction())
		return __crc32c_le_base(crc, p, len);
	for (; len >= 8; p += 8, len -= 8)
		crc = lkl_crc32c64(crc, get_unaligned((const u64 *)p));
	while (len--)
		crc = lkl_crc32c8(crc, *p++);
	return crc;
}

#endif
