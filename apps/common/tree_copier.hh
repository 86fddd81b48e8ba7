// SPDX-License-Identifier: GPL-2.0
// Copies trees of files, wherever they live, into a sink of entries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "entry_edit.hh"
#include "entry_sink.hh"
#include "first_names.hh"
#include "patterns.hh"
#include "reporter.hh"
#include "tree_walker.hh"

namespace lkl::apps {

/// One after the other, with the hard links between all of them.
class TreeCopier {
public:
	/// All arguments must outlive the copier.
	TreeCopier(EntrySink &sink, Reporter &reporter, const Patterns &excluded,
		   const WalkOptions &walk)
	    : sink_(sink), reporter_(reporter), excluded_(excluded), walk_(walk)
	{
	}

	/// From now on, after those that came before; must outlive the copier.
	void edit_by(EntryEdit &edit) { edits_.push_back(&edit); }
	/// From each directory of the target goes what its source does not have.
	void remove_others() { remove_others_ = true; }
	/// The regular file @id is never copied, but reported: it is what the copies go to.
	void leave_out(const FileId &id) { left_out_.push_back(id); }

	/// Copy @from in the open @directory of @files ("." for all of it) to @to below the
	/// destination, empty for the destination itself. Messages call it @shown.
	/// Trouble with single entries is reported; an Error ends all.
	Result<void> copy(FileSystem &files, FileSystem::Handle directory, const char *from,
			  std::string_view to, std::string_view shown);

private:
	class Visitor;

	EntrySink &sink_;
	Reporter &reporter_;
	const Patterns &excluded_;
	const WalkOptions walk_;
	FirstNames first_names_;
	std::vector<EntryEdit *> edits_;
	std::vector<FileId> left_out_;
	bool remove_others_ = false;
};

} // namespace lkl::apps
