// SPDX-License-Identifier: GPL-2.0
// A tree of files on the host, through its own system calls.
#pragma once

#include <sys/types.h>

#include <memory>

#include "file_system.hh"

namespace lkl::apps {

class HostFileSystem final : public FileSystem {
public:
	/// The tree at directory @path.
	static Result<std::unique_ptr<HostFileSystem>> open(const char *path);
	~HostFileSystem() override;
	HostFileSystem(const HostFileSystem &) = delete;
	HostFileSystem &operator=(const HostFileSystem &) = delete;

	Handle root() const override { return root_; }
	Result<Handle> open_directory(Handle parent, const char *name) override;
	Result<Handle> open_file(Handle parent, const char *name) override;
	void close(Handle handle) override;
	Result<void> list(Handle directory, Listing &listing) override;
	Result<Metadata> stat(Handle parent, const char *name) override;
	Result<std::string> read_link(Handle parent, const char *name) override;
	Result<std::string> attribute_names(Handle parent, const char *name) override;
	Result<std::string> attribute(Handle parent, const char *name,
				      const char *attribute) override;
	Result<std::string> attribute_names(Handle handle) override;
	Result<std::string> attribute(Handle handle, const char *attribute) override;
	Result<std::size_t> read(Handle file, std::span<std::byte> buffer,
				 std::uint64_t offset) override;
	Result<std::optional<std::uint64_t>> next_data(Handle file, std::uint64_t offset) override;
	Result<std::optional<std::uint64_t>> next_hole(Handle file, std::uint64_t offset) override;
	void forget(Handle file, std::uint64_t offset, std::uint64_t bytes) override;
	Result<std::uint64_t> used_bytes() override;
	bool is_shared() const override { return true; }

	/// Of the file @path, by symbolic links too; nothing if there is none.
	static std::optional<FileId> id_of(const char *path);
	/// For calls that take a path but no directory.
	static std::string path_of(Handle parent, const char *name);

private:
	explicit HostFileSystem(Handle root) : root_(root) {}

	// What a call gave that filled attribute_room_.
	Result<std::string> names_from(ssize_t got);
	Result<std::string> value_from(ssize_t got, const char *attribute);

	// Linux's limit, for values and lists.
	static constexpr std::size_t attribute_bytes = 64 * 1024;

	const Handle root_;
	const std::unique_ptr<char[]> attribute_room_ =
		std::make_unique_for_overwrite<char[]>(attribute_bytes);
};

} // namespace lkl::apps
