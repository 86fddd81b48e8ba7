// SPDX-License-Identifier: GPL-2.0
// The alternate signal stack of each thread that enters kernels: a fault on a
// kernel stack, which is small and may be what is broken, is handled there.
#include "host/host.hh"
#include "host/posix/posix.hh"
#include "host/posix/system.hh"

#include <pthread.h>
#include <signal.h>

namespace lkl::host {

namespace {

using namespace posix;

/// For the handlers themselves, on top of the frame the signal takes; enough that
/// sanitizers' and crash reporters' stacks usually suffice, and stay.
constexpr std::size_t least_handler_bytes = 16 << 10;
constexpr std::size_t our_handler_bytes = 64 << 10;

/// Give the calling thread one if it has none that is big enough, and take it
/// back at the thread's end.
class SignalStack {
public:
	SignalStack()
	{
		stack_t current{};
		if (sigaltstack(nullptr, &current) < 0 || (current.ss_flags & SS_ONSTACK))
			return;
		if (!(current.ss_flags & SS_DISABLE) &&
		    current.ss_size >= minimal_signal_stack() + least_handler_bytes)
			return;

		std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
		std::size_t bytes = recommended_signal_stack() + our_handler_bytes;
		bytes = (bytes + page - 1) / page * page;
		Mapping stack(mmap(nullptr, page + bytes, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			      page + bytes);
		// The page below stays inaccessible: an overflow must not go unseen.
		if (!stack || mprotect(stack.data() + page, bytes, PROT_READ | PROT_WRITE) < 0)
			return;
		stack_t ours{};
		ours.ss_sp = stack.data() + page;
		ours.ss_size = bytes;
		if (sigaltstack(&ours, &before_) < 0)
			return;
		start_ = ours.ss_sp;
		stack_ = std::move(stack);
	}

	SignalStack(const SignalStack &) = delete;
	SignalStack &operator=(const SignalStack &) = delete;

	~SignalStack()
	{
		stack_t current{};
		// Somebody's own stack, set up after ours, is left alone.
		if (stack_ && sigaltstack(nullptr, &current) == 0 && current.ss_sp == start_)
			sigaltstack(&before_, nullptr);
	}

private:
	Mapping stack_;
	void *start_ = nullptr;
	stack_t before_{};
};

void unblock_fault_signals()
{
	sigset_t faults;
	sigemptyset(&faults);
	for (int signal : fault_signals)
		sigaddset(&faults, signal);
	pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
}

} // namespace

void enter_thread()
{
	// Without a destructor, so that it can still be asked at the thread's end.
	thread_local constinit bool entered = false;
	if (entered)
		return;
	entered = true;
	unblock_fault_signals();
	thread_local SignalStack stack;
}

} // namespace lkl::host
