// SPDX-License-Identifier: GPL-2.0
// The command line of lklfuse.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "apps/common/command_line.hh"
#include "served.hh"

namespace lkl::apps {

struct Options {
	ImageOptions image;
	ToolOptions tool;
	ServingOptions serving;
	std::string mount_point;
	std::vector<std::string> fuse_words;	// for libfuse's own -o
	std::string lock_file, pid_file;
	bool read_only = false;
	bool allow_other = false;
	bool foreground = false;
	bool debug = false;
	unsigned threads = 0;
};

/// The options; or, when there is nothing to do but exit, the status to exit with,
/// after help or a complaint was printed.
std::variant<Options, int> parse_command_line(int argc, char **argv);

} // namespace lkl::apps
