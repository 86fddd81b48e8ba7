/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User pointers are pointers of the host process. A bad one faults in the host,
 * whose handler asks lkl_image.fault(), which finds the __ex_table entry.
 */
#ifndef _ASM_LKL_UACCESS_H
#define _ASM_LKL_UACCESS_H

#include <linux/string.h>
#include <asm/hostcpu.h>

static __always_inline int __get_user_fn(size_t size, const void __user *from, void *to)
{
	const void *p = (const void __force *)from;

	switch (size) {
	case 1:
		lkl_load8(*(u8 *)to, (const u8 *)p, fault);
		return 0;
	case 2:
		lkl_load16(*(u16 *)to, (const u16 *)p, fault);
		return 0;
	case 4:
		lkl_load32(*(u32 *)to, (const u32 *)p, fault);
		return 0;
	case 8:
		lkl_load64(*(u64 *)to, (const u64 *)p, fault);
		return 0;
	}
fault:
	return -EFAULT;
}

#define __get_user_fn(sz, u, k) __get_user_fn(sz, u, k)

static __always_inline int __put_user_fn(size_t size, void __user *to, const void *from)
{
	void *p = (void __force *)to;

	switch (size) {
	case 1:
		lkl_store8(*(const u8 *)from, (u8 *)p, fault);
		return 0;
	case 2:
		lkl_store16(*(const u16 *)from, (u16 *)p, fault);
		return 0;
	case 4:
		lkl_store32(*(const u32 *)from, (u32 *)p, fault);
		return 0;
	case 8:
		lkl_store64(*(const u64 *)from, (u64 *)p, fault);
		return 0;
	}
fault:
	return -EFAULT;
}

#define __put_user_fn(sz, u, k) __put_user_fn(sz, u, k)

#define __get_kernel_nofault(dst, src, type, err_label)				\
do {										\
	if (__get_user_fn(sizeof(type), (const void __force __user *)(src), dst))\
		goto err_label;							\
} while (0)

#define __put_kernel_nofault(dst, src, type, err_label)				\
do {										\
	if (__put_user_fn(sizeof(type), (void __force __user *)(dst), src))	\
		goto err_label;							\
} while (0)

static __always_inline __must_check unsigned long
raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	if (__builtin_constant_p(n) && (n == 1 || n == 2 || n == 4 || n == 8))
		return __get_user_fn(n, from, to) ? n : 0;
	return lkl_copy_fault(to, (const void __force *)from, n);
}

static __always_inline __must_check unsigned long
raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	if (__builtin_constant_p(n) && (n == 1 || n == 2 || n == 4 || n == 8))
		return __put_user_fn(n, to, from) ? n : 0;
	return lkl_copy_fault((void __force *)to, from, n);
}

#define INLINE_COPY_FROM_USER
#define INLINE_COPY_TO_USER
#define INLINE_COPY_USER	/* both, in newer series */

#define __clear_user(to, n) lkl_clear_fault((void __force *)(to), n)

#include <asm-generic/uaccess.h>

#endif
