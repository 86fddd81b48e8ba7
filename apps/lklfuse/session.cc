// SPDX-License-Identifier: GPL-2.0
#include "session.hh"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdlib>

#include "raw_requests.hh"

namespace lkl::apps {

namespace {

/// Ends a blocking read(); there is nothing to do.
constexpr int wake_signal = SIGUSR1;

void init(void *user, fuse_conn_info *connection)
{
	negotiate(*static_cast<Served *>(user), *connection);
}

fuse_lowlevel_ops all_operations()
{
	fuse_lowlevel_ops operations = {};

	operations.init = init;
	add_name_operations(operations);
	add_directory_operations(operations);
	add_attribute_operations(operations);
	add_extended_attribute_operations(operations);
	add_data_operations(operations);
	add_control_operations(operations);
	return operations;
}

std::string joined(const std::vector<std::string> &words)
{
	std::string list;

	for (const std::string &word : words)
		list += (list.empty() ? "" : ",") + word;
	return list;
}

/// For those who have not mounted by themselves, a set-uid program.
bool run_fusermount(const std::string &mount_point, bool lazily)
{
	std::string program = "fusermount3", options = lazily ? "-uqz" : "-uq", path = mount_point,
		    end = "--";
	char *const arguments[] = {program.data(), options.data(), end.data(), path.data(), nullptr};
	posix_spawn_file_actions_t actions;
	pid_t child = -1;
	int status = -1;

	// What it says of a busy mount is known.
	::posix_spawn_file_actions_init(&actions);
	::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	const int started =
		::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
	::posix_spawn_file_actions_destroy(&actions);
	if (started != 0)
		return false;
	while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

Result<std::string> find_mount_point(const std::string &path)
{
	char resolved[PATH_MAX];
	struct stat stat, parent;

	if (::stat(path.c_str(), &stat) < 0 && errno == ENOTCONN)
		return failure("the server of what is mounted there has ended; unmount it first "
			       "(fusermount3 -u)");
	if (!::realpath(path.c_str(), resolved) || ::stat(resolved, &stat) < 0)
		return host_failure("mount point");
	if (!S_ISDIR(stat.st_mode))
		return host_failure("mount point", ENOTDIR);
	if (::stat((std::string(resolved) + "/..").c_str(), &parent) == 0 &&
	    parent.st_dev != stat.st_dev)
		return failure("something is mounted there already", EBUSY);
	return std::string(resolved);
}

Result<std::unique_ptr<Session>> Session::create(Served &served, const std::vector<std::string> &words,
						 bool debug)
{
	static const fuse_lowlevel_ops operations = all_operations();
	std::unique_ptr<Session> session(new Session(served));
	fuse_args arguments = FUSE_ARGS_INIT(0, nullptr);

	::fuse_opt_add_arg(&arguments, "lklfuse");
	::fuse_opt_add_arg(&arguments, "-o");
	::fuse_opt_add_arg(&arguments, joined(words).c_str());
	if (debug)
		::fuse_opt_add_arg(&arguments, "-d");
	session->session_ =
		::fuse_session_new(&arguments, &operations, sizeof(operations), &served);
	::fuse_opt_free_args(&arguments);
	if (!session->session_)
		return failure("the mount options are not accepted");
	served.session = session->session_;
	session->events_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
	if (!session->events_)
		return host_failure("eventfd");
	return session;
}

Session::~Session()
{
	if (mounted_)
		unmount(true);
	if (session_)
		::fuse_session_destroy(session_);
}

Result<void> Session::mount(const std::string &path)
{
	constexpr fuse_custom_io io = {
		.writev = write_answer,
		.read = [](int connection, void *buffer, std::size_t bytes, void *) {
			return ::read(connection, buffer, bytes);
		},
		.splice_receive = nullptr,
		.splice_send = nullptr,
	};

	if (::fuse_session_mount(session_, path.c_str()) != 0)
		return failure("cannot be mounted there");
	mount_point_ = path;
	mounted_ = true;
	if (::fuse_session_custom_io(session_, &io, ::fuse_session_fd(session_)) < 0)
		return failure("libfuse refuses its connection");
	// The one whose turn it is waits by poll().
	const int connection = ::fuse_session_fd(session_);
	if (::fcntl(connection, F_SETFL, ::fcntl(connection, F_GETFL) | O_NONBLOCK) < 0)
		return host_failure("connection");
	can_look_ = std::thread::hardware_concurrency() > 1;
	return {};
}

/// The next request; false at the end. One who asks often asks again at once, and is seen
/// sooner by a thread that looks than by one that has to be woken, which takes 25 us and more
/// in a virtual machine. So after a request it looks on for a moment, as long as that is
/// worth it.
bool Session::receive(fuse_buf &buffer)
{
	using Clock = std::chrono::steady_clock;
	constexpr std::chrono::microseconds moment(40);
	constexpr int most_in_vain = 8, rest = 64;
	const bool looks = can_look_ && looks_in_vain_ < most_in_vain;
	const Clock::time_point until = Clock::now() + moment;
	bool waited = false;

	// Now and then it may have become worth it.
	if (!looks && looks_in_vain_++ > rest)
		looks_in_vain_ = most_in_vain / 2;
	while (!::fuse_session_exited(session_)) {
		const int got = ::fuse_session_receive_buf(session_, &buffer);

		if (got > 0) {
			if (looks)
				looks_in_vain_ = waited ? looks_in_vain_ + 1 : 0;
			return true;
		}
		if (got != -EINTR && got != -EAGAIN)
			break;
		if (looks && Clock::now() < until)
			continue;

		pollfd ready = {::fuse_session_fd(session_), POLLIN, 0};

		waited = true;
		::poll(&ready, 1, -1);
	}
	return false;
}

void Session::serve(fuse_buf &buffer)
{
	if (!serve_raw_request(session_, served_, buffer))
		::fuse_session_process_buf(session_, &buffer);
}

void Session::work()
{
	constexpr std::uint64_t one = 1;
	const bool alone = workers_wanted_ == 1;
	fuse_buf buffer = {};
	bool going = true;

	while (going && turns_.take()) {
		bool ours = true;

		while (ours && (going = receive(buffer))) {
			pollfd more = {::fuse_session_fd(session_), POLLIN, 0};
			const Turns::Serving serving = turns_.begin(
				opcode_of(buffer), !alone && ::poll(&more, 1, 0) > 0);

			if (turns_.wakes_watch())
				(void)!::write(events_.get(), &one, sizeof(one));
			serve(buffer);
			ours = turns_.end(serving);
		}
	}
	turns_.stop();
	std::free(buffer.mem);
	over_ = true;
	working_--;
	(void)!::write(events_.get(), &one, sizeof(one));
}

/// Until a signal comes or a worker ends, which is 0.
int Session::watch(int signalled)
{
	constexpr int while_busy_ms = 20;
	pollfd events[] = {{signalled, POLLIN, 0}, {events_.get(), POLLIN, 0}};
	int timeout_ms = -1;

	while (!over_) {
		std::uint64_t count;

		if (::poll(events, std::size(events), timeout_ms) < 0)
			continue;
		if (events[0].revents)
			return 1;
		if (events[1].revents)
			(void)!::read(events_.get(), &count, sizeof(count));
		timeout_ms = while_busy_ms;
		if (!turns_.look()) {
			turns_.watch_sleeps();
			timeout_ms = -1;
			// What began in between has woken nobody.
			if (turns_.look())
				timeout_ms = while_busy_ms;
		}
	}
	return 0;
}

/// What programs have changed through mappings, and what the host's kernel has collected.
void Session::flush() const
{
	const Descriptor root(::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (root)
		::syncfs(root.get());
}

bool Session::unmount(bool lazily) const
{
	if (::geteuid() == 0)
		return ::umount2(mount_point_.c_str(), UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0;
	return run_fusermount(mount_point_, lazily);
}

/// Those that are about to read when the signal comes wait again: it comes until all have
/// seen that this is the end.
void Session::stop_workers()
{
	using namespace std::chrono_literals;

	::fuse_session_exit(session_);
	turns_.stop();
	while (working_ > 0) {
		for (std::thread &worker : workers_)
			::pthread_kill(worker.native_handle(), wake_signal);
		std::this_thread::sleep_for(2ms);
	}
}

bool Session::serve(unsigned threads)
{
	struct sigaction wake = {};
	sigset_t signals;
	bool orderly = true;

	wake.sa_handler = [](int) {};
	::sigaction(wake_signal, &wake, nullptr);
	::pthread_sigmask(SIG_BLOCK, nullptr, &signals);

	const Descriptor signalled(::signalfd(-1, &signals, SFD_CLOEXEC));
	working_ = threads;
	workers_wanted_ = threads;
	for (unsigned i = 0; i < threads; i++)
		workers_.emplace_back([this] { work(); });

	if (watch(signalled.get()) == 0) {
		mounted_ = false;
	} else {
		// A second signal ends the process.
		signalfd_siginfo which;
		(void)!::read(signalled.get(), &which, sizeof(which));
		::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
		flush();
		orderly = unmount(false);
		if (!orderly) {
			unmount(true);
			stop_workers();
		}
		mounted_ = false;
	}
	for (std::thread &worker : workers_)
		worker.join();
	return orderly;
}

} // namespace lkl::apps
