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
	OpenFile(FileSystem &files, FileSystem::Handle file, std::uint64_t size)
	    : files_(files), file_(file), size_(size)
	{
	}
	~OpenFile() override { files_.close(file_); }
	OpenFile(const OpenFile &) = delete;
	OpenFile &operator=(const OpenFile &) = delete;

	Result<std::span<const std::byte>> read(std::span<std::byte> room,
						std::uint64_t offset) override
	{
		if (interrupted())
			return failure("interrupted", EINTR);

		const std::size_t got = TRY(files_.read(file_, room, offset));
		// What is at the size is asked for last, whether there is something.
		is_complete_ = offset == size_ && got == 0;
		return room.first(got);
	}

	/// Whether it was read to its end, which was at its size.
	bool is_complete() const { return is_complete_; }

private:
	FileSystem &files_;
	const FileSystem::Handle file_;
	const std::uint64_t size_;
	bool is_complete_ = false;
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
	/// By its handle when it is @open. The Error: there is no such entry.
	Result<void> read_attributes(const Entry &entry, std::optional<FileSystem::Handle> open);
	Result<void> add_file(const Entry &entry, NewEntry &made);
	void edit(const Entry &entry, NewEntry &made);
	/// Without the entry, another of its names may still become it.
	Result<void> left_out(const Entry &entry, const NewEntry &made, const Error &error);
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
	} else {
		copier_.first_names_.add(entry.meta, path);
	}
	if (entry.meta.type == FileType::symbolic_link && !first) {
		Result<std::string> link = files_.read_link(entry.parent, entry.name);

		if (!link)
			return left_out(entry, made, link.error());
		target = std::move(*link);
		made.link = target;
	}
	if (entry.meta.type == FileType::regular)
		return add_file(entry, made);
	if (const Result<void> there = read_attributes(entry, std::nullopt); !there)
		return left_out(entry, made, there.error());
	edit(entry, made);
	return copier_.sink_.add(made, nullptr);
}

void TreeCopier::Visitor::edit(const Entry &entry, NewEntry &made)
{
	for (EntryEdit *edit : copier_.edits_)
		if (const Result<void> done = edit->edit(made.path, made.meta, attributes_); !done)
			(void)unreachable(entry.path, done.error());
	made.attributes = attributes_;
}

Result<void> TreeCopier::Visitor::left_out(const Entry &entry, const NewEntry &made,
					   const Error &error)
{
	if (!made.hard_link)
		copier_.first_names_.forget(entry.meta);
	return unreachable(entry.path, error);
}

Result<void> TreeCopier::Visitor::listed(std::string_view path, const Listing &listing)
{
	if (!copier_.remove_others_)
		return {};

	std::unordered_set<std::string> names;
	for (const Listing::Item &item : listing.items())
		names.insert(listing.name(item));
	return copier_.sink_.remove_others(
		joined(to_, path),
		[&excluded = copier_.excluded_, path = std::string(path), names](const char *name) {
			return names.contains(name) || excluded.match(joined(path, name));
		});
}

/// Trouble here is reported, and the entry goes without the attribute.
Result<void> TreeCopier::Visitor::read_attributes(const Entry &entry,
						  std::optional<FileSystem::Handle> open)
{
	attributes_.clear();

	const Result<std::string> names = open ? files_.attribute_names(*open)
					       : files_.attribute_names(entry.parent, entry.name);
	if (!names && names.error().code == ENOENT)
		return std::unexpected(names.error());
	if (!names)
		return unreachable(entry.path, names.error());
	for (std::size_t at = 0, end; (end = names->find('\0', at)) != names->npos; at = end + 1) {
		const char *name = names->data() + at;
		Result<std::string> value = open ? files_.attribute(*open, name)
						 : files_.attribute(entry.parent, entry.name, name);

		if (value)
			attributes_.push_back({name, std::move(*value)});
		else
			(void)unreachable(entry.path, value.error());
	}
	return {};
}

Result<void> TreeCopier::Visitor::add_file(const Entry &entry, NewEntry &made)
{
	const Result<FileSystem::Handle> handle = files_.open_file(entry.parent, entry.name);

	if (!handle)
		return left_out(entry, made, handle.error());

	OpenFile file(files_, *handle, entry.meta.size);
	std::vector<Extent> extents;

	if (entry.meta.allocated < entry.meta.size)
		extents = find_extents(files_, *handle, entry.meta.size);
	else if (entry.meta.size)
		extents = {{0, entry.meta.size}};
	made.extents = extents;
	// A link that cannot be made becomes a file with attributes of its own.
	if (const Result<void> there = read_attributes(entry, *handle); !there)
		return left_out(entry, made, there.error());
	edit(entry, made);
	if (made.meta.type != FileType::regular)
		return copier_.sink_.add(made, nullptr);

	const Result<void> added = copier_.sink_.add(made, &file);
	if (added && file.is_complete() && files_.is_shared())
		report_change(entry);
	files_.forget(*handle, 0, entry.meta.size);
	return added;
}

/// Of a file of which all was read: another size is the sink's to tell. One that has gone
/// since is complete.
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
