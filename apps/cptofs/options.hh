// SPDX-License-Identifier: GPL-2.0
// The command line of cptofs.
#pragma once

#include <string>
#include <variant>

#include "apps/common/command_line.hh"
#include "apps/common/copy_options.hh"
#include "apps/common/create_options.hh"

namespace lkl::apps {

struct Options {
	ImageOptions image;
	CreateOptions create;
	ToolOptions tool;
	CopyOptions copy;
	std::string overrides;		// file; empty: none
	std::string label;		// SELinux, of all entries; empty: none
	std::string file_contexts;	// file; empty: none
};

/// The options; or, when there is nothing to do but exit, the status to exit with,
/// after help or a complaint was printed.
std::variant<Options, int> parse_command_line(int argc, char **argv);

} // namespace lkl::apps
