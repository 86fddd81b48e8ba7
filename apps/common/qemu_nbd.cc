// SPDX-License-Identifier: GPL-2.0
#include "qemu_nbd.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "program_walls.hh"

namespace lkl::apps {

namespace {

constexpr const char *program = "qemu-nbd";

/// How long writing back what it holds may take it at the end.
constexpr int end_timeout_ms = 120 * 1000;

/// A directory for the moment in which a socket has a name.
class PrivateDirectory {
public:
	static Result<PrivateDirectory> create()
	{
		const char *place = std::getenv("TMPDIR");
		std::string path = std::string(place && *place ? place : "/tmp") + "/lkl-nbd-XXXXXX";

		if (!::mkdtemp(path.data()))
			return host_failure(path);
		return PrivateDirectory(std::move(path));
	}
	PrivateDirectory(PrivateDirectory &&other) noexcept : path_(std::exchange(other.path_, {})) {}
	~PrivateDirectory()
	{
		if (path_.empty())
			return;
		::unlink(socket_path().c_str());
		::rmdir(path_.c_str());
	}

	std::string socket_path() const { return path_ + "/socket"; }

private:
	explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}

	std::string path_;
};

/// The parts of a program's start that fork() and execve() leave open, made before as
/// there may be only system calls in between.
struct Launch {
	std::vector<std::string> arguments, environment;
	std::array<char, 32> own_id = {};	// "LISTEN_PID=...", completed in the child
	std::vector<char *> argument_list, environment_list;
	int listener, messages;
	ProgramWalls walls;

	void complete()
	{
		for (char **variable = environ; *variable; variable++)
			if (!std::string_view(*variable).starts_with("LISTEN_") &&
			    !std::string_view(*variable).starts_with("LC_"))
				environment.emplace_back(*variable);
		environment.emplace_back("LC_ALL=C");
		environment.emplace_back("LISTEN_FDS=1");
		for (std::string &text : arguments)
			argument_list.push_back(text.data());
		argument_list.push_back(nullptr);
		for (std::string &text : environment)
			environment_list.push_back(text.data());
		environment_list.push_back(own_id.data());
		environment_list.push_back(nullptr);
	}
};

/// In the child: become the program, or return with errno set.
void execute(Launch &launch, pid_t parent)
{
	constexpr int first_listener = 3;	// sd_listen_fds(3)
	constexpr std::string_view id_key = "LISTEN_PID=";
	sigset_t none;

	// Before anything else, so that no death of the parent is missed.
	::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (::getppid() != parent)
		::_exit(1);
	// Out of reach of the terminal's signals: our own process decides when to end.
	::setsid();
	sigemptyset(&none);
	::pthread_sigmask(SIG_SETMASK, &none, nullptr);

	char *const id = std::ranges::copy(id_key, launch.own_id.data()).out;
	std::to_chars(id, launch.own_id.data() + launch.own_id.size() - 1, ::getpid());

	const int nothing = ::open("/dev/null", O_RDWR);
	// Clear of the places that are going to be taken.
	const int listener = ::fcntl(launch.listener, F_DUPFD, first_listener + 1);
	const int messages = ::fcntl(launch.messages, F_DUPFD, first_listener + 1);

	if (nothing < 0 || listener < 0 || messages < 0)
		return;
	if (::dup2(nothing, STDIN_FILENO) < 0 || ::dup2(nothing, STDOUT_FILENO) < 0 ||
	    ::dup2(messages, STDERR_FILENO) < 0 || ::dup2(listener, first_listener) < 0)
		return;
	// The user's open files are not its business. Those that stay close themselves.
	::syscall(SYS_close_range, first_listener + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	launch.walls.raise();
	::execvpe(program, launch.argument_list.data(), launch.environment_list.data());
}

/// The result of execve() in the child: 0 or its errno.
int launch_result(int pipe)
{
	int code = 0;
	ssize_t got;

	do
		got = ::read(pipe, &code, sizeof(code));
	while (got < 0 && errno == EINTR);
	return got == sizeof(code) ? code : 0;
}

/// Our description of the image says nothing to its owner.
std::string tidy(std::string text)
{
	for (std::size_t at; (at = text.find("'json:")) != text.npos;) {
		const std::size_t end = text.find("}': ", at);

		text.erase(at, end == text.npos ? end : end + 4 - at);
	}
	while (!text.empty() && text.back() == '\n')
		text.pop_back();
	std::ranges::replace(text, '\n', ' ');
	return text;
}

std::vector<std::string> arguments_for(const QemuNbdOptions &options)
{
	constexpr std::string_view parameter = "snapshot.";
	std::vector<std::string> arguments = {program, fmt::format("--shared={}", options.connections)};

	arguments.push_back(options.writable ? "--discard=unmap" : "--read-only");
	if (options.snapshot.starts_with(parameter))
		arguments.push_back("--load-snapshot=snapshot.name=" + options.snapshot);
	else if (!options.snapshot.empty())
		arguments.push_back("--load-snapshot=" + options.snapshot);
	arguments.push_back(options.image.name);
	return arguments;
}

} // namespace

Result<std::unique_ptr<QemuNbd>> QemuNbd::start(const QemuNbdOptions &options)
{
	std::unique_ptr<QemuNbd> server(new QemuNbd);

	TRY(server->run(options, TRY(server->connect(options.connections))));
	return server;
}

/// Make a socket that listens, and connect to it. It accepts later.
Result<Descriptor> QemuNbd::connect(unsigned connections)
{
	const PrivateDirectory directory = TRY(PrivateDirectory::create());
	const std::string path = directory.socket_path();
	sockaddr_un address = {AF_UNIX, {}};

	if (path.size() >= sizeof(address.sun_path))
		return failure(path + ": too long a path for a socket; TMPDIR names another place");
	path.copy(address.sun_path, sizeof(address.sun_path) - 1);

	const auto *const name = reinterpret_cast<const sockaddr *>(&address);
	Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (!listener || ::bind(listener.get(), name, sizeof(address)) < 0 ||
	    ::listen(listener.get(), static_cast<int>(connections)) < 0)
		return host_failure("socket for qemu-nbd");
	for (unsigned i = 0; i < connections; i++) {
		Descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

		if (!connection || ::connect(connection.get(), name, sizeof(address)) < 0)
			return host_failure("connect to qemu-nbd");
		connections_.push_back(std::move(connection));
	}
	return listener;
}

Result<void> QemuNbd::run(const QemuNbdOptions &options, Descriptor listener)
{
	int messages[2], result[2];

	// Messages that nobody reads must not stop it.
	if (::pipe2(messages, O_CLOEXEC) < 0)
		return host_failure("pipe");
	messages_ = Descriptor(messages[0]);
	const Descriptor messages_in(messages[1]);
	if (::fcntl(messages_in.get(), F_SETFL, O_NONBLOCK) < 0)
		return host_failure("pipe");
	if (::pipe2(result, O_CLOEXEC) < 0)
		return host_failure("pipe");
	const Descriptor result_out(result[0]);
	Descriptor result_in(result[1]);

	Launch launch;
	launch.arguments = arguments_for(options);
	launch.listener = listener.get();
	launch.messages = messages_in.get();
	if (options.confined)
		launch.walls = ProgramWalls::create(options.writable ? options.image.files
								     : std::vector<std::string>());
	launch.complete();

	const pid_t parent = ::getpid();
	process_ = ::fork();
	if (process_ < 0)
		return host_failure("start qemu-nbd");
	if (process_ == 0) {
		execute(launch, parent);

		const int code = errno;
		[[maybe_unused]] const ssize_t told = ::write(result_in.get(), &code, sizeof(code));
		::_exit(127);
	}
	result_in.close();

	const int code = launch_result(result_out.get());
	if (code) {
		::waitpid(process_, nullptr, 0);
		return code == ENOENT ? failure("needs the program qemu-nbd, which is not installed "
						"(Debian: qemu-utils)", code)
				      : host_failure("start qemu-nbd", code);
	}
	process_file_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
	return process_file_ ? Result<void>() : host_failure("watch qemu-nbd");
}

std::string QemuNbd::complaint() const
{
	std::string text(4096, '\0');
	const ssize_t got = ::read(messages_.get(), text.data(), text.size());

	text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
	return tidy(std::move(text));
}

Result<void> QemuNbd::end()
{
	pollfd ended = {process_file_.get(), POLLIN, 0};
	int status = 0;
	int ready;

	do
		ready = ::poll(&ended, 1, end_timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return failure("qemu-nbd does not end");
	if (::waitpid(process_, &status, 0) < 0)
		return host_failure("wait for qemu-nbd");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return {};

	const std::string said = complaint();
	if (!said.empty())
		return failure(said);
	return failure(WIFSIGNALED(status)
			       ? fmt::format("qemu-nbd: ended by signal {}", WTERMSIG(status))
			       : fmt::format("qemu-nbd: ended with status {}", WEXITSTATUS(status)));
}

} // namespace lkl::apps
