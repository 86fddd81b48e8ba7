// SPDX-License-Identifier: GPL-2.0
// The options of a copy, in either direction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command_line.hh"
#include "tree_writer.hh"

namespace lkl::apps {

struct CopyOptions {
	WalkOptions walk;
	WriteOptions write;
	Patterns excluded;
	std::optional<OwnerName> user, group;
	std::vector<std::string> sources;
	std::string target;
};

/// Also parses SOURCE..., of which the last becomes the target in complete_copy_options().
/// @description is that of the paths.
void add_copy_options(CLI::App &app, CopyOptions &copy, const char *description);
/// After parsing. Throws CLI::ValidationError.
void complete_copy_options(CopyOptions &copy);

/// Names of owners to numbers, as the tree @files, called @place, knows them.
Result<void> resolve_owners(CopyOptions &copy, FileSystem &files, const char *place);

} // namespace lkl::apps
