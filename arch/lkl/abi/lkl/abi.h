/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system call interface of the library's kernels, for their callers.
 *
 * Fixed-width types and plain constants: the 64-bit generic Linux ABI
 * (asm-generic), the same on every host, written so that the kernel's own
 * compiler can prove it against the kernel's headers and so that it can be
 * included beside any host's headers. Hence its rules
 *
 *  - nothing is included but host_ops.h, for the integer types;
 *  - every name starts with lkl_ or LKL_; struct members are called as in
 *    Linux, except where host headers are known to define the name as a macro
 *    (st_atime, s_addr, ifr_*);
 *  - pointers are pointers of this process; hosts are 64-bit, so they fill the
 *    eight bytes that Linux's structures have for them.
 *
 * In parts: errno values, system call numbers, files, mounts and
 * ioctls, events and time, sockets.
 */
#ifndef LKL_ABI_H
#define LKL_ABI_H

#include <lkl/abi_errno.h>
#include <lkl/abi_event.h>
#include <lkl/abi_file.h>
#include <lkl/abi_mount.h>
#include <lkl/abi_socket.h>
#include <lkl/abi_syscalls.h>

#endif /* LKL_ABI_H */
