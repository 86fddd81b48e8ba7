// SPDX-License-Identifier: GPL-2.0
// Visits every entry of a tree once, directories before what they contain.
#pragma once

#include <string>
#include <string_view>

#include "file_system.hh"

namespace lkl::apps {

struct Entry {
	/// From the root, "usr/bin/ls"; empty for the root itself. Valid during visit().
	std::string_view path;
	/// The entry for FileSystem's calls: @name in the open directory @parent.
	FileSystem::Handle parent;
	const char *name;
	Metadata meta;
};

class TreeVisitor {
public:
	virtual ~TreeVisitor() = default;

	/// Asked before anything else about @path; a directory that is not wanted
	/// is not entered.
	virtual bool wanted(std::string_view path) = 0;
	/// An Error ends the walk; trouble with this entry alone is the visitor's.
	virtual Result<void> visit(const Entry &entry) = 0;
	/// All that the directory @path contains, before any of it is visited. Not called
	/// where it could not be read wholly.
	virtual Result<void> listed(std::string_view, const Listing &) { return {}; }
	/// @path, or what it contains, will not be visited. An Error ends the walk.
	virtual Result<void> unreachable(std::string_view path, const Error &error) = 0;
};

enum class Order {
	stored,	 // as the file system lists them
	inode,	 // as they likely lie on the disk; a directory's files before its directories
	name,	 // by the names' bytes
};

struct WalkOptions {
	Order order = Order::inode;
	bool one_file_system = false;	// do not enter what is mounted, or a subvolume
};

/// Walk @from in the open @directory of @files, by default the whole tree; entries' paths
/// are relative to it. Fails when @visitor does, the file system broke down or @from is
/// not there.
Result<void> walk_tree(FileSystem &files, TreeVisitor &visitor, const WalkOptions &options,
		       FileSystem::Handle directory, const char *from);
Result<void> walk_tree(FileSystem &files, TreeVisitor &visitor, const WalkOptions &options);

} // namespace lkl::apps
