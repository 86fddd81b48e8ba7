// SPDX-License-Identifier: GPL-2.0
// Another program, run to its end: mkfs and the like.
#pragma once

#include <string>
#include <vector>

#include "result.hh"

namespace lkl::apps {

struct Program {
	std::string name;		// found by $PATH, or where administrators' programs are
	std::string package;		// of Debian, named when the program is missing
	std::vector<std::string> arguments;
	std::vector<std::string> environment;	// NAME=VALUE, beside and before our own
	std::string input;		// what it reads on standard input
};

/// How a program names the file that run_program() gives it, which may have no name.
inline constexpr const char *program_file = "/proc/self/fd/3";

/// Run it; @file is open there as descriptor 3, and nothing else of ours is. Fails when
/// it does not exit with 0; then, and only then, the text has what it wrote. A signal of
/// the terminal reaches it too.
Result<void> run_program(const Program &program, int file);

} // namespace lkl::apps
