// SPDX-License-Identifier: GPL-2.0
// Directories that are being read.
//
// The host's kernel does not tell when one is opened and closed: it would have to ask each
// time, also for one whose content it remembers. So there is a stream for each directory
// that was read of late, whoever reads it; positions are the file system's, which any
// descriptor of the directory understands.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <lkl.h>

#include "node_table.hh"

namespace lkl::apps {

struct DirectoryRecord {
	std::uint64_t ino;
	std::int64_t next;	// position behind it
	unsigned type;		// LKL_DT_*
	const char *name;
};

class DirectoryStreams {
public:
	explicit DirectoryStreams(lkl_kernel *kernel) : kernel_(kernel) {}
	~DirectoryStreams();
	DirectoryStreams(const DirectoryStreams &) = delete;
	DirectoryStreams &operator=(const DirectoryStreams &) = delete;

	/// Hands the records of @node, which is in use as @descriptor, from position @from on
	/// to @take, until that returns false; the one that was refused is next. 0 or a
	/// negative errno.
	int read(const Node &node, int descriptor, std::int64_t from,
		 const std::function<bool(const DirectoryRecord &)> &take);
	/// @node is about to end.
	void forget(const Node &node);

private:
	struct Stream;

	std::shared_ptr<Stream> stream_of(const Node &node);

	lkl_kernel *const kernel_;
	std::mutex mutex_;	// of the list
	std::list<std::shared_ptr<Stream>> streams_;	// used last first
};

} // namespace lkl::apps
