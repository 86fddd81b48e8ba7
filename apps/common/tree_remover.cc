// SPDX-License-Identifier: GPL-2.0
// One open directory per level, no call stack: see tree_walker.cc.
#include "tree_remover.hh"

#include <cerrno>
#include <string>
#include <vector>

#include "interruption.hh"

namespace lkl::apps {

namespace {

class Removal {
public:
	explicit Removal(WritableFileSystem &target) : target_(target), files_(target.files()) {}
	~Removal()
	{
		while (!levels_.empty())
			leave();
	}
	Removal(const Removal &) = delete;
	Removal &operator=(const Removal &) = delete;

	Result<void> run(FileSystem::Handle parent, const char *name);

private:
	struct Level {
		FileSystem::Handle parent;	// of this directory
		std::string name;
		FileSystem::Handle handle;
		Listing listing;
		std::size_t next = 0;
	};

	Result<void> enter(FileSystem::Handle parent, const char *name);
	void leave();
	Result<void> remove(FileSystem::Handle parent, const char *name, bool directory);
	std::string path_of(const char *name) const;

	WritableFileSystem &target_;
	FileSystem &files_;
	std::vector<Level> levels_;
	std::uint64_t device_ = 0;
};

std::string Removal::path_of(const char *name) const
{
	std::string path;

	for (const Level &level : levels_)
		path += level.name + "/";
	return path + name;
}

Result<void> Removal::enter(FileSystem::Handle parent, const char *name)
{
	if (TRY(files_.stat(parent, name)).id.device != device_)
		return failure(path_of(name) + ": remove: is a file system of its own");

	const FileSystem::Handle handle = TRY(files_.open_directory(parent, name));

	levels_.push_back({parent, name, handle, {}});
	return files_.list(handle, levels_.back().listing);
}

void Removal::leave()
{
	files_.close(levels_.back().handle);
	levels_.pop_back();
}

Result<void> Removal::remove(FileSystem::Handle parent, const char *name, bool directory)
{
	const Result<void> removed = target_.remove(parent, name, directory);

	return removed ? removed
		       : failure(path_of(name) + ": " + removed.error().text, removed.error().code);
}

Result<void> Removal::run(FileSystem::Handle parent, const char *name)
{
	device_ = TRY(files_.stat(parent, ".")).id.device;
	TRY(enter(parent, name));
	while (!levels_.empty()) {
		Level &level = levels_.back();

		if (interrupted())
			return failure("interrupted", EINTR);
		if (level.next == level.listing.items().size()) {
			const FileSystem::Handle above = level.parent;
			const std::string done = level.name;

			leave();
			TRY(remove(above, done.c_str(), true));
			continue;
		}

		const char *inner = level.listing.name(level.listing.items()[level.next++]);
		const Metadata meta = TRY(files_.stat(level.handle, inner));

		if (meta.type == FileType::directory)
			TRY(enter(level.handle, inner));
		else
			TRY(remove(level.handle, inner, false));
	}
	return {};
}

} // namespace

Result<void> remove_tree(WritableFileSystem &target, FileSystem::Handle parent, const char *name)
{
	return Removal(target).run(parent, name);
}

} // namespace lkl::apps
