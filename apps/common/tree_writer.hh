// SPDX-License-Identifier: GPL-2.0
// Puts entries, from wherever they come, into a tree of files: the one place for the
// rules about what is there already, hard links, attributes, owners and times.
//
// What is never done: following a symbolic link of the target, whether as the entry's
// own name or on the way to it, so nothing is written outside of the destination. Such
// an entry is reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "entry_sink.hh"
#include "reporter.hh"
#include "writable_file_system.hh"

namespace lkl::apps {

/// What becomes of an entry that is there already. Directories are always merged.
enum class Existing {
	replace,	// a directory and something else only with remove_others
	keep,		// silently
	refuse,		// and report
};

struct WriteOptions {
	Existing existing = Existing::replace;
	bool remove_others = false;	// of directories: what their source does not have
	bool owners = true;
	bool permissions = true;
	bool times = true;
	bool attributes = true;		// extended attributes, capabilities among them
	bool acls = true;
	bool selinux = true;
	std::optional<std::uint32_t> uid, gid;	// of all entries,
	std::unordered_map<std::uint32_t, std::uint32_t> uid_map, gid_map;	// else through these
	std::optional<Timestamp> latest;	// later times become this one
	bool reads_unseen = false;	// the time of the last access is that of the last change
	bool zeroes_to_holes = false;		// blocks of zeroes take no room
	unsigned umask = 022;	// of new entries that do not get the modes of others
};

class TreeWriter final : public EntrySink {
public:
	/// The entries go below @destination, an open directory of @target. All
	/// arguments must outlive the writer.
	TreeWriter(WritableFileSystem &target, FileSystem::Handle destination, Reporter &reporter,
		   const WriteOptions &options);
	~TreeWriter() override;
	TreeWriter(const TreeWriter &) = delete;
	TreeWriter &operator=(const TreeWriter &) = delete;

	/// Directories on the way that are missing are made too. The Error: the target is
	/// full, read-only or broken.
	Result<void> add(const NewEntry &entry, DataSource *data) override;
	Result<void> remove_others(std::string_view directory, const NameTest &stays) override;
	/// The owners, modes, attributes and times of directories, which must come
	/// last; then everything is synced. What was refused is reported here.
	Result<void> finish();
	/// After finish(): attributes that had to wait, of an entry that is there.
	Result<void> amend(std::string_view path, std::span<const Attribute> attributes);

	std::uint64_t files_done() const { return files_done_; }
	std::uint64_t bytes_done() const { return bytes_done_; }

private:
	/// An open directory on the way to the current entry.
	struct Level {
		FileSystem::Handle handle;
		std::size_t path_bytes;		// of its path
		/// The exact names in it, once one was found to be taken.
		std::optional<std::unordered_set<std::string>> names;
		bool made;			// by this writer
	};
	/// What a directory still has to get.
	struct Directory {
		std::string path;
		Metadata meta;
		std::vector<Attribute> attributes;
		bool made;
	};
	struct Place {
		FileSystem::Handle parent;
		const char *name;
	};
	/// What is refused to one entry after the other.
	struct Refusal {
		std::string first;	// entry's path
		bool harmless;
		std::uint64_t others = 0;
	};

	Result<void> make(const NewEntry &entry, DataSource *data);
	Result<void> add_directory(const NewEntry &entry, const Place &place);
	/// False: it is there, and is to stay as it is. @made: it was not there.
	Result<bool> make_directory(const NewEntry &entry, const Place &place, bool &made);
	Result<void> add_link(const NewEntry &entry, const Place &place, DataSource *data);
	Result<void> add_file(const NewEntry &entry, const Place &place, DataSource &data);
	Result<void> write_data(const NewEntry &entry, FileSystem::Handle file, DataSource &data);
	Result<void> write_piece(FileSystem::Handle file, std::span<const std::byte> piece,
				 std::uint64_t offset);
	/// Whether there is room for an entry that is no directory, now.
	Result<bool> clear(const Place &place);
	Result<bool> known_by_another_name(const Place &place);
	Result<void> check_name(const Place &place, bool directory);
	Result<void> remove_other(const Place &place);
	Result<void> open_parent(std::string_view parent);
	Result<Place> open_place(std::string_view path);
	Result<FileSystem::Handle> open_path(std::string_view path);
	void leave();
	Result<void> dress(const NewEntry &entry, const Place &place, bool made);
	Result<void> check(const NewEntry &entry, const Place &place, bool mode, bool times);
	Result<void> set_attributes(const NewEntry &entry, const Place &place);
	Result<void> set_permissions(const NewEntry &entry, const Place &place, bool made);
	Result<bool> has_its_owner(const Metadata &meta, const Place &place);
	std::uint32_t owner_of(const Metadata &meta) const;
	std::uint32_t group_of(const Metadata &meta) const;
	bool keeps(std::string_view attribute) const;
	Timestamp clamped(const Timestamp &time) const;
	Result<void> affected(std::string_view path, const Error &error);
	Result<void> refused(std::string_view path, const Error &error, bool harmless = false);
	void report_refusals();

	WritableFileSystem &target_;
	FileSystem &files_;
	const FileSystem::Handle destination_;
	Reporter &reporter_;
	const WriteOptions &options_;
	std::vector<Level> levels_;	// below the destination
	Level root_;			// the destination itself
	std::string path_;		// of the innermost level
	std::string name_;		// of the current entry
	std::vector<Directory> directories_;	// in the order made
	std::string blocked_;	// the last directory that could not be made; empty: none
	std::vector<std::byte> buffer_;
	std::map<std::string, Refusal> refusals_;	// by the error
	std::uint64_t files_done_ = 0;
	std::uint64_t bytes_done_ = 0;	// of file data
};

} // namespace lkl::apps
