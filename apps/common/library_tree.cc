// SPDX-License-Identifier: GPL-2.0
#include "library_tree.hh"

#include <lkl/syscalls.h>

namespace lkl::apps {

namespace {

unsigned mode_of_type(FileType type)
{
	switch (type) {
	case FileType::character_device: return LKL_S_IFCHR;
	case FileType::block_device: return LKL_S_IFBLK;
	case FileType::fifo: return LKL_S_IFIFO;
	default: return LKL_S_IFSOCK;
	}
}

/// new_encode_dev() of the kernel's include/linux/kdev_t.h.
lkl_u32 encoded(std::uint32_t major, std::uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

lkl_timespec timespec(const Timestamp &time)
{
	return {time.seconds, time.nanoseconds};
}

} // namespace

Result<void> LibraryTree::done(const char *what, int result)
{
	if (result < 0)
		return files_.failed(what, result);
	return {};
}

Result<void> LibraryTree::make_directory(Handle parent, const char *name)
{
	return done("make directory", lkl_sys_mkdirat(kernel_, parent, name, 0700));
}

Result<FileSystem::Handle> LibraryTree::make_file(Handle parent, const char *name)
{
	const int handle = lkl_sys_openat(kernel_, parent, name,
					  LKL_O_CREAT | LKL_O_EXCL | LKL_O_WRONLY | LKL_O_NOFOLLOW |
						  LKL_O_CLOEXEC,
					  0600);

	if (handle < 0)
		return files_.failed("make file", handle);
	return handle;
}

Result<void> LibraryTree::close_file(Handle file)
{
	return done("close", lkl_sys_close(kernel_, file));
}

Result<void> LibraryTree::make_symbolic_link(Handle parent, const char *name, const char *target)
{
	return done("make symbolic link", lkl_sys_symlinkat(kernel_, target, parent, name));
}

Result<void> LibraryTree::make_node(Handle parent, const char *name, const Metadata &meta)
{
	return done("make special file",
		    lkl_sys_mknodat(kernel_, parent, name, mode_of_type(meta.type) | 0600,
				    encoded(meta.device_major, meta.device_minor)));
}

Result<void> LibraryTree::make_hard_link(Handle from_parent, const char *from, Handle parent,
					 const char *name)
{
	return done("link", lkl_sys_linkat(kernel_, from_parent, from, parent, name, 0));
}

Result<void> LibraryTree::remove(Handle parent, const char *name, bool directory)
{
	return done("remove",
		    lkl_sys_unlinkat(kernel_, parent, name, directory ? LKL_AT_REMOVEDIR : 0));
}

Result<void> LibraryTree::write(Handle file, std::span<const std::byte> data,
				std::uint64_t offset)
{
	while (!data.empty()) {
		const std::int64_t put = lkl_sys_pwrite64(kernel_, file, data.data(), data.size(),
							  static_cast<lkl_s64>(offset));

		if (put <= 0)
			return files_.failed("write", put ? put : -LKL_EIO);
		data = data.subspan(static_cast<std::size_t>(put));
		offset += static_cast<std::uint64_t>(put);
	}
	return {};
}

Result<void> LibraryTree::set_size(Handle file, std::uint64_t bytes)
{
	return done("set size", lkl_sys_ftruncate(kernel_, file, static_cast<lkl_s64>(bytes)));
}

Result<void> LibraryTree::set_owner(Handle parent, const char *name, std::uint32_t uid,
				    std::uint32_t gid)
{
	return done("set owner", lkl_sys_fchownat(kernel_, parent, name, uid, gid,
						  LKL_AT_SYMLINK_NOFOLLOW));
}

Result<void> LibraryTree::set_permissions(Handle parent, const char *name, unsigned permissions)
{
	return done("set mode", lkl_sys_fchmodat(kernel_, parent, name, permissions));
}

Result<void> LibraryTree::set_times(Handle parent, const char *name, const Timestamp &accessed,
				    const Timestamp &modified)
{
	const lkl_timespec times[2] = {timespec(accessed), timespec(modified)};

	return done("set times", lkl_sys_utimensat(kernel_, parent, name, times,
						   LKL_AT_SYMLINK_NOFOLLOW));
}

Result<void> LibraryTree::set_attribute(Handle parent, const char *name,
					const Attribute &attribute)
{
	TRY(files_.enter(parent));
	return done(attribute.name.c_str(),
		    lkl_sys_lsetxattr(kernel_, name, attribute.name.c_str(), attribute.value.data(),
				      attribute.value.size(), 0));
}

Result<void> LibraryTree::remove_attribute(Handle parent, const char *name, const char *attribute)
{
	TRY(files_.enter(parent));
	return done(attribute, lkl_sys_lremovexattr(kernel_, name, attribute));
}

Result<void> LibraryTree::sync()
{
	return done("sync", lkl_sys_syncfs(kernel_, files_.root()));
}

} // namespace lkl::apps
