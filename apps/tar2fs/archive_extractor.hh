// SPDX-License-Identifier: GPL-2.0
// Makes an archive's entries into a tree of files: the one place for the rules about
// their names and owners.
//
// An archive is data from strangers. Its names are taken apart here and never lead out
// of the destination; TreeWriter follows no symbolic link.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/common/archive_entry.hh"
#include "apps/common/id_names.hh"
#include "apps/common/patterns.hh"
#include "apps/common/reporter.hh"
#include "apps/common/tree_writer.hh"

namespace lkl::apps {

struct ExtractOptions {
	Patterns excluded;
	unsigned strip_components = 0;
	bool numeric_owner = false;
	bool acls = true;
};

class ArchiveExtractor {
public:
	/// All arguments must outlive the extractor. @name is the archive's, for messages.
	ArchiveExtractor(ArchiveReader &archive, const std::string &name, Reporter &reporter,
			 const ExtractOptions &options)
	    : archive_(archive), name_(name), reporter_(reporter), options_(options)
	{
	}

	/// All entries to @sink; @names are the target's. Trouble with one of them, and the
	/// end of an archive that is damaged, are reported; an Error is the sink's or a signal.
	Result<void> extract_all(const IdNames &names, EntrySink &sink);
	/// What waits for names that the archive itself may have brought, of those who
	/// are in ACLs. After @writer's finish().
	Result<void> finish(const IdNames &names, TreeWriter &writer);

private:
	/// ACLs of an entry of which not everybody is known.
	struct Waiting {
		std::string path;
		std::string access_acl, default_acl;
	};

	Result<void> extract(ArchiveEntry &entry, const IdNames &names, EntrySink &sink);
	Result<std::optional<std::string>> place(const std::string &name);
	Result<std::string> plain_path(std::string_view name);
	bool excluded(std::string_view path) const;
	void set_owner(ArchiveEntry &entry, const IdNames &names) const;
	void add_acls(const std::string &path, ArchiveEntry &entry, const IdNames &names);
	void affected(std::string_view path, const std::string &text);

	ArchiveReader &archive_;
	const std::string &name_;
	Reporter &reporter_;
	const ExtractOptions &options_;
	std::vector<Waiting> waiting_;
	std::uint64_t bytes_read_ = 0;	// of entries' data
	bool slashes_told_ = false;
};

} // namespace lkl::apps
