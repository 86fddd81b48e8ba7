// SPDX-License-Identifier: GPL-2.0
// A tree of files on the host, for writing.
#pragma once

#include <vector>

#include "host_file_system.hh"
#include "writable_file_system.hh"

namespace lkl::apps {

class HostTree final : public WritableFileSystem {
public:
	/// @files must outlive it. @durable: sync() waits for the host's disk.
	HostTree(HostFileSystem &files, bool durable) : files_(files), durable_(durable) {}

	/// Never remove the file @path, by whatever name: what the copies come from.
	void protect(const char *path);

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
	HostFileSystem &files_;
	const bool durable_;
	std::vector<FileId> protected_;
};

} // namespace lkl::apps
