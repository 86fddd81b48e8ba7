/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel image built into the library, as bytes
 *
 * The build defines LKL_KERNEL_IMAGE as the path of the stripped image. Without
 * it the image is empty (begin == end): programs that never start a kernel,
 * such as the unit tests, then link and run before any kernel was built.
 *
 * In C++:
 *	extern "C" const std::byte lkl_kernel_image[], lkl_kernel_image_end[];
 *
 * Page alignment, in memory and so in the file too, lets the loader map the
 * image's pages from the program's own file instead of copying them.
 */
	.section .lkl_kernel_image, "a", @progbits
	.balign	4096
	.globl	lkl_kernel_image
	.hidden	lkl_kernel_image
	.type	lkl_kernel_image, @object
lkl_kernel_image:
#ifdef LKL_KERNEL_IMAGE
	.incbin	LKL_KERNEL_IMAGE
#endif
	.size	lkl_kernel_image, . - lkl_kernel_image
	.globl	lkl_kernel_image_end
	.hidden	lkl_kernel_image_end
lkl_kernel_image_end:
	.balign	4096

	.section .note.GNU-stack, "", @progbits
