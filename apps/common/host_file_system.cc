// SPDX-License-Identifier: GPL-2.0
#include "host_file_system.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <climits>

namespace lkl::apps {

namespace {

FileType type_of_mode(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return FileType::regular;
	case S_IFDIR: return FileType::directory;
	case S_IFLNK: return FileType::symbolic_link;
	case S_IFCHR: return FileType::character_device;
	case S_IFBLK: return FileType::block_device;
	case S_IFIFO: return FileType::fifo;
	case S_IFSOCK: return FileType::socket;
	default: return FileType::unknown;
	}
}

Timestamp timestamp(const timespec &time)
{
	return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

Result<FileSystem::Handle> open_at(FileSystem::Handle parent, const char *name, int flags)
{
	const int handle = ::openat(parent, name,
				    flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (handle < 0)
		return host_failure("open");
	return handle;
}

Result<std::optional<std::uint64_t>> seek(int file, std::uint64_t offset, int whence)
{
	const off_t found = ::lseek(file, static_cast<off_t>(offset), whence);

	if (found < 0 && errno == ENXIO)
		return std::nullopt;
	if (found < 0)
		return host_failure("find holes");
	return static_cast<std::uint64_t>(found);
}

} // namespace

Result<std::unique_ptr<HostFileSystem>> HostFileSystem::open(const char *path)
{
	const int root = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return host_failure("open");

	// One handle is open per level of the tree.
	rlimit limit;
	if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		::setrlimit(RLIMIT_NOFILE, &limit);
	}
	return std::unique_ptr<HostFileSystem>(new HostFileSystem(root));
}

std::optional<FileId> HostFileSystem::id_of(const char *path)
{
	struct stat stat;

	if (::stat(path, &stat) < 0)
		return std::nullopt;
	return FileId{stat.st_dev, stat.st_ino};
}

std::string HostFileSystem::path_of(Handle parent, const char *name)
{
	return "/proc/self/fd/" + std::to_string(parent) + "/" + name;
}

HostFileSystem::~HostFileSystem()
{
	::close(root_);
}

Result<FileSystem::Handle> HostFileSystem::open_directory(Handle parent, const char *name)
{
	return open_at(parent, name, O_DIRECTORY);
}

Result<FileSystem::Handle> HostFileSystem::open_file(Handle parent, const char *name)
{
	return open_at(parent, name, 0);
}

void HostFileSystem::close(Handle handle)
{
	::close(handle);
}

Result<void> HostFileSystem::list(Handle directory, Listing &listing)
{
	const int copy = TRY(open_at(directory, ".", O_DIRECTORY));
	DIR *stream = ::fdopendir(copy);

	if (!stream) {
		const auto error = host_failure("read directory");
		::close(copy);
		return error;
	}

	errno = 0;
	while (const dirent *entry = ::readdir(stream)) {
		const std::string_view name(entry->d_name);

		if (name != "." && name != "..")
			listing.add(entry->d_ino, type_of_mode(DTTOIF(entry->d_type)), name);
	}

	const int error = errno;
	::closedir(stream);
	if (error)
		return host_failure("read directory", error);
	return {};
}

Result<Metadata> HostFileSystem::stat(Handle parent, const char *name)
{
	struct stat stat;

	if (::fstatat(parent, name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return host_failure("stat");

	Metadata meta;
	meta.type = type_of_mode(stat.st_mode);
	meta.permissions = stat.st_mode & 07777;
	meta.uid = stat.st_uid;
	meta.gid = stat.st_gid;
	meta.links = static_cast<std::uint32_t>(stat.st_nlink);
	meta.size = static_cast<std::uint64_t>(stat.st_size);
	meta.allocated = static_cast<std::uint64_t>(stat.st_blocks) * 512;
	meta.modified = timestamp(stat.st_mtim);
	meta.accessed = timestamp(stat.st_atim);
	meta.changed = timestamp(stat.st_ctim);
	meta.id = {stat.st_dev, stat.st_ino};
	meta.device_major = major(stat.st_rdev);
	meta.device_minor = minor(stat.st_rdev);
	return meta;
}

Result<std::string> HostFileSystem::read_link(Handle parent, const char *name)
{
	char target[PATH_MAX];
	const ssize_t got = ::readlinkat(parent, name, target, sizeof(target));

	if (got < 0)
		return host_failure("read link");
	return std::string(target, static_cast<std::size_t>(got));
}

Result<std::string> HostFileSystem::attribute_names(Handle parent, const char *name)
{
	return names_from(::llistxattr(path_of(parent, name).c_str(), attribute_room_.get(),
				       attribute_bytes));
}

Result<std::string> HostFileSystem::attribute_names(Handle handle)
{
	return names_from(::flistxattr(handle, attribute_room_.get(), attribute_bytes));
}

Result<std::string> HostFileSystem::names_from(ssize_t got)
{
	if (got < 0 && errno != EOPNOTSUPP)
		return host_failure("list extended attributes");
	return std::string(attribute_room_.get(), got < 0 ? 0 : static_cast<std::size_t>(got));
}

Result<std::string> HostFileSystem::attribute(Handle parent, const char *name,
					      const char *attribute)
{
	return value_from(::lgetxattr(path_of(parent, name).c_str(), attribute,
				      attribute_room_.get(), attribute_bytes),
			  attribute);
}

Result<std::string> HostFileSystem::attribute(Handle handle, const char *attribute)
{
	return value_from(::fgetxattr(handle, attribute, attribute_room_.get(), attribute_bytes),
			  attribute);
}

Result<std::string> HostFileSystem::value_from(ssize_t got, const char *attribute)
{
	if (got < 0)
		return host_failure(attribute);
	return std::string(attribute_room_.get(), static_cast<std::size_t>(got));
}

Result<std::size_t> HostFileSystem::read(Handle file, std::span<std::byte> buffer,
					 std::uint64_t offset)
{
	std::size_t done = 0;

	while (done < buffer.size()) {
		const ssize_t got = ::pread(file, buffer.data() + done, buffer.size() - done,
					    static_cast<off_t>(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && done == 0)
			return host_failure("read");
		if (got <= 0)
			break;
		done += static_cast<std::size_t>(got);
	}
	return done;
}

Result<std::optional<std::uint64_t>> HostFileSystem::next_data(Handle file, std::uint64_t offset)
{
	return seek(file, offset, SEEK_DATA);
}

Result<std::optional<std::uint64_t>> HostFileSystem::next_hole(Handle file, std::uint64_t offset)
{
	return seek(file, offset, SEEK_HOLE);
}

void HostFileSystem::forget(Handle, std::uint64_t, std::uint64_t)
{
	// The host's cache is not ours to empty: the files may be in use.
}

Result<std::uint64_t> HostFileSystem::used_bytes()
{
	struct statvfs stat;

	if (::fstatvfs(root_, &stat) < 0)
		return host_failure("statvfs");
	return static_cast<std::uint64_t>(stat.f_blocks - stat.f_bfree) * stat.f_frsize;
}

} // namespace lkl::apps
