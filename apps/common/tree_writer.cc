// SPDX-License-Identifier: GPL-2.0
#include "tree_writer.hh"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "acl_text.hh"
#include "tree_remover.hh"
#include "zeroes.hh"

namespace lkl::apps {

namespace {

// A request of the disk is no larger, so more gains nothing.
constexpr std::size_t buffer_bytes = 1 << 20;

constexpr unsigned set_id_permissions = 06000;

constexpr const char *other_name =
	"another name there differs from it only by what the file system ignores, such as case";

std::string shown(std::string_view path)
{
	return "./" + std::string(path);
}

// Of vfat's times of last change. All types round down.
constexpr std::int64_t coarsest_time_seconds = 2;

/// No other entry would fare better.
bool ends_all(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EROFS;
}

bool lies_below(std::string_view path, std::string_view directory)
{
	return path.starts_with(directory) &&
	       (path.size() == directory.size() || path[directory.size()] == '/');
}

struct SplitPath {
	std::string_view directory, name;	// "." for the destination itself
};

SplitPath split(std::string_view path)
{
	const std::size_t slash = path.rfind('/');

	if (path.empty())
		return {"", "."};
	return slash == path.npos ? SplitPath{"", path}
				  : SplitPath{path.substr(0, slash), path.substr(slash + 1)};
}

std::uint32_t mapped(const std::unordered_map<std::uint32_t, std::uint32_t> &map,
		     const std::optional<std::uint32_t> &all, std::uint32_t id)
{
	if (all)
		return *all;

	const auto found = map.find(id);
	return found == map.end() ? id : found->second;
}

} // namespace

TreeWriter::TreeWriter(WritableFileSystem &target, FileSystem::Handle destination,
		       Reporter &reporter, const WriteOptions &options)
    : target_(target), files_(target.files()), destination_(destination), reporter_(reporter),
      options_(options), root_{destination, 0, {}, false}, buffer_(buffer_bytes)
{
}

TreeWriter::~TreeWriter()
{
	while (!levels_.empty())
		leave();
}

Result<void> TreeWriter::affected(std::string_view path, const Error &error)
{
	if (const std::optional<Error> broken = files_.broken())
		return std::unexpected(*broken);
	if (ends_all(error.code))
		return std::unexpected(error);
	reporter_.affected(shown(path), error.text);
	return {};
}

/// What is refused to every entry alike, such as owners to an ordinary user or where the
/// file system has no room for them, is counted, to be said once. Harmless is what is no
/// reason for the exit status.
Result<void> TreeWriter::refused(std::string_view path, const Error &error, bool harmless)
{
	if (error.code != EPERM && error.code != EOPNOTSUPP)
		return affected(path, error);
	if (const std::optional<Error> broken = files_.broken())
		return std::unexpected(*broken);

	const auto [refusal, first] =
		refusals_.try_emplace(error.text, Refusal{std::string(path), harmless});
	refusal->second.harmless &= harmless;
	if (!first)
		refusal->second.others++;
	return {};
}

void TreeWriter::report_refusals()
{
	for (const auto &[text, refusal] : refusals_) {
		const std::string all =
			refusal.others ? fmt::format("{}; so for {} other entries", text, refusal.others)
				       : text;

		if (refusal.harmless)
			reporter_.notice(shown(refusal.first), all);
		else
			reporter_.affected(shown(refusal.first), all);
	}
	refusals_.clear();
}

void TreeWriter::leave()
{
	files_.close(levels_.back().handle);
	levels_.pop_back();
	path_.resize(levels_.empty() ? 0 : levels_.back().path_bytes);
}

/// Make the innermost level the directory @parent.
Result<void> TreeWriter::open_parent(std::string_view parent)
{
	while (!levels_.empty() && !lies_below(parent, path_))
		leave();

	while (path_.size() < parent.size()) {
		const std::size_t begin = path_.empty() ? 0 : path_.size() + 1;
		const std::string name(parent.substr(begin, parent.find('/', begin) - begin));
		const FileSystem::Handle above = levels_.empty() ? destination_ : levels_.back().handle;
		bool made = false;
		Result<FileSystem::Handle> handle = files_.open_directory(above, name.c_str());

		if (!handle && handle.error().code == ENOENT) {
			TRY(target_.make_directory(above, name.c_str()));
			TRY(target_.set_permissions(above, name.c_str(), 0777 & ~options_.umask));
			made = true;
			handle = files_.open_directory(above, name.c_str());
		}
		if (!handle && (handle.error().code == ENOTDIR || handle.error().code == ELOOP))
			return failure(shown(parent.substr(0, begin + name.size())) +
				       " is there and is no directory");
		path_.assign(parent.substr(0, begin + name.size()));
		levels_.push_back({TRY(std::move(handle)), path_.size(), {}, made});
	}
	return {};
}

/// Of an entry; valid until the next call.
Result<TreeWriter::Place> TreeWriter::open_place(std::string_view path)
{
	const SplitPath parts = split(path);

	TRY(open_parent(parts.directory));
	name_ = parts.name;
	return Place{levels_.empty() ? destination_ : levels_.back().handle, name_.c_str()};
}

/// For one use, from the destination on, by real directories only.
Result<FileSystem::Handle> TreeWriter::open_path(std::string_view path)
{
	FileSystem::Handle handle = TRY(files_.open_directory(destination_, "."));

	while (!path.empty()) {
		const std::string name(path.substr(0, path.find('/')));
		const Result<FileSystem::Handle> next = files_.open_directory(handle, name.c_str());

		files_.close(handle);
		handle = TRY(Result<FileSystem::Handle>(next));
		path.remove_prefix(std::min(name.size() + 1, path.size()));
	}
	return handle;
}

Result<void> TreeWriter::add(const NewEntry &entry, DataSource *data)
{
	files_done_++;
	reporter_.progress(files_done_, bytes_done_);

	Result<void> made = make(entry, data);
	if (!made)
		made = affected(entry.path, made.error());
	if (!made && !files_.broken())
		return failure(shown(entry.path) + ": " + made.error().text, made.error().code);
	return made;
}

Result<void> TreeWriter::make(const NewEntry &entry, DataSource *data)
{
	// Said already, for all of them.
	if (!blocked_.empty() && lies_below(entry.path, blocked_))
		return {};

	const Place place = TRY(open_place(entry.path));

	if (entry.hard_link)
		return add_link(entry, place, data);
	switch (entry.meta.type) {
	case FileType::directory:
		return add_directory(entry, place);
	case FileType::regular:
		return add_file(entry, place, *data);
	case FileType::unknown:
		return failure("ignored: unknown type of file");
	default:
		break;
	}

	const auto create = [&] {
		return entry.meta.type == FileType::symbolic_link
			     ? target_.make_symbolic_link(place.parent, place.name,
							  std::string(entry.link).c_str())
			     : target_.make_node(place.parent, place.name, entry.meta);
	};
	Result<void> made = create();

	if (!made && made.error().code == EEXIST) {
		if (!TRY(clear(place)))
			return {};
		made = create();
	}
	TRY(std::move(made));
	TRY(check_name(place, false));
	return dress(entry, place, true);
}

Result<bool> TreeWriter::make_directory(const NewEntry &entry, const Place &place, bool &made)
{
	if (!entry.path.empty()) {
		const Result<void> result = target_.make_directory(place.parent, place.name);

		made = result.has_value();
		if (!made && result.error().code != EEXIST)
			return std::unexpected(result.error());
		if (made) {
			TRY(check_name(place, true));
			return true;
		}
	}

	const Metadata there = TRY(files_.stat(place.parent, place.name));
	const bool replace = options_.existing == Existing::replace;

	if (TRY(known_by_another_name(place)))
		return failure(other_name);
	if (there.type == FileType::directory)
		return replace;
	if (!options_.remove_others || !replace)
		return failure("is there and is no directory");
	TRY(clear(place));
	TRY(target_.make_directory(place.parent, place.name));
	made = true;
	return true;
}

Result<void> TreeWriter::add_directory(const NewEntry &entry, const Place &place)
{
	bool made = false;
	const Result<bool> dressed = make_directory(entry, place, made);

	if (!dressed) {
		blocked_ = entry.path;
		return failure(dressed.error().text + "; nothing below it is copied",
			       dressed.error().code);
	}
	if (!*dressed)
		return {};
	directories_.push_back({std::string(entry.path), entry.meta,
				{entry.attributes.begin(), entry.attributes.end()}, made});
	return {};
}

Result<void> TreeWriter::add_link(const NewEntry &entry, const Place &place, DataSource *data)
{
	// Two names of one file that go to one place; the first has been there.
	if (entry.link == entry.path)
		return {};

	const SplitPath parts = split(entry.link);
	const std::string from(parts.name);
	const Result<FileSystem::Handle> parent = open_path(parts.directory);

	const auto create = [&] {
		return parent ? target_.make_hard_link(*parent, from.c_str(), place.parent, place.name)
			      : std::unexpected(parent.error());
	};
	Result<void> made = create();
	if (!made && made.error().code == EEXIST) {
		const Result<bool> room = clear(place);

		if (room && *room)
			made = create();
		else
			made = room ? Result<void>() : std::unexpected(room.error());
	}
	if (parent)
		files_.close(*parent);
	if (made || ends_all(made.error().code))
		return made;

	const Error why = {0, "hard link to " + shown(entry.link) + ": " + made.error().text};
	const int code = made.error().code;
	if (!data || entry.meta.type != FileType::regular ||
	    (code != EPERM && code != EMLINK && code != EOPNOTSUPP && code != ENOENT))
		return std::unexpected(why);
	TRY(add_file(entry, place, *data));
	return failure(why.text + "; copied instead");
}

Result<void> TreeWriter::add_file(const NewEntry &entry, const Place &place, DataSource &data)
{
	Result<FileSystem::Handle> file = target_.make_file(place.parent, place.name);

	if (!file && file.error().code == EEXIST) {
		if (!TRY(clear(place)))
			return {};
		file = target_.make_file(place.parent, place.name);
	}

	const FileSystem::Handle handle = TRY(std::move(file));
	if (const Result<void> named = check_name(place, false); !named) {
		(void)target_.close_file(handle);
		return named;
	}
	Result<void> written = write_data(entry, handle, data);
	const Result<void> closed = target_.close_file(handle);

	if (written)
		written = closed;
	// A part looks like the whole: there is none where it is known to end here.
	if (!written && (ends_all(written.error().code) || written.error().code == EINTR ||
			 written.error().code == EFBIG)) {
		(void)target_.remove(place.parent, place.name, false);
		return written;
	}
	if (!written)
		TRY(affected(entry.path, written.error()));
	return dress(entry, place, true);
}

Result<void> TreeWriter::write_piece(FileSystem::Handle file, std::span<const std::byte> piece,
				     std::uint64_t offset)
{
	if (!options_.zeroes_to_holes)
		return target_.write(file, piece, offset);

	return without_zeroes(piece, offset, [&](std::span<const std::byte> run, std::uint64_t at) {
		return target_.write(file, run, at);
	});
}

Result<void> TreeWriter::write_data(const NewEntry &entry, FileSystem::Handle file,
				    DataSource &data)
{
	const std::uint64_t size = entry.meta.size;
	std::uint64_t written = 0;

	for (const Extent &extent : entry.extents) {
		const std::uint64_t end = extent.offset + extent.bytes;

		for (std::uint64_t at = extent.offset; at < end;) {
			const std::span<std::byte> room =
				std::span(buffer_).first(std::min<std::uint64_t>(buffer_.size(), end - at));
			const std::span<const std::byte> piece = TRY(data.read(room, at));

			// Fewer than asked for may also be those before one that cannot be read.
			if (piece.empty())
				return failure("became shorter while it was read; the copy ends "
					       "there too");
			TRY(write_piece(file, piece, at));
			at += piece.size();
			written = at;
			bytes_done_ += piece.size();
			reporter_.progress(files_done_, bytes_done_);
		}
	}
	if (written < size || options_.zeroes_to_holes)
		TRY(target_.set_size(file, size));

	std::byte more;
	if (!TRY(data.read({&more, 1}, size)).empty())
		return failure("became longer while it was read; the copy has its former size");
	return {};
}

Result<bool> TreeWriter::clear(const Place &place)
{
	const Metadata there = TRY(files_.stat(place.parent, place.name));

	if (TRY(known_by_another_name(place)))
		return failure(other_name);
	if (options_.existing == Existing::keep)
		return false;
	if (options_.existing == Existing::refuse)
		return failure("is there already");
	if (there.type == FileType::directory && !options_.remove_others)
		return failure("a directory of this name is there");
	TRY(remove_other(place));
	return true;
}

Result<void> TreeWriter::remove_other(const Place &place)
{
	return TRY(files_.stat(place.parent, place.name)).type == FileType::directory
		     ? remove_tree(target_, place.parent, place.name)
		     : target_.remove(place.parent, place.name, false);
}

Result<void> TreeWriter::remove_others(std::string_view directory, const NameTest &stays)
{
	if (!blocked_.empty() && lies_below(directory, blocked_))
		return {};

	const Result<FileSystem::Handle> handle = open_path(directory);
	if (!handle)
		return affected(directory, handle.error());

	Listing listing;
	Result<void> done = files_.list(*handle, listing);
	const Result<Metadata> here = files_.stat(*handle, ".");
	const Result<Metadata> root = files_.stat(files_.root(), ".");
	const bool is_root = here && root && here->id == root->id;

	if (!done)
		done = affected(directory, done.error());
	for (const Listing::Item &item : listing.items()) {
		const char *name = listing.name(item);

		// lost+found belongs to the file system.
		if (!done || stays(name) || (is_root && name == std::string_view("lost+found")))
			continue;
		if (const Result<void> removed = remove_other({*handle, name}); !removed)
			done = affected(directory, removed.error());
	}
	files_.close(*handle);
	return done;
}

/// Of an entry just made: FAT leaves off dots at the end of a name, so that two would be one.
Result<void> TreeWriter::check_name(const Place &place, bool directory)
{
	const std::string_view name = place.name;
	const std::size_t last = name.find_last_not_of('.');

	if (!name.ends_with('.') || last == name.npos)
		return {};

	const std::string shorter(name.substr(0, last + 1));
	const Result<Metadata> other = files_.stat(place.parent, shorter.c_str());
	if (!other || other->id != TRY(files_.stat(place.parent, place.name)).id)
		return {};
	TRY(target_.remove(place.parent, place.name, directory));
	return failure("the file system leaves off dots at the end of a name");
}

/// Whether what answers to the name is listed under another one.
Result<bool> TreeWriter::known_by_another_name(const Place &place)
{
	Level &level = levels_.empty() ? root_ : levels_.back();

	if (place.name == std::string_view("."))
		return false;
	if (level.names && level.names->contains(place.name))
		return false;

	// The level's own handle may have been listed before.
	const FileSystem::Handle directory = TRY(files_.open_directory(place.parent, "."));
	Listing listing;
	const Result<void> listed = files_.list(directory, listing);

	files_.close(directory);
	TRY(Result<void>(listed));
	level.names.emplace();
	for (const Listing::Item &item : listing.items())
		level.names->emplace(listing.name(item));
	return !level.names->contains(place.name);
}

bool TreeWriter::keeps(std::string_view attribute) const
{
	if (is_raw_acl(attribute))
		return options_.acls;
	if (attribute == "security.selinux")
		return options_.selinux;
	return options_.attributes;
}

Result<void> TreeWriter::set_attributes(const NewEntry &entry, const Place &place)
{
	for (const Attribute &attribute : entry.attributes) {
		if (!keeps(attribute.name))
			continue;

		const Result<void> set = target_.set_attribute(place.parent, place.name, attribute);
		// "No space" is then said of attributes that are too many for one file.
		if (!set && set.error().code == ENOSPC && !files_.broken())
			reporter_.affected(shown(entry.path), set.error().text);
		else if (!set)
			TRY(refused(entry.path, set.error()));
	}
	return {};
}

std::uint32_t TreeWriter::owner_of(const Metadata &meta) const
{
	return mapped(options_.uid_map, options_.uid, meta.uid);
}

std::uint32_t TreeWriter::group_of(const Metadata &meta) const
{
	return mapped(options_.gid_map, options_.gid, meta.gid);
}

Result<bool> TreeWriter::has_its_owner(const Metadata &meta, const Place &place)
{
	const Metadata there = TRY(files_.stat(place.parent, place.name));

	return there.uid == owner_of(meta) && there.gid == group_of(meta);
}

Result<void> TreeWriter::set_permissions(const NewEntry &entry, const Place &place, bool made)
{
	unsigned permissions = entry.meta.permissions;

	if (!options_.permissions) {
		if (!made)
			return {};
		permissions = (entry.meta.type == FileType::directory ? 0777 : 0666) & ~options_.umask;
	}
	// They would give the rights of somebody else than they were meant to.
	if (entry.meta.type == FileType::regular && (permissions & set_id_permissions) &&
	    !TRY(has_its_owner(entry.meta, place)))
		permissions &= ~set_id_permissions;
	return target_.set_permissions(place.parent, place.name, permissions);
}

Timestamp TreeWriter::clamped(const Timestamp &time) const
{
	return options_.latest ? std::min(time, *options_.latest) : time;
}

/// What the file system dropped without a word. Who chose a type without modes or a time
/// of the root, such as vfat, can do nothing about that.
Result<void> TreeWriter::check(const NewEntry &entry, const Place &place, bool mode, bool times)
{
	const Metadata there = TRY(files_.stat(place.parent, place.name));
	const bool owned = there.uid == owner_of(entry.meta) && there.gid == group_of(entry.meta);
	unsigned permissions = entry.meta.permissions;

	if (entry.meta.type == FileType::regular && !owned)
		permissions &= ~set_id_permissions;
	if (mode && there.permissions != permissions)
		TRY(refused(entry.path, {EOPNOTSUPP, "set mode: the file system has none such"},
			    true));

	const std::int64_t cut = clamped(entry.meta.modified).seconds - there.modified.seconds;
	if (times && (cut < 0 || cut >= coarsest_time_seconds))
		TRY(refused(entry.path, {EOPNOTSUPP, "set times: the file system has none such"},
			    entry.path.empty()));
	return {};
}

/// Everything about the entry but its content. A change of owner takes set-id bits and
/// capabilities away, and an ACL changes the mode, so they follow in this order.
Result<void> TreeWriter::dress(const NewEntry &entry, const Place &place, bool made)
{
	const Metadata &meta = entry.meta;
	const auto accepted = [&](const Result<void> &result) -> Result<bool> {
		if (!result)
			TRY(refused(entry.path, result.error()));
		return result.has_value();
	};
	bool mode = false, times = false;

	if (options_.owners)
		TRY(accepted(target_.set_owner(place.parent, place.name, owner_of(meta),
					       group_of(meta))));
	// From a default ACL of a directory that was there; the source has none.
	if (made && options_.acls && meta.type != FileType::symbolic_link &&
	    !(levels_.empty() ? root_ : levels_.back()).made)
		for (const std::string_view acl : {acl_access_attribute, acl_default_attribute})
			if (acl == acl_access_attribute || meta.type == FileType::directory)
				(void)target_.remove_attribute(place.parent, place.name, acl.data());
	TRY(set_attributes(entry, place));
	if (meta.type != FileType::symbolic_link)
		mode = TRY(accepted(set_permissions(entry, place, made))) && options_.permissions;
	if (options_.times)
		times = TRY(accepted(target_.set_times(place.parent, place.name,
						       clamped(options_.reads_unseen ? meta.modified
										     : meta.accessed),
						       clamped(meta.modified))));
	return mode || times ? check(entry, place, mode, times) : Result<void>();
}

Result<void> TreeWriter::amend(std::string_view path, std::span<const Attribute> attributes)
{
	NewEntry entry;

	entry.path = path;
	entry.attributes = attributes;

	const Result<Place> place = open_place(path);
	const Result<void> done = place ? set_attributes(entry, *place)
					: std::unexpected(place.error());
	return done ? done : affected(path, done.error());
}

Result<void> TreeWriter::finish()
{
	// The innermost first: its times end what happens to those above it. One that came
	// several times gets what it had the last time.
	std::ranges::stable_sort(directories_, {}, &Directory::path);
	while (!directories_.empty()) {
		Directory directory = std::move(directories_.back());
		NewEntry entry;

		directories_.pop_back();
		while (!directories_.empty() && directories_.back().path == directory.path) {
			directory.made |= directories_.back().made;
			directories_.pop_back();
		}
		entry.path = directory.path;
		entry.meta = directory.meta;
		entry.attributes = directory.attributes;

		if (const Result<Place> place = open_place(entry.path); !place)
			TRY(affected(entry.path, place.error()));
		else
			TRY(dress(entry, *place, directory.made));
	}
	while (!levels_.empty())
		leave();
	report_refusals();
	return target_.sync();
}

} // namespace lkl::apps
