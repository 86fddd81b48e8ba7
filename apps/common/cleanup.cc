// SPDX-License-Identifier: GPL-2.0
#include "cleanup.hh"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace lkl::apps {

namespace {

/// Read without a lock by remove_temporaries(), so the name is there before the
/// directory says that it is.
struct Temporary {
	std::atomic<int> directory = -1;	// -1: free
	std::array<char, NAME_MAX + 1> name;
};

/// A thread that waits for signals.
struct Watch {
	std::thread thread;
	std::atomic<bool> retiring = false;
};

// Process-wide, as signals are. Never destroyed: a thread outlives main().
struct Cleanup {
	std::mutex mutex;
	std::array<Temporary, 2> files;
	sigset_t signals;
	Watch first, renewed;
};

Cleanup &cleanup()
{
	static Cleanup &instance = *new Cleanup;

	return instance;
}

/// Tells a thread that it is retiring.
int retirement()
{
	return SIGRTMIN;
}

void wait_for_signal(const Watch &self)
{
	sigset_t one = cleanup().signals;
	int signal = 0;

	while (::sigwait(&one, &signal) != 0)
		continue;
	if (signal == retirement() && self.retiring)
		return;

	// Held until the end: main() must not rename what is being removed.
	cleanup().mutex.lock();
	remove_temporaries();

	std::signal(signal, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, signal);
	::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
	::kill(::getpid(), signal);
}

void begin(Watch &watch)
{
	watch.thread = std::thread(wait_for_signal, std::cref(watch));
}

} // namespace

void watch_signals()
{
	sigset_t &signals = cleanup().signals;

	sigemptyset(&signals);
	for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, retirement()}) {
		struct sigaction action;

		if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&signals, signal);
	}
	std::signal(SIGPIPE, SIG_IGN);
	std::signal(SIGXFSZ, SIG_IGN);
	::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
	begin(cleanup().first);
}

void renew_signal_watch()
{
	Watch &first = cleanup().first;

	first.retiring = true;
	::pthread_kill(first.thread.native_handle(), retirement());
	begin(cleanup().renewed);
}

void finish_renewal()
{
	cleanup().first.thread.join();
}

// A signal finds a temporary file either known here or not there, because making
// and ending it holds the lock.
int create_temporary(int directory, std::string &path)
{
	const std::lock_guard guard(cleanup().mutex);
	Temporary *free = nullptr;

	for (Temporary &file : cleanup().files)
		if (file.directory < 0)
			free = &file;
	if (!free) {
		errno = EMFILE;
		return -1;
	}

	const int fd = ::mkostemp(path.data(), O_CLOEXEC);

	if (fd >= 0) {
		const std::size_t name = path.rfind('/') + 1;	// 0 without a slash

		free->name[path.copy(free->name.data(), NAME_MAX, name)] = '\0';
		free->directory = directory;
	}
	return fd;
}

int end_temporary(int directory, const std::string &name, const std::string &to)
{
	const std::lock_guard guard(cleanup().mutex);
	const int result = to.empty() ? ::unlinkat(directory, name.c_str(), 0)
				      : ::renameat(directory, name.c_str(), directory, to.c_str());

	if (result == 0 || to.empty())
		for (Temporary &file : cleanup().files)
			if (file.directory == directory && name == file.name.data())
				file.directory = -1;
	return result;
}

void remove_temporaries() noexcept
{
	for (Temporary &file : cleanup().files)
		if (const int directory = file.directory; directory >= 0)
			::unlinkat(directory, file.name.data(), 0);
}

} // namespace lkl::apps
