// SPDX-License-Identifier: GPL-2.0
// The command line of fs2tar.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "apps/common/command_line.hh"
#include "apps/common/compressor.hh"
#include "apps/common/image.hh"
#include "apps/common/result.hh"
#include "apps/common/tree_walker.hh"
#include "archive_builder.hh"

namespace lkl::apps {

struct Options {
	ImageOptions image;
	ArchiveOptions archive;
	WalkOptions walk;
	ToolOptions tool;
	std::optional<OwnerName> user, group;
	bool numeric_owner = false;
	std::string target;		// empty or "-": standard output
	std::string labels;		// a file for SELinux labels; empty: none
	Compression compression = Compression::none;
	bool totals = false;
};

/// The options; or, when there is nothing to do but exit, the status to exit with,
/// after help or a complaint was printed.
std::variant<Options, int> parse_command_line(int argc, char **argv);

} // namespace lkl::apps
