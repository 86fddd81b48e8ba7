// SPDX-License-Identifier: GPL-2.0
// The command line of tar2fs.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "apps/common/command_line.hh"
#include "apps/common/create_options.hh"
#include "apps/common/tree_writer.hh"
#include "archive_extractor.hh"

namespace lkl::apps {

struct Options {
	ImageOptions image;
	CreateOptions create;
	ToolOptions tool;
	WriteOptions write;
	ExtractOptions extract;
	std::optional<OwnerName> user, group;
	std::string archive;		// "-": standard input
	std::string directory = "/";	// in the image
	bool ignore_zeros = false;
	bool totals = false;
};

/// The options; or, when there is nothing to do but exit, the status to exit with,
/// after help or a complaint was printed.
std::variant<Options, int> parse_command_line(int argc, char **argv);

} // namespace lkl::apps
