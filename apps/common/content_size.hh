// SPDX-License-Identifier: GPL-2.0
// How much there is to be put into a file system, counted beforehand.
#pragma once

#include <cstdint>
#include <string_view>

#include "first_names.hh"
#include "patterns.hh"
#include "tree_walker.hh"

namespace lkl::apps {

inline constexpr std::uint64_t small_file_bytes = 2048;

struct ContentSize {
	std::uint64_t files = 0;	// of every kind, directories too; one per inode
	std::uint64_t directories = 0;
	std::uint64_t names = 0;	// several per file, with hard links
	std::uint64_t name_bytes = 0;
	std::uint64_t data_bytes = 0;	// without holes, in blocks of 4 KiB per file
	std::uint64_t whole_bytes = 0;	// likewise, holes too
	std::uint64_t copied_bytes = 0;	// likewise, once per name
	std::uint64_t small_files = 0;	// of up to small_file_bytes, which some types keep apart;
	std::uint64_t small_bytes = 0;	// theirs
	std::uint64_t extents = 0;	// runs of data in large files and in those with holes
	std::uint64_t attributes = 0;
	std::uint64_t attribute_bytes = 0;	// names and values
	std::uint64_t attribute_blocks = 0;	// blocks of 4 KiB, where a file's do not share one

	/// Of names, kinds, sizes and modes in their order: two trees that differ there have
	/// different ones, almost surely.
	std::uint64_t fingerprint[2] = {0xcbf29ce484222325, 0x84222325cbf29ce4};
};

/// Counts entries, as they will be made.
class ContentMeter {
public:
	/// One entry. @further_name: of a file that was added before. @data_bytes and @extents
	/// are a regular file's without its holes; a symbolic link's size is meta.size. The
	/// attributes' values may be counted as @attribute_bytes with their names.
	struct Item {
		std::string_view path;
		Metadata meta;
		bool further_name = false;
		std::uint64_t data_bytes = 0, extents = 0;
		std::uint64_t attributes = 0, attribute_bytes = 0;
	};
	void add(const Item &item);

	/// All that is found at @from in the open @directory of @files. What cannot be read is left out:
	/// copying it will tell.
	void add_tree(FileSystem &files, FileSystem::Handle directory, const char *from,
		      const Patterns &excluded, const WalkOptions &walk);

	const ContentSize &size() const { return size_; }

private:
	class Visitor;

	void mix(std::string_view bytes);

	ContentSize size_;
	FirstNames first_names_;
};

} // namespace lkl::apps
