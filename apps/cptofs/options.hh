// SPDX-License-Identifier: GPL-2.0
// The command line of cptofs.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "apps/common/command_line.hh"
#include "apps/common/tree_writer.hh"

namespace lkl::apps {

struct Options {
	ImageOptions image;
	ToolOptions tool;
	WalkOptions walk;
	WriteOptions write;
	Patterns excluded;
	std::optional<OwnerName> user, group;
	std::vector<std::string> sources;
	std::string target;		// in the image
};

/// The options; or, when there is nothing to do but exit, the status to exit with,
/// after help or a complaint was printed.
std::variant<Options, int> parse_command_line(int argc, char **argv);

} // namespace lkl::apps
