/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_THREAD_INFO_H
#define _ASM_LKL_THREAD_INFO_H

#include <linux/bits.h>
#include <asm/fiber.h>
#include <asm/page.h>

#ifndef __ASSEMBLER__
#include <asm/types.h>

#define INIT_THREAD_INFO(tsk)				\
{							\
	.task		= &(tsk),			\
	.preempt_count	= INIT_PREEMPT_COUNT,		\
}
#endif

#define TIF_NOTIFY_RESUME	0
#define TIF_SIGPENDING		1
#define TIF_NEED_RESCHED	2
#define TIF_NOTIFY_SIGNAL	3
#define TIF_RESTORE_SIGMASK	4
#define TIF_MEMDIE		5
#define TIF_SYSCALL_TRACE	6
#define TIF_SYSCALL_AUDIT	7
#define TIF_SYSCALL_TRACEPOINT	8
#define TIF_SECCOMP		9

#define _TIF_NOTIFY_RESUME	BIT(TIF_NOTIFY_RESUME)
#define _TIF_SIGPENDING		BIT(TIF_SIGPENDING)
#define _TIF_NEED_RESCHED	BIT(TIF_NEED_RESCHED)
#define _TIF_NOTIFY_SIGNAL	BIT(TIF_NOTIFY_SIGNAL)

#endif
