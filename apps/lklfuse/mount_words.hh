// SPDX-License-Identifier: GPL-2.0
// What stands behind -o: words for this program, for libfuse, for mount(8) itself, and for
// the file system in the library's kernel, which gets all that nobody else knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/common/result.hh"

namespace lkl::apps {

/// KEY or KEY=VALUE.
struct MountWord {
	std::string key, value;
	bool has_value = false;

	std::string text() const { return has_value ? key + "=" + value : key; }
};

/// @list at its commas; one after a backslash is part of a word.
std::vector<MountWord> split_words(std::string_view list);

enum class WordFor {
	program,	// options.cc says what it means
	fuse,		// libfuse and the mount on the host
	both_mounts,	// the file system's mount too: a flag of mount(2), see flag_of()
	nobody,		// fstab's own
	file_system,
};
WordFor whose(const MountWord &word);
/// The flag of mount(2) that a word for both mounts stands for.
unsigned flag_of(std::string_view key);

} // namespace lkl::apps
