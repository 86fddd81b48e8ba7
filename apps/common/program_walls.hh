// SPDX-License-Identifier: GPL-2.0
// What a program gives up that decodes an image for us, before it begins.
//
// It can read files and write those it is to write; it cannot make sockets, look into
// other processes, or change anything else of the system. As in sandbox.hh, each part is
// missing where the host does not offer it.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

#include "descriptor.hh"
#include "result.hh"

namespace lkl::apps {

class ProgramWalls {
public:
	/// No walls.
	ProgramWalls() = default;
	/// For a program that writes the files at @written, which exist.
	static ProgramWalls create(std::span<const std::string> written);

	/// In the process that becomes the program. Only system calls, so also between
	/// fork() and execve(); errno is lost.
	void raise() const;

private:
	bool wanted_ = false;
	Descriptor files_;			// Landlock's rules
	std::vector<sock_filter> calls_;	// seccomp's filter
};

/// Landlock's part: rules for reading everything and writing @written.
Result<Descriptor> file_rules(std::span<const std::string> written);

} // namespace lkl::apps
