// SPDX-License-Identifier: GPL-2.0
#include "archive_builder.hh"

#include <algorithm>

#include "apps/common/acl_text.hh"
#include "apps/common/zeroes.hh"

namespace lkl::apps {

namespace {

constexpr std::string_view selinux_attribute = "security.selinux";

/// How messages call an entry: as GNU tar run in the root would.
std::string shown(std::string_view path)
{
	return "./" + std::string(path);
}

/// GNU tar's spelling of attribute names, in which '=' would end the key.
std::string attribute_key(std::string_view name)
{
	std::string key = "SCHILY.xattr.";

	for (const char c : name) {
		if (c == '%')
			key += "%25";
		else if (c == '=')
			key += "%3D";
		else
			key += c;
	}
	return key;
}

} // namespace

ArchiveBuilder::ArchiveBuilder(FileSystem &files, const IdNames &names, BlockStream &stream,
			       Reporter &reporter, const ArchiveOptions &options)
    : files_(files), names_(names), stream_(stream), reporter_(reporter), options_(options),
      tar_(stream)
{
}

bool ArchiveBuilder::wanted(std::string_view path)
{
	return !options_.excluded.match(path);
}

Result<void> ArchiveBuilder::unreachable(std::string_view path, const Error &error)
{
	return affected(path, error);
}

Result<void> ArchiveBuilder::affected(std::string_view path, const Error &error)
{
	if (const std::optional<Error> broken = files_.broken())
		return std::unexpected(*broken);
	reporter_.affected(shown(path), error.text);
	return {};
}

/// Make member_; false when nothing of the path is left after stripping.
bool ArchiveBuilder::place(const Entry &entry)
{
	std::string_view path = entry.path;

	for (unsigned left = options_.strip_components; left; left--) {
		const std::size_t slash = path.find('/');

		if (slash == path.npos)
			return false;
		path.remove_prefix(slash + 1);
	}
	member_.assign("./").append(path);
	if (entry.meta.type == FileType::directory && !path.empty())
		member_ += '/';
	return true;
}

/// What an entry of the archive says by itself, as the options want it.
TarEntry ArchiveBuilder::describe(const Entry &entry)
{
	TarEntry tar;

	tar.meta = entry.meta;
	if (std::optional<std::string> first = first_names_.find(entry.meta)) {
		tar.hard_link = true;
		link_ = std::move(*first);
	}
	tar.user = names_.user(entry.meta.uid);
	tar.group = names_.group(entry.meta.gid);
	if (options_.user) {
		tar.meta.uid = options_.user->id;
		tar.user = options_.user->name;
	}
	if (options_.group) {
		tar.meta.gid = options_.group->id;
		tar.group = options_.group->name;
	}
	if (options_.modified)
		tar.meta.modified = options_.clamp_modified
					    ? std::min(entry.meta.modified, *options_.modified)
					    : *options_.modified;
	return tar;
}

Result<void> ArchiveBuilder::visit(const Entry &entry)
{
	files_done_++;
	reporter_.progress(files_done_, bytes_done_);
	if (!place(entry))
		return {};
	if (entry.meta.type == FileType::socket)
		return affected(entry.path, {0, "socket ignored: tar has none"});
	if (entry.meta.type == FileType::unknown)
		return affected(entry.path, {0, "ignored: unknown type of file"});

	TarEntry tar = describe(entry);

	records_.clear();
	if (options_.all_times) {
		records_.add("atime", pax_time(entry.meta.accessed));
		records_.add("ctime", pax_time(entry.meta.changed));
	}

	// A further name of a file has nothing of its own.
	if (!tar.hard_link) {
		link_.clear();
		if (entry.meta.type == FileType::symbolic_link) {
			Result<std::string> target = files_.read_link(entry.parent, entry.name);

			if (!target)
				return affected(entry.path, target.error());
			link_ = std::move(*target);
		}
		TRY(add_attributes(entry));
	}

	tar.path = member_;
	tar.link = link_;
	if (!tar.hard_link && entry.meta.type == FileType::regular && entry.meta.size)
		return add_file(entry, tar);
	TRY(tar_.begin_entry(tar, records_));
	first_names_.add(entry.meta, member_);
	return tar_.end_entry();
}

bool ArchiveBuilder::keeps(std::string_view attribute) const
{
	if (attribute == acl_access_attribute || attribute == acl_default_attribute)
		return options_.acls;
	if (attribute == selinux_attribute)
		return options_.selinux;
	return options_.attributes && (options_.acls || !is_raw_acl(attribute));
}

/// Trouble here is reported, and the entry goes without the attribute.
Result<void> ArchiveBuilder::add_attributes(const Entry &entry)
{
	if (!options_.attributes && !options_.acls && !options_.selinux)
		return {};

	const Result<std::string> names = files_.attribute_names(entry.parent, entry.name);
	if (!names)
		return affected(entry.path, names.error());

	// Whole names only: the list comes from an untrusted image.
	for (std::size_t at = 0, end; (end = names->find('\0', at)) != names->npos; at = end + 1) {
		const std::string_view name(names->data() + at, end - at);

		if (!keeps(name))
			continue;

		const Result<void> added = add_attribute(entry, name);
		if (!added)
			TRY(affected(entry.path, added.error()));
	}
	return {};
}

/// @name is NUL-terminated.
Result<void> ArchiveBuilder::add_attribute(const Entry &entry, std::string_view name)
{
	const std::string value = TRY(files_.attribute(entry.parent, entry.name, name.data()));

	if (name == acl_access_attribute) {
		records_.add("SCHILY.acl.access", TRY(acl_text(value, names_)));
		return {};
	}
	if (name == acl_default_attribute) {
		records_.add("SCHILY.acl.default", TRY(acl_text(value, names_)));
		return {};
	}
	if (name == selinux_attribute) {
		// The attribute's terminating NUL is not part of the label.
		const std::string_view label = std::string_view(value).substr(0, value.find('\0'));

		records_.add("RHT.security.selinux", label);
		if (options_.list_labels)
			labels_.append("/").append(entry.path).append(" ").append(label) += '\n';
	}
	// Labels go into both forms, as with GNU tar: some programs know only one.
	if (options_.attributes)
		records_.add(attribute_key(name), value);
	return {};
}

Result<void> ArchiveBuilder::add_file(const Entry &entry, TarEntry &tar)
{
	const Result<FileSystem::Handle> file = files_.open_file(entry.parent, entry.name);

	if (!file)
		return affected(entry.path, file.error());

	const Result<void> added = add_data(*file, entry, tar);
	files_.close(*file);
	if (added)
		first_names_.add(entry.meta, member_);
	return added;
}

Result<void> ArchiveBuilder::add_data(FileSystem::Handle file, const Entry &entry, TarEntry &tar)
{
	std::vector<Extent> extents = {{0, entry.meta.size}};
	FileData data(files_, file, stream_);
	const FileData::Progress progress = [&](std::uint64_t bytes) {
		bytes_done_ += bytes;
		reporter_.progress(files_done_, bytes_done_);
	};

	if (entry.meta.allocated < entry.meta.size)
		extents = find_extents(files_, file, entry.meta.size);
	// In less than a block there is nothing to save.
	if (options_.zeroes_to_holes && entry.meta.size >= hole_block_bytes)
		extents = data.without_zeroes(extents, ahead_, progress);
	tar.extents = extents;
	tar.sparse = extents.size() != 1 || extents[0].bytes != entry.meta.size;

	TRY(tar_.begin_entry(tar, records_));
	for (const Extent &extent : extents)
		TRY(data.copy(extent, progress));
	TRY(tar_.end_entry());
	return data.lost().empty() ? Result<void>() : affected(entry.path, {0, data.lost()});
}

Result<void> ArchiveBuilder::finish()
{
	return tar_.end_archive();
}

} // namespace lkl::apps
