/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86-64: calls out of the image, and the first code of fibers. With asm/hostcpu.h,
 * all that knows the host's CPU.
 */
#include <linux/linkage.h>
#include <asm/asm-offsets.h>
#include <asm/fiber.h>

	.text

/* ELF entry point: struct lkl_image *(void) */
SYM_FUNC_START(lkl_entry)
	leaq	lkl_image(%rip), %rax
	ret
SYM_FUNC_END(lkl_entry)

/*
 * s64 lkl_host_call(fn, a, b, c, d, e): kernel stacks lie in RAM, host stacks do
 * not, which tells whether to change over.
 */
SYM_FUNC_START(lkl_host_call)
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rdi, %rax
	movq	%rsp, %r10
	subq	lkl_boot_args+BOOT_RAM_BASE(%rip), %r10
	cmpq	lkl_boot_args+BOOT_RAM_BYTES(%rip), %r10
	jae	1f
	movq	%rsp, %r10
	andq	$-THREAD_SIZE, %r10
	movq	TI_VCPU(%r10), %r10
	movq	VCPU_HOST_SP(%r10), %rsp
1:	andq	$-16, %rsp
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %rcx
	movq	%r9, %r8
	callq	*%rax
	movq	%rbp, %rsp
	popq	%rbp
	ret
SYM_FUNC_END(lkl_host_call)

/*
 * First code of a new task, jumped to by lkl_switch_stack(); %rax is the previous one.
 */
SYM_FUNC_START(lkl_fiber_task)
	movq	%rax, %rdi
	callq	lkl_task_start
	ud2
SYM_FUNC_END(lkl_fiber_task)

SYM_FUNC_START(lkl_fiber_boot)
	callq	lkl_boot_start
	ud2
SYM_FUNC_END(lkl_fiber_boot)

#ifdef CONFIG_SMP
SYM_FUNC_START(lkl_fiber_secondary)
	callq	lkl_secondary_start
	ud2
SYM_FUNC_END(lkl_fiber_secondary)
#endif
