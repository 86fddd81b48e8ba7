// SPDX-License-Identifier: GPL-2.0
// Copies trees of files, wherever they live, into a sink of entries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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
};

} // namespace lkl::apps
