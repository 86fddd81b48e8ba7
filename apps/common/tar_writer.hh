// SPDX-License-Identifier: GPL-2.0
// Writes the POSIX (pax) tar format in the dialect of GNU tar.
//
// Why not libarchive's pax writer (3.6), which compresses for us otherwise: it
// stores -1.5 s as -2.5 s and ACL ids from 2^31 as 0 or 2^31-1, has no
// RHT.security.selinux, repeats extended attributes on hard links, and can keep
// bytes that are no UTF-8 only with a header that GNU tar warns of.
//
// Format: POSIX.1-2017 pax, "pax Interchange Format"; GNU tar manual, appendix
// "Tar Internals" (sparse format 1.0, long names); star(5) for SCHILY.*.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "block_stream.hh"
#include "file_system.hh"

namespace lkl::apps {

/// Extended header records, in the order added.
class PaxRecords {
public:
	void add(std::string_view key, std::string_view value);
	void add(const PaxRecords &more) { text_ += more.text_; }
	void clear() { text_.clear(); }
	std::string_view text() const { return text_; }

private:
	std::string text_;
};

/// A time as pax has it: "1795254846.594035531", "-1.5".
std::string pax_time(const Timestamp &time);

/// The strings are the caller's, until begin_entry() returned.
struct TarEntry {
	/// As stored: "./usr/bin/", with a slash at the end of directories.
	std::string_view path;
	/// A symbolic link's target, or the path of the first name of a hard link.
	std::string_view link;
	bool hard_link = false;		// else @meta.type says what the entry is
	Metadata meta;
	/// Of a regular file: only the data in @extents is stored.
	bool sparse = false;
	std::span<const Extent> extents;
	std::string_view user, group;	// names; may be empty
};

class TarWriter {
public:
	/// @stream must outlive the writer.
	explicit TarWriter(BlockStream &stream) : stream_(stream) {}

	/// Begin an entry: a regular file (no hard link) is followed by exactly
	/// meta.size bytes, or those of its extents, straight into the stream; then
	/// end_entry(). @records holds whatever the entry itself does not say.
	Result<void> begin_entry(const TarEntry &entry, const PaxRecords &records);
	Result<void> end_entry();
	/// After the last entry.
	Result<void> end_archive();

private:
	struct Header;

	Result<void> set_path(Header &header, const TarEntry &entry);
	Result<void> set_link(Header &header, const TarEntry &entry);
	void set_numbers(Header &header, const TarEntry &entry, std::uint64_t size);
	Result<void> add_long(char type, std::string_view text);
	Result<void> add_records(const TarEntry &entry);
	Result<void> pad(std::uint64_t multiple);

	BlockStream &stream_;
	PaxRecords records_;	// of the current entry
};

} // namespace lkl::apps
