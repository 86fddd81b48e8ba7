// SPDX-License-Identifier: GPL-2.0
// What an archive holds, whatever its format: one entry after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "file_system.hh"
#include "result.hh"

namespace lkl::apps {

/// One entry, as the archive has it: nothing is checked or made safe.
struct ArchiveEntry {
	std::string path;
	bool hard_link = false;		// else @meta.type says what the entry is
	std::string link;		// of a hard or symbolic link
	Metadata meta;
	bool has_accessed = false;	// meta.accessed is the archive's
	std::string user, group;	// names; empty: the ids count
	/// Names and values as system calls have them. ACLs are not among them.
	std::vector<Attribute> attributes;
	std::string access_acl, default_acl;	// acl_to_text(3); empty: none
	/// Where a regular file has data; the rest are holes.
	std::vector<Extent> extents;
	/// What could not be understood of it, each worth a message.
	std::vector<std::string> problems;
};

class ArchiveReader {
public:
	virtual ~ArchiveReader() = default;

	/// The next entry; false at the end. Data of the last one that was not read is
	/// skipped. An Error ends the archive.
	virtual Result<bool> next(ArchiveEntry &entry) = 0;
	/// Data of the current entry, a regular file, at @offset of the file: ascending,
	/// and within its extents. Fills @buffer unless the file ends. After an Error,
	/// next() says whether there can be more.
	virtual Result<std::size_t> read(std::span<std::byte> buffer, std::uint64_t offset) = 0;
	/// After next() returned false: the archive says that it ends here. Otherwise it
	/// may have been cut short between two entries.
	virtual bool end_marked() const = 0;
	/// How much of the archive was read, from 0 to 1; 0 when nobody knows.
	virtual double part_read() const = 0;
	/// Bytes of it so far, without compression of the whole.
	virtual std::uint64_t bytes_read() const = 0;
};

} // namespace lkl::apps
