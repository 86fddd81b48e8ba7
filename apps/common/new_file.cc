// SPDX-License-Identifier: GPL-2.0
#include "new_file.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

/// @path with symbolic links resolved, so that their target is replaced.
std::string resolved(const std::string &path)
{
	char buffer[PATH_MAX];

	return ::realpath(path.c_str(), buffer) ? buffer : path;
}

std::string open_file_path(int file)
{
	return fmt::format("/proc/self/fd/{}", file);
}

/// A name that nothing else has.
std::string random_name(const std::string &name)
{
	constexpr std::size_t ending_bytes = 17;	// ".partial-" and eight digits

	return fmt::format("{}.partial-{:08x}", name.substr(0, NAME_MAX - ending_bytes),
			   std::random_device()());
}

/// In @directory, and gone with its descriptor; invalid where it needs a name.
Descriptor unnamed_file(int directory)
{
	return Descriptor(::openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

/// In @directory, by a name, which is left in @name.
Descriptor named_file(int directory, std::string &name)
{
	name = random_name(name);
	return Descriptor(::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
				   0600));
}

Result<void> check_target(const std::string &path, bool replace)
{
	struct stat stat;

	if (::stat(path.c_str(), &stat) < 0)
		return errno == ENOENT ? Result<void>() : host_failure("create");
	if (!S_ISREG(stat.st_mode))
		return failure("create: it exists and is no regular file", EEXIST);
	if (!replace)
		return failure("create: it exists; --force replaces it", EEXIST);
	return {};
}

} // namespace

Result<std::unique_ptr<NewFile>> NewFile::create(const std::string &path, bool replace,
						 bool confined)
{
	TRY(check_target(path, replace));

	const std::string whole = resolved(path);
	const std::size_t slash = whole.rfind('/');
	const std::string where = slash == whole.npos ? "." : slash == 0 ? "/" : whole.substr(0, slash);
	Descriptor directory(::open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (!directory)
		return host_failure("create");

	std::unique_ptr<NewFile> made(
		new NewFile(std::move(directory), whole.substr(slash + 1), replace, confined));
	const int in = made->directory_.get();

	if (!confined)
		made->file_ = unnamed_file(in);
	if (!made->file_) {
		std::string temporary = made->name_;

		made->file_ = named_file(in, temporary);
		if (!made->file_)
			return host_failure("create");
		made->temporary_ = temporary;
	}
	if (confined)
		TRY(made->set_permissions());
	return made;
}

NewFile::~NewFile()
{
	if (!temporary_.empty())
		::unlinkat(directory_.get(), temporary_.c_str(), 0);
}

std::string NewFile::own_path() const
{
	return open_file_path(file_.get());
}

Result<Descriptor> NewFile::companion() const
{
	Descriptor file = unnamed_file(directory_.get());

	if (!file) {
		std::string name = name_;

		file = named_file(directory_.get(), name);
		if (!file)
			return host_failure("create");
		::unlinkat(directory_.get(), name.c_str(), 0);
	}
	return file;
}

Result<void> NewFile::link_to(const std::string &name)
{
	if (::linkat(AT_FDCWD, own_path().c_str(), directory_.get(), name.c_str(),
		     AT_SYMLINK_FOLLOW) < 0)
		return host_failure("create");
	return {};
}

/// From its temporary name to its own, where nothing may be unless it is replaced.
Result<void> NewFile::rename()
{
	const int in = directory_.get();

	if (::renameat2(in, temporary_.c_str(), in, name_.c_str(),
			replace_ ? 0 : RENAME_NOREPLACE) == 0) {
		temporary_.clear();
		return {};
	}
	// Not known to the file system: another name, which never replaces one, is.
	if (errno != EINVAL || replace_)
		return host_failure("rename");
	if (confined_)
		return failure("rename: its file system cannot tell whether that replaces a file; "
			       "--force does not ask, --no-sandbox has another way");
	return link_to(name_);	// and the temporary name goes with us
}

/// It was made private; the user's umask decides.
Result<void> NewFile::set_permissions()
{
	const mode_t mask = ::umask(0);
	::umask(mask);

	if (::fchmod(file_.get(), 0666 & ~mask) < 0)
		return host_failure("set permissions");
	return {};
}

Result<void> NewFile::keep()
{
	if (!confined_)
		TRY(set_permissions());
	if (::fsync(file_.get()) < 0)
		return host_failure("flush");
	// Replacing takes a rename, and that a name.
	if (temporary_.empty() && replace_) {
		const std::string name = random_name(name_);

		TRY(link_to(name));
		temporary_ = name;
	}
	TRY(temporary_.empty() ? link_to(name_) : rename());
	// The name is durable only with its directory. Where that cannot be asked for, the
	// file is complete all the same.
	::fsync(directory_.get());
	return {};
}

} // namespace lkl::apps
