// SPDX-License-Identifier: GPL-2.0
#include "background.hh"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace lkl::apps {

namespace {

/// In the process that was called.
[[noreturn]] void wait_for(int pipe, pid_t child)
{
	char word;
	ssize_t got;
	int status = 0;

	do
		got = ::read(pipe, &word, 1);
	while (got < 0 && errno == EINTR);
	if (got == 1)
		::_exit(0);
	while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	::_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 2);
}

} // namespace

Result<Background> Background::enter(bool foreground)
{
	if (foreground)
		return Background(Descriptor());

	int ends[2];
	if (::pipe2(ends, O_CLOEXEC) < 0)
		return host_failure("pipe");

	Descriptor read(ends[0]), write(ends[1]);
	const pid_t child = ::fork();

	if (child < 0)
		return host_failure("fork");
	if (child > 0) {
		write = Descriptor();
		wait_for(read.get(), child);
	}
	::setsid();
	return Background(std::move(write));
}

void Background::ready()
{
	if (!waiting_)
		return;

	const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
	const char word = 0;

	// It would keep whatever is mounted there busy.
	if (::chdir("/") < 0 || nothing < 0 || ::write(waiting_.get(), &word, 1) != 1)
		return;
	for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
		::dup2(nothing, standard);
	if (nothing > STDERR_FILENO)
		::close(nothing);
	waiting_ = Descriptor();
	away_ = true;
}

Result<Descriptor> take_lock(const std::string &path)
{
	Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666));
	struct flock lock = {};

	if (!file)
		return host_failure("lock");
	lock.l_type = F_WRLCK;
	lock.l_whence = SEEK_SET;
	if (::fcntl(file.get(), F_OFD_SETLK, &lock) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return failure("is locked by another process", EAGAIN);
		return host_failure("lock");
	}
	return file;
}

Result<PidFile> PidFile::create(const std::string &path)
{
	PidFile file;

	if (path.empty())
		return file;

	const Descriptor opened(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
	const std::string text = std::to_string(::getpid()) + "\n";

	if (!opened)
		return host_failure("create");
	file.path_ = path;
	if (::write(opened.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
		return host_failure("write");
	return file;
}

PidFile::~PidFile()
{
	if (!path_.empty())
		::unlink(path_.c_str());
}

} // namespace lkl::apps
