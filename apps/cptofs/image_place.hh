// SPDX-License-Identifier: GPL-2.0
// What entries that are copied are called in the image.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lkl::apps {

/// Paths below the destination, and whole ones. A symbolic link in the destination's own
/// path is not followed here: it is named as it was given.
class ImagePlace {
public:
	/// @directory: what the copies' paths are below of.
	explicit ImagePlace(const std::string &directory) : directory_(normal("/" + directory)) {}

	/// "/etc/passwd".
	std::string whole(std::string_view below) const
	{
		return normal(directory_ + "/" + std::string(below));
	}

	/// Whether @whole lies below; @below becomes the path there.
	bool contains(const std::string &whole, std::string &below) const
	{
		const std::size_t begin = directory_ == "/" ? 1 : directory_.size() + 1;

		if (whole.size() <= begin || !whole.starts_with(directory_) || whole[begin - 1] != '/')
			return false;
		below = whole.substr(begin);
		return true;
	}

	/// Without "." and ".." and further slashes.
	static std::string normal(const std::string &path)
	{
		// Two slashes at the beginning may mean something else elsewhere.
		const std::size_t begin = path.find_first_not_of('/');
		std::string text =
			std::filesystem::path("/" + (begin == path.npos ? "" : path.substr(begin)))
				.lexically_normal().string();

		if (text.size() > 1 && text.ends_with('/'))
			text.pop_back();
		return text;
	}

private:
	const std::string directory_;
};

} // namespace lkl::apps
