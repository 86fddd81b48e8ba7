// SPDX-License-Identifier: GPL-2.0
// The walk keeps one open directory and its remaining names per level, no call
// stack: the depth of a tree is the image's choice.
#include "tree_walker.hh"

#include <cstring>
#include <vector>

namespace lkl::apps {

namespace {

class Walk {
public:
	Walk(FileSystem &files, TreeVisitor &visitor, const WalkOptions &options)
	    : files_(files), visitor_(visitor), options_(options)
	{
	}

	~Walk()
	{
		while (!levels_.empty())
			leave();
	}

	Walk(const Walk &) = delete;
	Walk &operator=(const Walk &) = delete;

	Result<void> run(FileSystem::Handle directory, const char *from);

private:
	struct Level {
		FileSystem::Handle handle;
		Listing listing;
		std::size_t next = 0;
		std::size_t path_bytes;		// of this directory's own path
	};

	Result<void> child(FileSystem::Handle parent, const char *name);
	Result<void> enter(FileSystem::Handle parent, const char *name);
	void leave();
	void sort(Listing &listing) const;
	Result<void> unreachable(const Error &error);

	FileSystem &files_;
	TreeVisitor &visitor_;
	const WalkOptions options_;
	std::vector<Level> levels_;
	std::string path_;
	std::uint64_t device_ = 0;	// of the root
};

Result<void> Walk::run(FileSystem::Handle directory, const char *from)
{
	const Metadata root = TRY(files_.stat(directory, from));

	device_ = root.id.device;
	TRY(visitor_.visit({path_, directory, from, root}));
	if (root.type == FileType::directory)
		TRY(enter(directory, from));

	while (!levels_.empty()) {
		Level &level = levels_.back();

		path_.resize(level.path_bytes);
		if (level.next == level.listing.items().size()) {
			leave();
			continue;
		}

		// Not a copy: the name stays valid until the level is left.
		const char *name = level.listing.name(level.listing.items()[level.next++]);
		if (!path_.empty())
			path_ += '/';
		path_ += name;
		if (visitor_.wanted(path_))
			TRY(child(level.handle, name));
	}
	return {};
}

Result<void> Walk::child(FileSystem::Handle parent, const char *name)
{
	const Result<Metadata> meta = files_.stat(parent, name);

	if (!meta)
		return unreachable(meta.error());
	TRY(visitor_.visit({path_, parent, name, *meta}));
	if (meta->type != FileType::directory)
		return {};
	if (options_.one_file_system && meta->id.device != device_)
		return {};
	return enter(parent, name);
}

Result<void> Walk::enter(FileSystem::Handle parent, const char *name)
{
	const Result<FileSystem::Handle> handle = files_.open_directory(parent, name);

	if (!handle)
		return unreachable(handle.error());

	// What a damaged directory still lists is worth having.
	Listing listing;
	const Result<void> complete = files_.list(*handle, listing);

	sort(listing);
	levels_.push_back({*handle, std::move(listing), 0, path_.size()});
	return complete ? visitor_.listed(path_, levels_.back().listing)
			: unreachable(complete.error());
}

void Walk::leave()
{
	files_.close(levels_.back().handle);
	levels_.pop_back();
}

void Walk::sort(Listing &listing) const
{
	using Item = Listing::Item;

	switch (options_.order) {
	case Order::stored:
		break;
	case Order::inode:
		listing.sort([](const Item &a, const Item &b) {
			const bool a_last = a.type == FileType::directory;
			const bool b_last = b.type == FileType::directory;

			return a_last != b_last ? b_last
			     : a.inode != b.inode ? a.inode < b.inode
						  : a.name_at < b.name_at;
		});
		break;
	case Order::name:
		listing.sort([&](const Item &a, const Item &b) {
			return std::strcmp(listing.name(a), listing.name(b)) < 0;
		});
		break;
	}
}

Result<void> Walk::unreachable(const Error &error)
{
	if (const std::optional<Error> broken = files_.broken())
		return std::unexpected(*broken);
	return visitor_.unreachable(path_, error);
}

} // namespace

Result<void> walk_tree(FileSystem &files, TreeVisitor &visitor, const WalkOptions &options,
		       FileSystem::Handle directory, const char *from)
{
	return Walk(files, visitor, options).run(directory, from);
}

Result<void> walk_tree(FileSystem &files, TreeVisitor &visitor, const WalkOptions &options)
{
	return walk_tree(files, visitor, options, files.root(), ".");
}

} // namespace lkl::apps
