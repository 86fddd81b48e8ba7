/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What depends on the CPU the host runs on, apart from kernel/entry.S: the name
 * of the stack pointer, a busy-wait hint, barriers, user accesses that may fault, CRC32C.
 */
#ifndef _ASM_LKL_HOSTCPU_H
#define _ASM_LKL_HOSTCPU_H

#ifndef __x86_64__
#error "no entry.S and hostcpu.h for this CPU yet"
#endif

#ifndef __ASSEMBLER__

register unsigned long lkl_stack_pointer asm("rsp");

static __always_inline void lkl_cpu_pause(void)
{
	asm volatile("pause" ::: "memory");
}

/*
 * Continue on the stack @sp, which was left the same way; *@save is where this one
 * can be continued. Returns, here, what the switch back passes as @ret.
 *
 * The top of a stack that was left holds the address to continue at and the frame
 * pointer; the compiler saves what else is in use. Inlined, and going on by an
 * indirect jump: a return to another stack's caller is never what the CPU predicts,
 * and spoils its predictions of the returns that follow. MXCSR and the x87 control
 * word are never changed here.
 */
static __always_inline void *lkl_switch_stack(void **save, void *sp, void *ret)
{
	asm volatile("pushq	%%rbp\n"
		     "	leaq	1f(%%rip), %%rcx\n"
		     "	pushq	%%rcx\n"
		     "	movq	%%rsp, (%[save])\n"
		     "	movq	%[sp], %%rsp\n"
		     "	popq	%%rcx\n"
		     "	jmpq	*%%rcx\n"
		     "1:	popq	%%rbp\n"
		     : "+a"(ret), [save] "+D"(save), [sp] "+S"(sp)
		     :
		     : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
		       "r15", "memory", "cc");
	return ret;
}

/* Stores are not reordered with stores, nor loads with loads (Intel SDM 3A, 8.2). */
static __always_inline void lkl_mb(void)
{
	asm volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc");
}

#define lkl_rmb()	barrier()
#define lkl_wmb()	barrier()
/* Every read-modify-write instruction is a full barrier. */
#define lkl_mb_atomic()	barrier()

#define LKL_EXTABLE(from, to)						\
	".pushsection __ex_table, \"a\"\n"				\
	"	.balign 8\n"						\
	"	.quad " from ", " to "\n"				\
	".popsection\n"

/* Copies until done or a fault; returns the bytes not copied. */
static __always_inline unsigned long
lkl_copy_fault(void *to, const void *from, unsigned long n)
{
	asm volatile("1:	rep movsb\n"
		     "2:\n" LKL_EXTABLE("1b", "2b")
		     : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return n;
}

static __always_inline unsigned long lkl_clear_fault(void *to, unsigned long n)
{
	asm volatile("1:	rep stosb\n"
		     "2:\n" LKL_EXTABLE("1b", "2b")
		     : "+D"(to), "+c"(n) : "a"(0) : "memory");
	return n;
}

/* One naturally sized load or store; jumps to @label on a fault. */
#define __LKL_LOAD(insn, reg, val, ptr, label)				\
	asm_goto_output("1:	" insn "	%1, %" reg "0\n"	\
			LKL_EXTABLE("1b", "%l2")			\
			: "=r"(val) : "m"(*(ptr)) : : label)
#define __LKL_STORE(insn, reg, val, ptr, label)				\
	asm goto("1:	" insn "	%" reg "0, %1\n"		\
		 LKL_EXTABLE("1b", "%l2")				\
		 : : "r"(val), "m"(*(ptr)) : "memory" : label)

#define lkl_load8(v, p, l)	__LKL_LOAD("movb", "b", v, p, l)
#define lkl_load16(v, p, l)	__LKL_LOAD("movw", "w", v, p, l)
#define lkl_load32(v, p, l)	__LKL_LOAD("movl", "k", v, p, l)
#define lkl_load64(v, p, l)	__LKL_LOAD("movq", "q", v, p, l)
#define lkl_store8(v, p, l)	__LKL_STORE("movb", "b", v, p, l)
#define lkl_store16(v, p, l)	__LKL_STORE("movw", "w", v, p, l)
#define lkl_store32(v, p, l)	__LKL_STORE("movl", "k", v, p, l)
#define lkl_store64(v, p, l)	__LKL_STORE("movq", "q", v, p, l)

/* *@p: compare with *@old and exchange for @new; the value found goes to *@old. */
#define lkl_cmpxchg32_fault(p, old, new, label)				\
	asm_goto_output("1:	lock; cmpxchgl %[_new], %[_mem]\n"	\
			LKL_EXTABLE("1b", "%l[" #label "]")		\
			: "+a"(*(old)), [_mem] "+m"(*(p))		\
			: [_new] "r"(new) : "memory" : label)

/* Long copies and fills; microcoded loops beat anything else from some 100 bytes on. */
static __always_inline void lkl_copy_long(void *to, const void *from, unsigned long n)
{
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static __always_inline void lkl_fill_long(void *to, int byte, unsigned long n)
{
	asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
}

/* SSE 4.2 (Intel SDM 2A, CPUID). Slow where a hypervisor answers. */
static __always_inline int lkl_host_has_crc32c(void)
{
	unsigned int a = 1, b, c, d;

	asm("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return c >> 20 & 1;
}

static __always_inline unsigned int lkl_crc32c64(unsigned long crc, unsigned long data)
{
	asm("crc32q %1, %0" : "+r"(crc) : "rm"(data));
	return crc;
}

static __always_inline unsigned int lkl_crc32c8(unsigned int crc, unsigned char data)
{
	asm("crc32b %1, %0" : "+r"(crc) : "qm"(data));
	return crc;
}

#endif /* !__ASSEMBLER__ */

#endif
