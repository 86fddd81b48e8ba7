/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _UAPI_ASM_LKL_SIGCONTEXT_H
#define _UAPI_ASM_LKL_SIGCONTEXT_H

/* No signal is delivered to the application; generic headers want the type. */
struct sigcontext {
	unsigned long pc;
};

#endif
