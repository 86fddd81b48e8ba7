// SPDX-License-Identifier: GPL-2.0
// Where entries go that were read somewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "file_system.hh"

namespace lkl::apps {

/// One entry to be made. The strings are the caller's, until add() returned.
struct NewEntry {
	/// Below the destination, "usr/bin/ls"; empty: the destination itself. Neither
	/// "." nor ".." nor empty components.
	std::string_view path;
	Metadata meta;
	bool hard_link = false;		// to the entry @link, a path as above
	std::string_view link;		// of a hard or symbolic link
	std::span<const Attribute> attributes;	// ACLs among them, as system.posix_acl_*
	std::span<const Extent> extents;	// where a regular file has data
};

/// The bytes of one regular file, asked for in ascending order.
class DataSource {
public:
	virtual ~DataSource() = default;

	/// Bytes from @offset on, as many as @room has; fewer mean the end of what there is.
	/// They are in @room, or where they are valid until the next call.
	virtual Result<std::span<const std::byte>> read(std::span<std::byte> room,
							std::uint64_t offset) = 0;
};

/// Whether a name in a directory is one of some.
using NameTest = std::function<bool(const char *name)>;

class EntrySink {
public:
	virtual ~EntrySink() = default;

	/// Make the entry. @data is needed for regular files, and for hard links lets them
	/// become a file of their own where there can be no link. Trouble with the entry
	/// alone is reported; an Error ends all.
	virtual Result<void> add(const NewEntry &entry, DataSource *data) = 0;
	/// What is in @directory, an entry that was added, goes, but for the names that
	/// @stays says yes to; it may be asked later, in another thread.
	virtual Result<void> remove_others(std::string_view directory, const NameTest &stays) = 0;
};

} // namespace lkl::apps
