// SPDX-License-Identifier: GPL-2.0
#include "target_file.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "cleanup.hh"

namespace lkl::apps {

namespace {

bool same_file(const struct stat &a, const struct stat &b)
{
	// Two nodes may name one block device.
	if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode))
		return a.st_rdev == b.st_rdev;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// @path with symbolic links resolved, so that their target is replaced.
std::string resolved(const std::string &path)
{
	char buffer[PATH_MAX];

	return ::realpath(path.c_str(), buffer) ? buffer : path;
}

std::string directory_of(const std::string &path)
{
	const std::size_t slash = path.rfind('/');

	return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_in_directory(const std::string &path)
{
	return path.substr(path.rfind('/') + 1);
}

/// For what is made and renamed there. A directory may allow that and not reading,
/// and then cannot be flushed.
int open_directory(const std::string &path)
{
	constexpr int flags = O_DIRECTORY | O_CLOEXEC;
	const int directory = ::open(path.c_str(), O_RDONLY | flags);

	return directory >= 0 || errno != EACCES ? directory : ::open(path.c_str(), O_PATH | flags);
}

} // namespace

Result<std::unique_ptr<TargetFile>> TargetFile::create(const std::string &path,
						       const std::string &source)
{
	const bool standard = path.empty() || path == "-";
	const std::string name = standard ? "standard output" : path;
	struct stat stat;
	struct stat source_stat;

	if (standard && ::isatty(STDOUT_FILENO))
		return failure(name + ": is a terminal; name a file, or redirect");

	const bool exists = (standard ? ::fstat(STDOUT_FILENO, &stat)
				      : ::stat(path.c_str(), &stat)) == 0;
	if (exists && ::stat(source.c_str(), &source_stat) == 0 && same_file(stat, source_stat))
		return failure(name + ": is the image itself");
	if (exists && S_ISDIR(stat.st_mode))
		return host_failure(name + ": open", EISDIR);
	if (!standard && (!exists || S_ISREG(stat.st_mode)))
		return temporary(name, resolved(path));

	const int fd = standard ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
				: ::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return host_failure(name + ": open");

	std::unique_ptr<TargetFile> target(new TargetFile(fd, name));
	target->slow_ = !exists || !S_ISCHR(stat.st_mode);
	return target;
}

Result<std::unique_ptr<TargetFile>> TargetFile::temporary(const std::string &name,
							  const std::string &path)
{
	const mode_t mask = ::umask(0);
	::umask(mask);

	const std::string ending = ".partial-XXXXXX";
	std::string temporary = path + ending;
	// The file's name may be as long as names can be.
	if (temporary.size() - (path.rfind('/') + 1) > NAME_MAX)
		temporary = directory_of(path) + "/" + ending;

	const int directory = open_directory(directory_of(path));
	if (directory < 0)
		return host_failure(name + ": create");

	std::unique_ptr<TargetFile> target(new TargetFile(-1, name));
	target->directory_ = directory;
	target->fd_ = create_temporary(directory, temporary);
	if (target->fd_ < 0)
		return host_failure(name + ": create");
	target->final_ = name_in_directory(path);
	target->temporary_ = name_in_directory(temporary);
	// It was made private; the user's umask decides.
	if (::fchmod(target->fd_, 0666 & ~mask) < 0)
		return target->failed("set permissions");
	return target;
}

std::unexpected<Error> TargetFile::failed(const char *what) const
{
	return host_failure(name_ + ": " + what);
}

TargetFile::~TargetFile()
{
	if (fd_ >= 0)
		::close(fd_);
	if (!temporary_.empty())
		end_temporary(directory_, temporary_, {});
	if (directory_ >= 0)
		::close(directory_);
}

Result<void> TargetFile::write(std::span<const std::byte> bytes)
{
	while (!bytes.empty()) {
		const ssize_t done = ::write(fd_, bytes.data(), bytes.size());

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return failed("write");
		bytes = bytes.subspan(static_cast<std::size_t>(done));
	}
	return {};
}

Result<void> TargetFile::finish()
{
	// Pipes and the like have nothing to make durable.
	if (::fsync(fd_) < 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
		return failed("flush");

	const int fd = std::exchange(fd_, -1);
	if (::close(fd) < 0 && errno != EINTR)
		return failed("close");
	return {};
}

Result<void> TargetFile::commit()
{
	if (final_.empty())
		return {};
	if (end_temporary(directory_, temporary_, final_) < 0)
		return failed("rename");
	temporary_.clear();

	// The name is durable only with its directory. Where that cannot be asked
	// for, the file is complete all the same.
	::fsync(directory_);
	return {};
}

} // namespace lkl::apps
