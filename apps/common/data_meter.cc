// SPDX-License-Identifier: GPL-2.0
#include "data_meter.hh"

#include <algorithm>
#include <cerrno>

#include "interruption.hh"

namespace lkl::apps {

class DataMeter::Visitor final : public TreeVisitor {
public:
	Visitor(DataMeter &meter, const Patterns &excluded) : meter_(meter), excluded_(excluded) {}

	bool wanted(std::string_view path) override { return !excluded_.match(path); }
	Result<void> visit(const Entry &entry) override;
	Result<void> unreachable(std::string_view, const Error &) override { return {}; }

private:
	DataMeter &meter_;
	const Patterns &excluded_;
};

Result<void> DataMeter::Visitor::visit(const Entry &entry)
{
	if (interrupted())
		return failure("interrupted", EINTR);
	if (entry.meta.type != FileType::regular || meter_.first_names_.find(entry.meta))
		return {};
	meter_.first_names_.add(entry.meta, {});
	// Holes are not read; compressed files have more data than blocks, but who has those
	// can do with an estimate.
	meter_.bytes_ += std::min(entry.meta.size, entry.meta.allocated);
	return {};
}

void DataMeter::add_tree(FileSystem &files, FileSystem::Handle directory, const char *from,
			 const Patterns &excluded, const WalkOptions &walk)
{
	Visitor visitor(*this, excluded);

	(void)walk_tree(files, visitor, walk, directory, from);
}

} // namespace lkl::apps
