// SPDX-License-Identifier: GPL-2.0
// What a tree of files looks like to the tools, wherever it lives: in an image
// behind the library (LibraryFileSystem) or on the host (HostFileSystem).
//
// Everything is named by an open directory and one name in it, so trees of any
// depth work and nothing is looked up twice; symbolic links are never followed.
// A FileSystem serves one thread.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "result.hh"

namespace lkl::apps {

enum class FileType : std::uint8_t {
	unknown,
	regular,
	directory,
	symbolic_link,
	character_device,
	block_device,
	fifo,
	socket,
};

/// Since 1970-01-01 UTC; earlier times have negative seconds, never nanoseconds.
struct Timestamp {
	std::int64_t seconds = 0;
	std::uint32_t nanoseconds = 0;

	auto operator<=>(const Timestamp &) const = default;
};

/// What makes two names the same file.
struct FileId {
	std::uint64_t device = 0;
	std::uint64_t inode = 0;

	auto operator<=>(const FileId &) const = default;
};

/// A run of data in a sparse file, in bytes.
struct Extent {
	std::uint64_t offset;
	std::uint64_t bytes;
};

/// An extended attribute, its value as the kernel has it.
struct Attribute {
	std::string name;
	std::string value;
};

struct Metadata {
	FileType type = FileType::unknown;
	std::uint16_t permissions = 0;		// the low twelve bits of the mode
	std::uint32_t uid = 0;
	std::uint32_t gid = 0;
	std::uint32_t links = 0;
	std::uint64_t size = 0;			// bytes
	std::uint64_t allocated = 0;		// bytes, in whole sectors
	Timestamp modified, accessed, changed;
	FileId id;
	std::uint32_t device_major = 0;		// of device nodes
	std::uint32_t device_minor = 0;
};

/// The names of one directory, compact: a directory may have millions.
class Listing {
public:
	struct Item {
		std::uint64_t inode;
		std::uint32_t name_at;
		FileType type;		// unknown where the file system does not say
	};

	void add(std::uint64_t inode, FileType type, std::string_view name)
	{
		items_.push_back({inode, static_cast<std::uint32_t>(names_.size()), type});
		names_.append(name).push_back('\0');
	}

	std::span<const Item> items() const { return items_; }
	/// NUL-terminated; valid until add().
	const char *name(const Item &item) const { return names_.data() + item.name_at; }

	template <class Less> void sort(Less less)
	{
		std::sort(items_.begin(), items_.end(), less);
	}

private:
	std::vector<Item> items_;
	std::string names_;
};

class FileSystem {
public:
	/// An open directory or file, made by open_*(), ended by close().
	using Handle = int;

	virtual ~FileSystem() = default;

	/// The directory that is the tree's root; stays open, not to be closed.
	virtual Handle root() const = 0;
	virtual Result<Handle> open_directory(Handle parent, const char *name) = 0;
	virtual Result<Handle> open_file(Handle parent, const char *name) = 0;
	virtual void close(Handle handle) = 0;

	/// Add all names of @directory except "." and ".." to @listing, in the order
	/// stored. After an error, those that could be read are there.
	virtual Result<void> list(Handle directory, Listing &listing) = 0;
	/// @name may be "." for @parent itself.
	virtual Result<Metadata> stat(Handle parent, const char *name) = 0;
	virtual Result<std::string> read_link(Handle parent, const char *name) = 0;

	/// Extended attributes: the names, each NUL-terminated, one after the other.
	/// Empty where the file system has none.
	virtual Result<std::string> attribute_names(Handle parent, const char *name) = 0;
	virtual Result<std::string> attribute(Handle parent, const char *name,
					      const char *attribute) = 0;
	/// Those of what is open, which is faster.
	virtual Result<std::string> attribute_names(Handle handle) = 0;
	virtual Result<std::string> attribute(Handle handle, const char *attribute) = 0;

	/// Fill @buffer from @offset; fewer bytes mean the end, or that the next
	/// one cannot be read. 0 at the end.
	virtual Result<std::size_t> read(Handle file, std::span<std::byte> buffer,
					 std::uint64_t offset) = 0;
	/// The first byte of data, or of a hole, at or after @offset; nothing when
	/// there is none up to the end of the file (which counts as a hole).
	virtual Result<std::optional<std::uint64_t>> next_data(Handle file,
							       std::uint64_t offset) = 0;
	virtual Result<std::optional<std::uint64_t>> next_hole(Handle file,
							       std::uint64_t offset) = 0;
	/// A hint: bytes [@offset, @offset + @bytes) of @file are not read again.
	virtual void forget(Handle file, std::uint64_t offset, std::uint64_t bytes) = 0;

	/// Bytes in use on the whole file system, for estimates.
	virtual Result<std::uint64_t> used_bytes() = 0;
	/// Longer names are refused, or held as what they begin with, or fit after all,
	/// as not all types count in bytes.
	virtual std::size_t name_bytes() { return 255; }
	/// Whether others may change the tree meanwhile.
	virtual bool is_shared() const { return false; }
	/// An error that makes going on pointless, once there is one.
	virtual std::optional<Error> broken() { return std::nullopt; }
};

/// The content of the small regular file @directory/@name in the root of the
/// tree, at most @limit bytes of it.
Result<std::string> read_small_file(FileSystem &files, const char *directory, const char *name,
				    std::size_t limit);

/// Where the @size bytes of @file have data. At the end of a file that has none there
/// is an empty extent, which keeps its size on extraction. One extent for all if the
/// file system cannot say.
std::vector<Extent> find_extents(FileSystem &files, FileSystem::Handle file, std::uint64_t size);

} // namespace lkl::apps
