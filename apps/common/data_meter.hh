// SPDX-License-Identifier: GPL-2.0
// How many bytes of file data a copy will move, for its progress.
#pragma once

#include <cstdint>

#include "first_names.hh"
#include "patterns.hh"
#include "tree_walker.hh"

namespace lkl::apps {

class DataMeter {
public:
	/// All that is found at @from in the open @directory of @files, hard links once. What
	/// cannot be read is left out: copying it will tell.
	void add_tree(FileSystem &files, FileSystem::Handle directory, const char *from,
		      const Patterns &excluded, const WalkOptions &walk);

	std::uint64_t bytes() const { return bytes_; }

private:
	class Visitor;

	FirstNames first_names_;
	std::uint64_t bytes_ = 0;
};

} // namespace lkl::apps
