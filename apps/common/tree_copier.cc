// SPDX-License-Identifier: GPL-2.0
#include "tree_copier.hh"

#include <algorithm>

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

	Result<std::span<const std::byte>> read(std::span<std::byte> room,
						std::uint64_t offset) override
	{
		if (interrupted())
			return failure("interrupted", EINTR);
		return room.first(TRY(files_.read(file_, room, offset)));
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
	Result<void> unreachable(std::string_view path, const Error &error) override;

private:
	void read_attributes(const Entry &entry, std::optional<FileSystem::Handle> open);
	Result<void> add_file(const Entry &entry, NewEntry &made);

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
			return unreachable(entry.path, link.error());
		target = std::move(*link);
		made.link = target;
	}
	if (entry.meta.type == FileType::regular)
		return add_file(entry, made);
	read_attributes(entry, std::nullopt);
	made.attributes = attributes_;
	return copier_.sink_.add(made, nullptr);
}

/// By its handle when it is @open. Trouble here is reported, and the entry goes without the
/// attribute.
void TreeCopier::Visitor::read_attributes(const Entry &entry,
					  std::optional<FileSystem::Handle> open)
{
	attributes_.clear();

	const Result<std::string> names = open ? files_.attribute_names(*open)
					       : files_.attribute_names(entry.parent, entry.name);
	if (!names) {
		(void)unreachable(entry.path, names.error());
		return;
	}
	for (std::size_t at = 0, end; (end = names->find('\0', at)) != names->npos; at = end + 1) {
		const char *name = names->data() + at;
		Result<std::string> value = open ? files_.attribute(*open, name)
						 : files_.attribute(entry.parent, entry.name, name);

		if (value)
			attributes_.push_back({name, std::move(*value)});
		else
			(void)unreachable(entry.path, value.error());
	}
}

Result<void> TreeCopier::Visitor::add_file(const Entry &entry, NewEntry &made)
{
	const Result<FileSystem::Handle> handle = files_.open_file(entry.parent, entry.name);

	if (!handle)
		return unreachable(entry.path, handle.error());

	OpenFile file(files_, *handle);
	std::vector<Extent> extents;

	if (entry.meta.allocated < entry.meta.size)
		extents = find_extents(files_, *handle, entry.meta.size);
	else if (entry.meta.size)
		extents = {{0, entry.meta.size}};
	made.extents = extents;
	// A link that cannot be made becomes a file with attributes of its own.
	read_attributes(entry, *handle);
	made.attributes = attributes_;

	const Result<void> added = copier_.sink_.add(made, &file);
	files_.forget(*handle, 0, entry.meta.size);
	return added;
}

Result<void> TreeCopier::copy(FileSystem &files, FileSystem::Handle directory, const char *from,
			      std::string_view to, std::string_view shown)
{
	Visitor visitor(*this, files, to, shown);

	return walk_tree(files, visitor, walk_, directory, from);
}

} // namespace lkl::apps
