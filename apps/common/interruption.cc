// SPDX-License-Identifier: GPL-2.0
// A thread waits for the signals, as cleanup.hh says why.
#include "interruption.hh"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace lkl::apps {

namespace {

std::atomic<bool> came = false;

/// Those that end a program and are not ignored.
sigset_t ends()
{
	sigset_t signals;

	::sigemptyset(&signals);
	for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
		struct sigaction action;

		if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
			::sigaddset(&signals, signal);
	}
	return signals;
}

void wait_for(sigset_t signals)
{
	int signal = 0;

	::sigwait(&signals, &signal);
	came = true;
	::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

} // namespace

void hold_interruption()
{
	const sigset_t signals = ends();

	::signal(SIGPIPE, SIG_IGN);
	::signal(SIGXFSZ, SIG_IGN);
	::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void await_interruption()
{
	// Once it has unblocked them, they do there what they usually do.
	std::thread([] {
		wait_for(ends());
		for (;;)
			::pause();
	}).detach();
}

bool interrupted()
{
	return came;
}

} // namespace lkl::apps
