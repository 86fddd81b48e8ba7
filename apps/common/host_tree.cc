// SPDX-License-Identifier: GPL-2.0
#include "host_tree.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

namespace lkl::apps {

namespace {

mode_t mode_of_type(FileType type)
{
	switch (type) {
	case FileType::character_device: return S_IFCHR;
	case FileType::block_device: return S_IFBLK;
	case FileType::fifo: return S_IFIFO;
	default: return S_IFSOCK;
	}
}

timespec host_time(const Timestamp &time)
{
	return {time.seconds, time.nanoseconds};
}

Result<void> done(const char *what, int result)
{
	if (result < 0)
		return host_failure(what);
	return {};
}

} // namespace

void HostTree::protect(const char *path)
{
	if (const std::optional<FileId> id = HostFileSystem::id_of(path))
		protected_.push_back(*id);
}

Result<void> HostTree::make_directory(Handle parent, const char *name)
{
	return done("make directory", ::mkdirat(parent, name, 0700));
}

Result<FileSystem::Handle> HostTree::make_file(Handle parent, const char *name)
{
	const int handle = ::openat(parent, name,
				    O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (handle < 0)
		return host_failure("make file");
	return handle;
}

Result<void> HostTree::close_file(Handle file)
{
	// Where it is interrupted, it is closed all the same.
	if (::close(file) < 0 && errno != EINTR)
		return host_failure("close");
	return {};
}

Result<void> HostTree::make_symbolic_link(Handle parent, const char *name, const char *target)
{
	return done("make symbolic link", ::symlinkat(target, parent, name));
}

Result<void> HostTree::make_node(Handle parent, const char *name, const Metadata &meta)
{
	return done("make special file",
		    ::mknodat(parent, name, mode_of_type(meta.type) | 0600,
			      makedev(meta.device_major, meta.device_minor)));
}

Result<void> HostTree::make_hard_link(Handle from_parent, const char *from, Handle parent,
				      const char *name)
{
	return done("link", ::linkat(from_parent, from, parent, name, 0));
}

Result<void> HostTree::remove(Handle parent, const char *name, bool directory)
{
	if (!protected_.empty() && !directory) {
		const FileId id = TRY(files_.stat(parent, name)).id;

		if (std::ranges::find(protected_, id) != protected_.end())
			return failure("remove: is the image itself");
	}
	return done("remove", ::unlinkat(parent, name, directory ? AT_REMOVEDIR : 0));
}

Result<void> HostTree::write(Handle file, std::span<const std::byte> data, std::uint64_t offset)
{
	while (!data.empty()) {
		const ssize_t put =
			::pwrite(file, data.data(), data.size(), static_cast<off_t>(offset));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return host_failure("write", put ? errno : EIO);
		data = data.subspan(static_cast<std::size_t>(put));
		offset += static_cast<std::uint64_t>(put);
	}
	return {};
}

Result<void> HostTree::set_size(Handle file, std::uint64_t bytes)
{
	return done("set size", ::ftruncate(file, static_cast<off_t>(bytes)));
}

Result<void> HostTree::set_owner(Handle parent, const char *name, std::uint32_t uid,
				 std::uint32_t gid)
{
	return done("set owner", ::fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW));
}

Result<void> HostTree::set_permissions(Handle parent, const char *name, unsigned permissions)
{
	return done("set mode", ::fchmodat(parent, name, permissions, AT_SYMLINK_NOFOLLOW));
}

Result<void> HostTree::set_times(Handle parent, const char *name, const Timestamp &accessed,
				 const Timestamp &modified)
{
	const timespec times[2] = {host_time(accessed), host_time(modified)};

	return done("set times", ::utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW));
}

Result<void> HostTree::set_attribute(Handle parent, const char *name, const Attribute &attribute)
{
	return done(attribute.name.c_str(),
		    ::lsetxattr(HostFileSystem::path_of(parent, name).c_str(), attribute.name.c_str(),
				attribute.value.data(), attribute.value.size(), 0));
}

Result<void> HostTree::remove_attribute(Handle parent, const char *name, const char *attribute)
{
	return done(attribute,
		    ::lremovexattr(HostFileSystem::path_of(parent, name).c_str(), attribute));
}

Result<void> HostTree::sync()
{
	return durable_ ? done("sync", ::syncfs(files_.root())) : Result<void>();
}

} // namespace lkl::apps
