// SPDX-License-Identifier: GPL-2.0
// Brings what an OverrideTable says to the entries of a copy.
#pragma once

#include "apps/common/entry_edit.hh"
#include "apps/common/tree_writer.hh"
#include "image_place.hh"
#include "override_table.hh"

namespace lkl::apps {

class Overrides final : public EntryEdit {
public:
	/// Both must outlive it; @table is marked where it is used.
	Overrides(OverrideTable &table, const ImagePlace &place) : table_(table), place_(place) {}

	Result<void> edit(std::string_view path, Metadata &meta,
			  std::vector<Attribute> &attributes) override;
	/// After the copy: the directories and special files that no source had. @file, the
	/// table's name, is what lines that nothing came of are reported with.
	Result<void> add_missing(TreeWriter &writer, Reporter &reporter, const std::string &file);

private:
	void report_unused(Reporter &reporter, const std::string &file) const;

	OverrideTable &table_;
	const ImagePlace &place_;
};

} // namespace lkl::apps
