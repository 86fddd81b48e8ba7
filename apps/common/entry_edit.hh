// SPDX-License-Identifier: GPL-2.0
// Changes to entries on their way from one tree to another.
#pragma once

#include <string_view>
#include <vector>

#include "file_system.hh"

namespace lkl::apps {

class EntryEdit {
public:
	virtual ~EntryEdit() = default;

	/// Change the metadata and attributes of the entry that is to be made at @path below
	/// the destination; empty: the destination itself. Its type may become another, but
	/// for directories. An Error is reported, and the entry made as it is.
	virtual Result<void> edit(std::string_view path, Metadata &meta,
				  std::vector<Attribute> &attributes) = 0;
};

} // namespace lkl::apps
