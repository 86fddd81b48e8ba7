// SPDX-License-Identifier: GPL-2.0
// The library's own threads. They take no signals of the application: all are
// blocked but those that a thread brings on itself, the signals of faults, which must
// reach the handler of fault.cc, and SIGSYS, with which a seccomp filter of the
// application speaks to it.
#include "host/host.hh"
#include "host/posix/posix.hh"
#include "host/posix/system.hh"

#include <memory>
#include <new>

#include <pthread.h>
#include <sched.h>

namespace lkl::host::posix {

namespace {

/// They run callbacks of the application and I/O on this stack, but no kernel
/// code; the C library takes thread-local storage from it. Untouched pages cost
/// nothing.
constexpr std::size_t stack_bytes = 2 << 20;

struct Thread {
	pthread_t id{};
	void (*fn)(void *arg);
	void *arg;
};

void *run(void *data)
{
	const Thread &thread = *static_cast<const Thread *>(data);
	enter_thread();
	thread.fn(thread.arg);
	return nullptr;
}

/// Start @thread with the caller's signal mask.
int start(Thread &thread)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);
	if (error)
		return error;
	error = pthread_attr_setstacksize(&attributes, stack_bytes);
	if (!error)
		error = pthread_create(&thread.id, &attributes, run, &thread);
	pthread_attr_destroy(&attributes);
	return error;
}

} // namespace

lkl_s32 thread_create(void *, void (*fn)(void *arg), void *arg, void **thread) noexcept
{
	std::unique_ptr<Thread> created(new (std::nothrow) Thread{{}, fn, arg});
	if (!created)
		return -LKL_ENOMEM;

	// Inherited, so that no signal gets in before the thread could block it.
	sigset_t blocked, before;
	sigfillset(&blocked);
	for (int signal : fault_signals)
		sigdelset(&blocked, signal);
	sigdelset(&blocked, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	int error = start(*created);
	pthread_sigmask(SIG_SETMASK, &before, nullptr);
	if (error)
		return -linux_errno(error);
	*thread = created.release();
	return 0;
}

void thread_join(void *, void *thread) noexcept
{
	std::unique_ptr<Thread> ended(static_cast<Thread *>(thread));
	pthread_join(ended->id, nullptr);
}

void yield(void *) noexcept
{
	sched_yield();
}

} // namespace lkl::host::posix
