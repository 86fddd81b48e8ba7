// SPDX-License-Identifier: GPL-2.0
#include "patterns.hh"

#include <fnmatch.h>

#include <cstring>

namespace lkl::apps {

void Patterns::add(std::string pattern)
{
	while (pattern.size() > 1 && pattern.ends_with('/'))
		pattern.pop_back();
	// Members are called "./usr/bin".
	if (pattern.starts_with('/'))
		pattern.insert(0, ".");
	patterns_.push_back(std::move(pattern));
}

bool Patterns::match(std::string_view path) const
{
	if (patterns_.empty())
		return false;

	const std::string member = "./" + std::string(path);
	for (const std::string &pattern : patterns_) {
		const char *part = member.c_str();

		while (part) {
			if (::fnmatch(pattern.c_str(), part, 0) == 0)
				return true;
			part = std::strchr(part, '/');
			part = part ? part + 1 : nullptr;
		}
	}
	return false;
}

} // namespace lkl::apps
