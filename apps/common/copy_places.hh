// SPDX-License-Identifier: GPL-2.0
// What the paths on the command line of a copy mean: the rules of cp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "file_system.hh"
#include "reporter.hh"
#include "tree_copier.hh"

namespace lkl::apps {

/// @name in the directory @directory, which is to be opened by symbolic links too. A
/// slash at the end of the path makes the name one of those links.
struct SourcePath {
	explicit SourcePath(const std::string &path);

	std::string directory;
	std::string name;	// "." for @directory itself
	std::string copy_name;	// empty: its content goes into the destination itself
};

/// Where the copies go: to their own names below a directory, or one to @name there.
struct Destination {
	FileSystem::Handle directory;
	std::optional<std::string> name;
	bool of_a_directory = false;	// by a slash at its end
};

/// @open opens a directory by its path.
Result<Destination>
find_destination(const std::string &target, std::size_t sources,
		 const std::function<Result<FileSystem::Handle>(const std::string &)> &open);

/// Copy @source, whose directory is open in @files. A source that is not there is
/// reported as @shown; the others still count.
Result<void> copy_source(TreeCopier &copier, Reporter &reporter, FileSystem &files,
			 FileSystem::Handle directory, const SourcePath &source,
			 const std::string &shown, const Destination &where);

} // namespace lkl::apps
