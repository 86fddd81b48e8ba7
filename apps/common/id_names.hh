// SPDX-License-Identifier: GPL-2.0
// Names of user and group ids, as a tree's own /etc/passwd and /etc/group have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "file_system.hh"

namespace lkl::apps {

class IdNames {
public:
	/// Of the tree @files; empty where it has no such files.
	static IdNames of(FileSystem &files);

	/// Empty when unknown; valid as long as the object.
	std::string_view user(std::uint32_t id) const { return find(users_, id); }
	std::string_view group(std::uint32_t id) const { return find(groups_, id); }

	std::optional<std::uint32_t> user_id(std::string_view name) const
	{
		return find(users_, name);
	}
	std::optional<std::uint32_t> group_id(std::string_view name) const
	{
		return find(groups_, name);
	}

private:
	struct Names {
		std::unordered_map<std::uint32_t, std::string> by_id;
		std::unordered_map<std::string, std::uint32_t> by_name;
	};

	static Names parse(std::string_view lines);
	static std::string_view find(const Names &names, std::uint32_t id);
	static std::optional<std::uint32_t> find(const Names &names, std::string_view name);

	Names users_, groups_;
};

} // namespace lkl::apps
