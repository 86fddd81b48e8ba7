// SPDX-License-Identifier: GPL-2.0
// enter_thread(): the alternate signal stack of threads that enter kernels.
#include <thread>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/host.hh"

namespace lkl::test {
namespace {

/// In a thread of its own, so that nothing was entered there before.
void in_new_thread(void (*body)())
{
	std::thread(body).join();
}

stack_t current_stack()
{
	stack_t stack{};
	sigaltstack(nullptr, &stack);
	return stack;
}

TEST(SignalStack, IsMadeOnce)
{
	in_new_thread([] {
		stack_t none{};
		none.ss_flags = SS_DISABLE;
		sigaltstack(&none, nullptr);
		host::enter_thread();
		stack_t made = current_stack();
		EXPECT_EQ(made.ss_flags, 0);
		EXPECT_GE(made.ss_size, static_cast<std::size_t>(sysconf(_SC_SIGSTKSZ)));
		host::enter_thread();
		EXPECT_EQ(current_stack().ss_sp, made.ss_sp);
	});
}

TEST(SignalStack, OfTheApplicationStaysWhenBigEnough)
{
	in_new_thread([] {
		std::vector<std::byte> memory(256 << 10);
		stack_t own{}, before{};
		own.ss_sp = memory.data();
		own.ss_size = memory.size();
		ASSERT_EQ(sigaltstack(&own, &before), 0);
		host::enter_thread();
		EXPECT_EQ(current_stack().ss_sp, memory.data());
		sigaltstack(&before, nullptr);
	});
}

TEST(SignalStack, TooSmallOneIsReplacedUntilTheThreadEnds)
{
	static stack_t original, at_end;
	// Made before enter_thread()'s own, so it is destroyed after that.
	struct AtEnd {
		~AtEnd()
		{
			at_end = current_stack();
			sigaltstack(&original, nullptr);
		}
	};
	std::vector<std::byte> small(static_cast<std::size_t>(sysconf(_SC_MINSIGSTKSZ)) + 4096);
	std::thread([&] {
		thread_local AtEnd witness;
		static_cast<void>(&witness);
		stack_t own{};
		own.ss_sp = small.data();
		own.ss_size = small.size();
		ASSERT_EQ(sigaltstack(&own, &original), 0);
		host::enter_thread();
		EXPECT_NE(current_stack().ss_sp, small.data());
	}).join();
	EXPECT_EQ(at_end.ss_sp, small.data());
}

} // namespace
} // namespace lkl::test
