// SPDX-License-Identifier: GPL-2.0
// How the tools change a tree of files, in an image (LibraryTree) or on the host
// (HostTree). Names and handles are those of FileSystem: an open directory and one
// name in it; symbolic links are never followed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "file_system.hh"

namespace lkl::apps {

/// For one thread. Error codes are errnos, of the kernel that has the tree.
class WritableFileSystem {
public:
	using Handle = FileSystem::Handle;

	virtual ~WritableFileSystem() = default;

	/// The same tree, for looking at it; handles are shared.
	virtual FileSystem &files() = 0;

	/// New entries, EEXIST where @name is taken. For their owner alone until
	/// set_permissions(). The file is open for writing.
	virtual Result<void> make_directory(Handle parent, const char *name) = 0;
	virtual Result<Handle> make_file(Handle parent, const char *name) = 0;
	virtual Result<void> make_symbolic_link(Handle parent, const char *name,
						const char *target) = 0;
	/// A device, fifo or socket, as @meta says.
	virtual Result<void> make_node(Handle parent, const char *name, const Metadata &meta) = 0;
	virtual Result<void> make_hard_link(Handle from_parent, const char *from, Handle parent,
					    const char *name) = 0;
	/// Anything but a directory, or an empty directory.
	virtual Result<void> remove(Handle parent, const char *name, bool directory) = 0;

	/// All of @data at @offset of a file from make_file().
	virtual Result<void> write(Handle file, std::span<const std::byte> data,
				   std::uint64_t offset) = 0;
	/// The end of a file from make_file(), instead of FileSystem::close(): some errors of
	/// writing come this late.
	virtual Result<void> close_file(Handle file) = 0;
	/// What is added reads as zeroes and takes no room.
	virtual Result<void> set_size(Handle file, std::uint64_t bytes) = 0;

	/// @name may be "." for @parent itself.
	virtual Result<void> set_owner(Handle parent, const char *name, std::uint32_t uid,
				       std::uint32_t gid) = 0;
	/// Not of symbolic links, which have none.
	virtual Result<void> set_permissions(Handle parent, const char *name,
					     unsigned permissions) = 0;
	virtual Result<void> set_times(Handle parent, const char *name, const Timestamp &accessed,
				       const Timestamp &modified) = 0;
	virtual Result<void> set_attribute(Handle parent, const char *name,
					   const Attribute &attribute) = 0;
	/// ENODATA where there is none.
	virtual Result<void> remove_attribute(Handle parent, const char *name,
					      const char *attribute) = 0;

	/// Everything so far is on the disk, or the Error says that it is not.
	virtual Result<void> sync() = 0;
};

} // namespace lkl::apps
