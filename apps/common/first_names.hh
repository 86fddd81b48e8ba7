// SPDX-License-Identifier: GPL-2.0
// Finds the further names of files that have several: hard links.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "file_system.hh"

namespace lkl::apps {

class FirstNames {
public:
	/// The path that add() was given for the same file, if it was.
	std::optional<std::string> find(const Metadata &meta)
	{
		if (meta.links < 2 || meta.type == FileType::directory)
			return std::nullopt;

		const auto known = names_.find(meta.id);
		if (known == names_.end())
			return std::nullopt;

		std::string path = known->second.path;
		if (--known->second.left == 0)
			names_.erase(known);
		return path;
	}

	void add(const Metadata &meta, const std::string &path)
	{
		if (meta.links > 1 && meta.type != FileType::directory)
			names_.try_emplace(meta.id, FirstName{path, meta.links - 1});
	}

	/// There is no file at the path that add() was given.
	void forget(const Metadata &meta) { names_.erase(meta.id); }

private:
	struct FileIdHash {
		std::size_t operator()(const FileId &id) const
		{
			return std::hash<std::uint64_t>()(id.inode ^ id.device << 40);
		}
	};
	struct FirstName {
		std::string path;
		std::uint32_t left;	// names that can still come
	};

	std::unordered_map<FileId, FirstName, FileIdHash> names_;
};

} // namespace lkl::apps
