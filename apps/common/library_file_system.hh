// SPDX-License-Identifier: GPL-2.0
// A tree of files inside a kernel of the library.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <lkl.h>

#include "file_system.hh"
#include "kernel_log.hh"

namespace lkl::apps {

/// Serves the thread that made it, with whose end its handles are lost. It also
/// uses the instance's working directory, so there is one per instance.
class LibraryFileSystem final : public FileSystem {
public:
	/// Whether the file in question has the attribute of that name.
	using HasAttribute = std::function<bool(const std::string &)>;

	/// The tree at directory @path of @kernel. Both the instance and @log,
	/// which receives its kernel's lines, must outlive the file system.
	static Result<std::unique_ptr<LibraryFileSystem>> open(lkl_kernel *kernel, KernelLog &log,
							       const char *path);
	~LibraryFileSystem() override;
	LibraryFileSystem(const LibraryFileSystem &) = delete;
	LibraryFileSystem &operator=(const LibraryFileSystem &) = delete;

	/// The directory @path in the tree, by symbolic links too, which lead nowhere
	/// outside of it. To be closed.
	Result<Handle> open_in_root(const std::string &path);

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
	std::size_t name_bytes() override;
	std::optional<Error> broken() override;

	/// For calls of its user's own: the Error after one that failed, and @directory
	/// as the working directory.
	std::unexpected<Error> failed(const char *what, std::int64_t code);
	Result<void> enter(Handle directory);

private:
	LibraryFileSystem(lkl_kernel *kernel, KernelLog &log, Handle root);

	Result<Handle> open(Handle parent, const char *name, int flags);
	// What a call gave that filled buffer_.
	Result<std::string> names_from(std::int64_t got, const HasAttribute &is_there);
	Result<std::string> value_from(std::int64_t got, const char *attribute);
	Result<std::optional<std::uint64_t>> seek(Handle file, std::uint64_t offset, int whence);

	lkl_kernel *const kernel_;
	KernelLog &log_;
	const Handle root_;
	Handle working_directory_ = -1;	// that enter() chose last
	std::vector<char> buffer_;	// directory records, attribute lists and values
};

} // namespace lkl::apps
