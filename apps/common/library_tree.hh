// SPDX-License-Identifier: GPL-2.0
// A tree of files inside a kernel of the library, for writing.
#pragma once

#include <lkl.h>

#include "library_file_system.hh"
#include "writable_file_system.hh"

namespace lkl::apps {

class LibraryTree final : public WritableFileSystem {
public:
	/// @files must outlive it, and serves the same thread.
	LibraryTree(lkl_kernel *kernel, LibraryFileSystem &files) : kernel_(kernel), files_(files) {}

	FileSystem &files() override { return files_; }
	Result<void> make_directory(Handle parent, const char *name) override;
	Result<Handle> make_file(Handle parent, const char *name) override;
	Result<void> close_file(Handle file) override;
	Result<void> make_symbolic_link(Handle parent, const char *name,
					const char *target) override;
	Result<void> make_node(Handle parent, const char *name, const Metadata &meta) override;
	Result<void> make_hard_link(Handle from_parent, const char *from, Handle parent,
				    const char *name) override;
	Result<void> remove(Handle parent, const char *name, bool directory) override;
	Result<void> write(Handle file, std::span<const std::byte> data,
			   std::uint64_t offset) override;
	Result<void> set_size(Handle file, std::uint64_t bytes) override;
	Result<void> set_owner(Handle parent, const char *name, std::uint32_t uid,
			       std::uint32_t gid) override;
	Result<void> set_permissions(Handle parent, const char *name, unsigned permissions) override;
	Result<void> set_times(Handle parent, const char *name, const Timestamp &accessed,
			       const Timestamp &modified) override;
	Result<void> set_attribute(Handle parent, const char *name,
				   const Attribute &attribute) override;
	Result<void> remove_attribute(Handle parent, const char *name,
				      const char *attribute) override;
	Result<void> sync() override;

private:
	Result<void> done(const char *what, int result);

	lkl_kernel *const kernel_;
	LibraryFileSystem &files_;
};

} // namespace lkl::apps
