// SPDX-License-Identifier: GPL-2.0
#include "tree_copier.hh"

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "interruption.hh"

namespace lkl::apps {

namespace {

std::string joined(std::string_view directory, std::string_view path)
{
	std::string whole(directory);

	if (!whole.empty() && !path.empty() && !whole.ends_with('/'))
		whole += '/';
	return whole.append(path);
}

class OpenFile final : public DataSource {
public:
	OpenFile(FileSystem &files, FileSystem::Handle file) : files_(files), file_(file) {}
	~OpenFile() override { files_.close(file_); }
	OpenFile(const OpenFile &) = delete;
	OpenFile &operator=(const OpenFile &) = delete;

	Result<std::size_t> read(std::span<std::byte> buffer, std::uint64_t offset) override
	{
		if (interrupted())
			return failure("interrupted", EINTR);
		return files_.read(file_, buffer, offset);
	}

private:
	FileSystem &files_;
	const FileSystem::Handle file_;
};

} // namespace

class TreeCopier::Visitor final : public TreeVisitor {
public:
	Visitor(TreeCopier &copier, FileSystem &files, std::string_view to, std::string_view shown)
	    : copier_(copier), files_(files), to_(to), shown_(shown)
	{
	}

	bool wanted(std::string_view path) override { return !copier_.excluded_.match(path); }
	Result<void> visit(const Entry &entry) override;
	Result<void> listed(std::string_view path, const Listing &listing) override;
	Result<void> unreachable(std::string_view path, const Error &error) override;

private:
	/// Whether the entry is there at all.
	bool read_attributes(const Entry &entry);
	Result<void> add_file(const Entry &entry, NewEntry &made);
	void report_change(const Entry &entry);

	TreeCopier &copier_;
	FileSystem &files_;
	const std::string_view to_, shown_;
	std::vector<Attribute> attributes_;
};

Result<void> TreeCopier::Visitor::unreachable(std::string_view path, const Error &error)
{
	copier_.reporter_.affected(joined(shown_, path), error.text);
	return {};
}

Result<void> TreeCopier::Visitor::visit(const Entry &entry)
{
	if (interrupted())
		return failure("interrupted", EINTR);

	if (entry.meta.type == FileType::regular &&
	    std::ranges::find(copier_.left_out_, entry.meta.id) != copier_.left_out_.end()) {
		copier_.reporter_.affected(joined(shown_, entry.path),
					   "is the image itself; not copied");
		return {};
	}

	const std::string path = joined(to_, entry.path);
	const std::optional<std::string> first = copier_.first_names_.find(entry.meta);
	std::string target;
	NewEntry made;

	made.path = path;
	made.meta = entry.meta;
	if (first) {
		made.hard_link = true;
		made.link = *first;
	}
	if (entry.meta.type == FileType::symbolic_link && !first) {
		Result<std::string> link = files_.read_link(entry.parent, entry.name);

		if (!link)
			return unreachable(entry.path, link.error());
		target = std::move(*link);
		made.link = target;
	}
	// A link that cannot be made becomes a file with attributes of its own.
	if (!read_attributes(entry))
		return {};
	if (!first)
		copier_.first_names_.add(entry.meta, path);
	for (EntryEdit *edit : copier_.edits_)
		if (const Result<void> done = edit->edit(path, made.meta, attributes_); !done)
			(void)unreachable(entry.path, done.error());
	made.attributes = attributes_;

	if (made.meta.type == FileType::regular)
		return add_file(entry, made);
	return copier_.writer_.add(made, nullptr);
}

Result<void> TreeCopier::Visitor::listed(std::string_view path, const Listing &listing)
{
	if (!copier_.writer_.removes_others())
		return {};

	std::unordered_set<std::string_view> names;
	for (const Listing::Item &item : listing.items())
		names.insert(listing.name(item));
	return copier_.writer_.remove_others(joined(to_, path), [&](const char *name) {
		return names.contains(name) || !wanted(joined(path, name));
	});
}

/// Trouble here is reported, and the entry goes without the attribute.
bool TreeCopier::Visitor::read_attributes(const Entry &entry)
{
	attributes_.clear();

	const Result<std::string> names = files_.attribute_names(entry.parent, entry.name);
	if (!names) {
		(void)unreachable(entry.path, names.error());
		return names.error().code != ENOENT;
	}
	for (std::size_t at = 0, end; (end = names->find('\0', at)) != names->npos; at = end + 1) {
		const char *name = names->data() + at;
		Result<std::string> value = files_.attribute(entry.parent, entry.name, name);

		if (value)
			attributes_.push_back({name, std::move(*value)});
		else
			(void)unreachable(entry.path, value.error());
	}
	return true;
}

Result<void> TreeCopier::Visitor::add_file(const Entry &entry, NewEntry &made)
{
	const Result<FileSystem::Handle> handle = files_.open_file(entry.parent, entry.name);

	if (!handle) {
		// Another of its names may be readable.
		if (!made.hard_link)
			copier_.first_names_.forget(entry.meta);
		return unreachable(entry.path, handle.error());
	}

	OpenFile file(files_, *handle);
	std::vector<Extent> extents;

	if (entry.meta.allocated < entry.meta.size)
		extents = find_extents(files_, *handle, entry.meta.size);
	else if (entry.meta.size)
		extents = {{0, entry.meta.size}};
	made.extents = extents;

	const std::uint64_t reported = copier_.reporter_.affected_times();
	const Result<void> added = copier_.writer_.add(made, &file);
	if (added && files_.is_shared() && copier_.reporter_.affected_times() == reported)
		report_change(entry);
	files_.forget(*handle, 0, entry.meta.size);
	return added;
}

/// One that has gone since was read wholly before.
void TreeCopier::Visitor::report_change(const Entry &entry)
{
	const Result<Metadata> now = files_.stat(entry.parent, entry.name);

	if (now && (now->id != entry.meta.id || now->size != entry.meta.size ||
		    now->modified != entry.meta.modified))
		copier_.reporter_.affected(joined(shown_, entry.path),
					   "changed while it was read; the copy may mix old and new");
}

Result<void> TreeCopier::copy(FileSystem &files, FileSystem::Handle directory, const char *from,
			      std::string_view to, std::string_view shown)
{
	Visitor visitor(*this, files, to, shown);

	return walk_tree(files, visitor, walk_, directory, from);
}

} // namespace lkl::apps
