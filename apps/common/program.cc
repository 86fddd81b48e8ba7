// SPDX-License-Identifier: GPL-2.0
#include "program.hh"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>

#include "descriptor.hh"

namespace lkl::apps {

namespace {

constexpr int file_place = 3;	// as program_file says

/// An ordinary user's $PATH often lacks them.
constexpr std::string_view more_places = ":/usr/local/sbin:/usr/sbin:/sbin";

/// The path of program @name; empty when there is none.
std::string find_program(const std::string &name)
{
	const char *path = std::getenv("PATH");
	std::istringstream places(std::string(path ? path : "/usr/bin:/bin") +
				  std::string(more_places));

	for (std::string place; std::getline(places, place, ':');) {
		const std::string found = (place.empty() ? "." : place) + "/" + name;

		if (::access(found.c_str(), X_OK) == 0)
			return found;
	}
	return {};
}

/// @texts as execve() wants them.
std::vector<char *> pointers(std::vector<std::string> &texts)
{
	std::vector<char *> list;

	for (std::string &text : texts)
		list.push_back(text.data());
	list.push_back(nullptr);
	return list;
}

/// What the program reads, or room for what it writes.
Result<Descriptor> text_file(std::string_view content)
{
	Descriptor file(::memfd_create("text", MFD_CLOEXEC));

	if (!file || ::pwrite(file.get(), content.data(), content.size(), 0) !=
			     static_cast<ssize_t>(content.size()))
		return host_failure("memory for a program's text");
	return file;
}

/// The end of what the program wrote; several lines stand below the message.
std::string said(int file)
{
	std::array<char, 4096> buffer;
	const off_t end = ::lseek(file, 0, SEEK_END);
	const off_t most = static_cast<off_t>(buffer.size());
	const ssize_t got = ::pread(file, buffer.data(), buffer.size(), end > most ? end - most : 0);
	std::istringstream lines(std::string(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0));
	std::vector<std::string> kept;
	std::string text;

	for (std::string line; std::getline(lines, line);)
		if (line.find_first_not_of(" \t\r") != line.npos)
			kept.push_back(line);
	if (kept.size() == 1)
		return kept.front();
	for (const std::string &line : kept)
		text += "\n  " + line;
	return text;
}

class SpawnSettings {
public:
	SpawnSettings()
	{
		sigset_t none;

		::sigemptyset(&none);
		::posix_spawn_file_actions_init(&actions_);
		::posix_spawnattr_init(&attributes_);
		::posix_spawnattr_setsigmask(&attributes_, &none);
		::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
	}
	~SpawnSettings()
	{
		::posix_spawn_file_actions_destroy(&actions_);
		::posix_spawnattr_destroy(&attributes_);
	}
	SpawnSettings(const SpawnSettings &) = delete;
	SpawnSettings &operator=(const SpawnSettings &) = delete;

	/// All but @file close themselves.
	void give(int input, int output, int file)
	{
		::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
		::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
		::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
		::posix_spawn_file_actions_adddup2(&actions_, file, file_place);
		::posix_spawn_file_actions_addclosefrom_np(&actions_, file_place + 1);
	}
	int spawn(pid_t &process, const std::string &path, char *const *arguments,
		  char *const *environment)
	{
		return ::posix_spawn(&process, path.c_str(), &actions_, &attributes_, arguments,
				     environment);
	}

private:
	posix_spawn_file_actions_t actions_;
	posix_spawnattr_t attributes_;
};

Result<int> wait_for(pid_t process)
{
	int status = 0;

	while (::waitpid(process, &status, 0) < 0)
		if (errno != EINTR)
			return host_failure("wait");
	return status;
}

} // namespace

Result<void> run_program(const Program &program, int file)
{
	const std::string path = find_program(program.name);

	if (path.empty())
		return failure(fmt::format("needs the program {}, which is not installed (Debian: {})",
					   program.name, program.package), ENOENT);

	std::vector<std::string> arguments = {program.name}, environment = program.environment;
	arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
	environment.emplace_back("LC_ALL=C");
	for (char **variable = environ; *variable; variable++)
		environment.emplace_back(*variable);

	const Descriptor input = TRY(text_file(program.input)), output = TRY(text_file({}));
	// Clear of the places that are taken on the way.
	const Descriptor given(::fcntl(file, F_DUPFD_CLOEXEC, file_place + 1));
	if (!given)
		return host_failure(program.name);

	SpawnSettings settings;
	pid_t process = -1;
	settings.give(input.get(), output.get(), given.get());
	const int refused = settings.spawn(process, path, pointers(arguments).data(),
					   pointers(environment).data());
	if (refused)
		return host_failure(program.name, refused);

	const int status = TRY(wait_for(process));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return {};

	const std::string text = said(output.get());
	if (!text.empty())
		return failure(program.name + (text.starts_with('\n') ? ":" : ": ") + text);
	return failure(WIFSIGNALED(status)
			       ? fmt::format("{}: ended by signal {}", program.name, WTERMSIG(status))
			       : fmt::format("{}: ended with status {}", program.name,
					     WEXITSTATUS(status)));
}

} // namespace lkl::apps
