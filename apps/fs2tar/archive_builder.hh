// SPDX-License-Identifier: GPL-2.0
// Turns the entries of a tree into those of a tar archive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/first_names.hh"
#include "apps/common/id_names.hh"
#include "apps/common/patterns.hh"
#include "apps/common/reporter.hh"
#include "apps/common/tar_writer.hh"
#include "apps/common/tree_walker.hh"
#include "file_data.hh"

namespace lkl::apps {

/// An owner given by the user instead of the image's.
struct Owner {
	std::uint32_t id;
	std::string name;	// empty: none is stored
};

struct ArchiveOptions {
	bool attributes = true;		// extended attributes, capabilities among them
	bool acls = true;
	bool selinux = true;
	bool list_labels = false;	// for labels() below
	bool all_times = false;		// of access and status change too
	std::optional<Owner> user, group;
	std::optional<Timestamp> modified;	// instead of the files' own,
	bool clamp_modified = false;		// or only of those that are later
	bool zeroes_to_holes = false;	// blocks of zeroes take no room
	unsigned strip_components = 0;
	Patterns excluded;
};

/// Trouble with single entries goes to the reporter; only that of the archive, or
/// of a file system that broke down, ends the walk.
class ArchiveBuilder final : public TreeVisitor {
public:
	/// All arguments must outlive the builder. Ids that @names does not know are
	/// stored as numbers only.
	ArchiveBuilder(FileSystem &files, const IdNames &names, BlockStream &stream,
		       Reporter &reporter, const ArchiveOptions &options);

	bool wanted(std::string_view path) override;
	Result<void> visit(const Entry &entry) override;
	Result<void> unreachable(std::string_view path, const Error &error) override;
	/// After the walk.
	Result<void> finish();

	/// "/PATH LABEL" lines for all entries that have an SELinux label.
	const std::string &labels() const { return labels_; }

private:
	bool place(const Entry &entry);
	TarEntry describe(const Entry &entry);
	bool keeps(std::string_view attribute) const;
	Result<void> add_attributes(const Entry &entry);
	Result<void> add_attribute(const Entry &entry, std::string_view name);
	Result<void> add_file(const Entry &entry, TarEntry &tar);
	Result<void> add_data(FileSystem::Handle file, const Entry &entry, TarEntry &tar);
	Result<void> affected(std::string_view path, const Error &error);

	FileSystem &files_;
	const IdNames &names_;
	BlockStream &stream_;
	Reporter &reporter_;
	const ArchiveOptions &options_;
	TarWriter tar_;
	FirstNames first_names_;
	std::string labels_;
	std::uint64_t files_done_ = 0;
	std::uint64_t bytes_done_ = 0;	// of file data

	// Of the current entry; here so that their memory is reused.
	std::string member_;		// its path in the archive
	std::string link_;
	PaxRecords records_;
	ReadAhead ahead_;
};

} // namespace lkl::apps
