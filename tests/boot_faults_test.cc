// SPDX-License-Identifier: GPL-2.0
// Faults of the application go to the application's own handler, the kernel's to
// the kernel, whichever handler was there first.
//
// One program with one test: the library takes its place among the handlers when
// the first instance of a process is made.

#include "support_memory.hh"

#include <csetjmp>
#include <csignal>

using namespace lkl::test;

namespace {

sigjmp_buf own_handler_ran;
volatile bool fault_is_own;
struct sigaction installed_before;

void handle_own_fault(int)
{
	siglongjmp(own_handler_ran, 1);
}

/// A handler installed later passes on what is none of its own.
void handle_or_pass_on(int signal, siginfo_t *info, void *context)
{
	if (fault_is_own)
		siglongjmp(own_handler_ran, 1);
	installed_before.sa_sigaction(signal, info, context);
}

/// Whether the application's own handler gets the application's own fault.
bool own_fault_is_ours(const GuardedPages &pages)
{
	if (sigsetjmp(own_handler_ran, 1)) {
		fault_is_own = false;
		return true;
	}
	fault_is_own = true;
	*static_cast<volatile char *>(pages.end()) = 1;
	return false;
}

TEST(BootFaults, OfTheApplicationReachItsOwnHandler)
{
	const GuardedPages pages;
	struct sigaction own = {};

	own.sa_handler = handle_own_fault;
	::sigaction(SIGSEGV, &own, nullptr);
	EXPECT_TRUE(own_fault_is_ours(pages));
	{
		Instance kernel;

		EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, pages.end(), 0, 0), -LKL_EFAULT);
		EXPECT_TRUE(own_fault_is_ours(pages));
		EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, pages.end(), 0, 0), -LKL_EFAULT);
		in_threads(2, [&](unsigned) {
			EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, pages.end(), 0, 0), -LKL_EFAULT);
		});
	}
	EXPECT_TRUE(own_fault_is_ours(pages));

	Instance kernel;
	struct sigaction later = {};

	later.sa_sigaction = handle_or_pass_on;
	later.sa_flags = SA_SIGINFO | SA_ONSTACK;
	::sigaction(SIGSEGV, &later, &installed_before);
	EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, pages.end(), 0, 0), -LKL_EFAULT);
	EXPECT_TRUE(own_fault_is_ours(pages));
	EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, pages.end(), 0, 0), -LKL_EFAULT);
	::sigaction(SIGSEGV, &installed_before, nullptr);
}

} // namespace
