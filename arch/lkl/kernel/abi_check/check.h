/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Proves the hand-written headers of lkl/abi.h against the kernel's own: every constant
 * has Linux's value, every structure Linux's size and every member its place. A file
 * here for each of them. Nothing is generated; a mistake is a compile error.
 */
#ifndef _LKL_ABI_CHECK_H
#define _LKL_ABI_CHECK_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define VALUE(name) \
	static_assert((u64)(LKL_##name) == (u64)(name))
#define VALUE_AS(ours, name) \
	static_assert((u64)(LKL_##ours) == (u64)(name))
#define SYSCALL(name) \
	static_assert(LKL_SYS_##name == __NR_##name)
#define SIZE(ours, name) \
	static_assert(sizeof(struct lkl_##ours) == sizeof(struct name))
#define MEMBER_AS(ours, name, member, as) \
	static_assert(offsetof(struct lkl_##ours, member) == offsetof(struct name, as) && \
		      sizeof_field(struct lkl_##ours, member) == sizeof_field(struct name, as))
#define MEMBER(ours, name, member) MEMBER_AS(ours, name, member, member)

#endif
