// SPDX-License-Identifier: GPL-2.0
#include "cleanup.hh"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace lkl::apps {

namespace {

// Process-wide, as signals are. Never destroyed: the thread outlives main().
struct Cleanup {
	std::mutex mutex;
	std::string path;
};

Cleanup &cleanup()
{
	static Cleanup &instance = *new Cleanup;

	return instance;
}

void wait_for_signal(sigset_t signals)
{
	int signal = 0;

	while (::sigwait(&signals, &signal) != 0)
		continue;

	// Held until the end: main() must not rename what is being removed.
	cleanup().mutex.lock();
	if (!cleanup().path.empty())
		::unlink(cleanup().path.c_str());

	std::signal(signal, SIG_DFL);
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, signal);
	::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
	::kill(::getpid(), signal);
}

} // namespace

void watch_signals()
{
	sigset_t signals;

	sigemptyset(&signals);
	for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
		struct sigaction action;

		if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&signals, signal);
	}
	std::signal(SIGPIPE, SIG_IGN);
	std::signal(SIGXFSZ, SIG_IGN);
	::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
	std::thread(wait_for_signal, signals).detach();
}

// A signal finds a temporary file either known here or not there, because making
// and ending it holds the lock.
int create_temporary(std::string &path)
{
	const std::lock_guard guard(cleanup().mutex);
	const int fd = ::mkostemp(path.data(), O_CLOEXEC);

	if (fd >= 0)
		cleanup().path = path;
	return fd;
}

int end_temporary(const std::string &path, const std::string &to)
{
	const std::lock_guard guard(cleanup().mutex);
	const int result = to.empty() ? ::unlink(path.c_str())
				      : std::rename(path.c_str(), to.c_str());

	if (result == 0)
		cleanup().path.clear();
	return result;
}

} // namespace lkl::apps
