// SPDX-License-Identifier: GPL-2.0
// The command line of lklinspect.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "apps/common/command_line.hh"

namespace lkl::apps {

enum class Form { tree, table, json };

struct Options {
	ImageOptions image;
	ToolOptions tool;
	Form form = Form::tree;
	bool measure = true;
	bool unlock = false;	// what takes a key is opened too
	std::vector<std::string> images;	// the first is also in image.source
};

/// The options; or, when there is nothing to do but exit, the status to exit with,
/// after help or a complaint was printed.
std::variant<Options, int> parse_command_line(int argc, char **argv);

} // namespace lkl::apps
