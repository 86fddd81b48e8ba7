// SPDX-License-Identifier: GPL-2.0
// Patterns of names to leave out, with the meaning of GNU tar's --exclude.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lkl::apps {

/// Shell wildcards, which match slashes too. A pattern matches a whole path
/// ("./usr/bin") or its end after any slash ("bin"); one that begins with a slash
/// is anchored at the root of the tree.
class Patterns {
public:
	void add(std::string pattern);
	/// @path is relative to the root: "usr/bin".
	bool match(std::string_view path) const;

private:
	std::vector<std::string> patterns_;
};

} // namespace lkl::apps
