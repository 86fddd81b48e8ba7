// SPDX-License-Identifier: GPL-2.0
// What the questions of posix_semantics.cc are asked with.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace lkl::test {

inline void say(const std::string &point, const std::string &answer)
{
	std::printf("%s: %s\n", point.c_str(), answer.c_str());
	std::fflush(stdout);
}

inline void say(const std::string &point, long answer)
{
	say(point, std::to_string(answer));
}

/// Success, or the error's name, of what a system call returned.
inline std::string outcome(long result)
{
	return result >= 0 ? "ok" : ::strerrorname_np(errno);
}

inline void ask(const std::string &point, long result)
{
	say(point, outcome(result));
}

inline int make(const char *name, mode_t mode = 0644, const std::string &content = "")
{
	const int file = ::open(name, O_RDWR | O_CREAT | O_TRUNC, mode);

	if (file < 0 || ::fchmod(file, mode) < 0 ||
	    ::write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
		std::perror(name);
		std::exit(1);
	}
	return file;
}

inline void put(const char *name, mode_t mode = 0644, const std::string &content = "")
{
	::close(make(name, mode, content));
}

inline struct stat stat_of(const char *name)
{
	struct stat stat = {};

	::lstat(name, &stat);
	return stat;
}

inline std::string mode_of(const char *name)
{
	char text[16];

	std::snprintf(text, sizeof(text), "%06o", stat_of(name).st_mode);
	return text;
}

inline std::string content_of(int file)
{
	std::string text(1 << 16, '\0');
	const ssize_t got = ::pread(file, text.data(), text.size(), 0);

	text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
	return got < 0 ? outcome(got) : text;
}

inline std::string content_of(const char *name)
{
	const int file = ::open(name, O_RDONLY);
	const std::string text = file < 0 ? outcome(file) : content_of(file);

	if (file >= 0)
		::close(file);
	return text;
}

/// @body in a process of user @uid, who is in @groups, the first of which is his own.
inline void as_user(uid_t uid, const std::vector<gid_t> &groups, const std::function<void()> &body)
{
	const pid_t child = ::fork();

	if (child == 0) {
		if (::setgroups(groups.size(), groups.data()) < 0 || ::setgid(groups.front()) < 0 ||
		    ::setuid(uid) < 0)
			std::perror("become another user");
		body();
		std::fflush(stdout);
		::_exit(0);
	}
	::waitpid(child, nullptr, 0);
}

std::vector<std::string> names_in(DIR *directory)
{
	std::vector<std::string> names;

	while (const dirent *entry = ::readdir(directory))
		names.emplace_back(entry->d_name);
	std::ranges::sort(names);
	return names;
}

} // namespace lkl::test
