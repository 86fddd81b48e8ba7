/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Typed system calls: lkl_sys_NAME(instance, the call's own arguments).
 *
 * Each is Linux's call of that name (see its manual page, section 2), made by
 * the calling thread's task in @kernel, and returns what the kernel returns: a
 * negative LKL_E* on failure, never -1 with errno. Sizes are bytes. Calls with
 * a file offset take it whole; calls with a signal mask take its size too
 * (LKL_SIGSET_BYTES, or 0 with no mask). For anything not here there is
 * lkl_syscall().
 */
#ifndef LKL_SYSCALLS_H
#define LKL_SYSCALLS_H

#include <lkl/syscalls_event.h>
#include <lkl/syscalls_file.h>
#include <lkl/syscalls_path.h>
#include <lkl/syscalls_process.h>
#include <lkl/syscalls_socket.h>

#endif /* LKL_SYSCALLS_H */
