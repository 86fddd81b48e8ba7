// SPDX-License-Identifier: GPL-2.0
#include "archive_extractor.hh"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/common/acl_text.hh"
#include "apps/common/interruption.hh"

namespace lkl::apps {

namespace {

/// The content of the archive's current entry, of @size bytes.
class MemberData final : public DataSource {
public:
	MemberData(ArchiveReader &archive, std::uint64_t size, std::uint64_t &bytes_read,
		   Reporter &reporter)
	    : archive_(archive), size_(size), bytes_read_(bytes_read), reporter_(reporter)
	{
	}

	Result<std::span<const std::byte>> read(std::span<std::byte> room,
						std::uint64_t offset) override
	{
		if (interrupted())
			return failure("interrupted", EINTR);

		Result<std::size_t> got = archive_.read(room, offset);
		if (!got)
			return failure("not complete: " + got.error().text);
		if ((*got == 0) != (offset >= size_))
			return failure(*got ? "the archive has more of it than it says"
					    : "not complete: the archive has less of it than it says");
		bytes_read_ += *got;
		if (const double part = archive_.part_read(); part > 0)
			reporter_.expect(static_cast<std::uint64_t>(static_cast<double>(bytes_read_) / part));
		return room.first(*got);
	}

private:
	ArchiveReader &archive_;
	const std::uint64_t size_;
	std::uint64_t &bytes_read_;
	Reporter &reporter_;
};

void set_attribute(std::vector<Attribute> &attributes, std::string_view name, std::string value)
{
	const auto there = std::ranges::find(attributes, name, &Attribute::name);

	if (there == attributes.end())
		attributes.push_back({std::string(name), std::move(value)});
	else
		there->value = std::move(value);
}

bool has_attribute(const std::vector<Attribute> &attributes, std::string_view name)
{
	return std::ranges::find(attributes, name, &Attribute::name) != attributes.end();
}

} // namespace

void ArchiveExtractor::affected(std::string_view path, const std::string &text)
{
	reporter_.affected("./" + std::string(path), text);
}

/// @name without what stands for nothing; refused where it leads up.
Result<std::string> ArchiveExtractor::plain_path(std::string_view name)
{
	std::string path;

	if (name.find('\0') != name.npos)
		return failure("refused: NUL in its name");
	if (name.starts_with('/') && !slashes_told_) {
		slashes_told_ = true;
		reporter_.notice(name_, "slashes that names begin with are left out");
	}
	while (!name.empty()) {
		const std::string_view part = name.substr(0, name.find('/'));

		name.remove_prefix(std::min(part.size() + 1, name.size()));
		if (part.empty() || part == ".")
			continue;
		if (part == "..")
			return failure("refused: '..' in its name");
		path.append(path.empty() ? "" : "/").append(part);
	}
	return path;
}

bool ArchiveExtractor::excluded(std::string_view path) const
{
	// What is below something that is left out may come before it or without it.
	for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
		if (options_.excluded.match(path.substr(0, slash)))
			return true;
	return options_.excluded.match(path);
}

/// Where the entry @name goes; nowhere if it is to be left out.
Result<std::optional<std::string>> ArchiveExtractor::place(const std::string &name)
{
	std::string path = TRY(plain_path(name));

	if (excluded(path))
		return std::nullopt;
	for (unsigned left = options_.strip_components; left; left--) {
		const std::size_t slash = path.find('/');

		if (slash == path.npos)
			return std::nullopt;
		path.erase(0, slash + 1);
	}
	return path;
}

void ArchiveExtractor::set_owner(ArchiveEntry &entry, const IdNames &names) const
{
	if (options_.numeric_owner)
		return;
	entry.meta.uid = names.user_id(entry.user).value_or(entry.meta.uid);
	entry.meta.gid = names.group_id(entry.group).value_or(entry.meta.gid);
}

/// ACLs, which archives have as text with names, and GNU tar's also as the kernel's own
/// attribute, which counts where the text is of no use.
void ArchiveExtractor::add_acls(const std::string &path, ArchiveEntry &entry, const IdNames &names)
{
	Waiting waiting;
	const auto add = [&](std::string_view attribute, std::string &text, std::string &later) {
		const bool raw = has_attribute(entry.attributes, attribute);

		if (text.empty() || (raw && options_.numeric_owner))
			return;

		Result<ParsedAcl> acl = parse_acl(text, names);
		if (!acl)
			return affected(path, acl.error().text);
		if (acl->unknown.empty())
			set_attribute(entry.attributes, attribute, std::move(acl->value));
		else if (!raw)
			later = std::move(text);
	};

	if (!options_.acls)
		return;
	add(acl_access_attribute, entry.access_acl, waiting.access_acl);
	add(acl_default_attribute, entry.default_acl, waiting.default_acl);
	if (!waiting.access_acl.empty() || !waiting.default_acl.empty()) {
		waiting.path = path;
		waiting_.push_back(std::move(waiting));
	}
}

Result<void> ArchiveExtractor::extract_all(const IdNames &names, EntrySink &sink)
{
	ArchiveEntry entry;

	for (;;) {
		if (interrupted())
			return failure("interrupted", EINTR);

		const Result<bool> more = archive_.next(entry);
		if (!more) {
			reporter_.fatal(name_, more.error().text);
			return {};
		}
		if (!*more) {
			if (!archive_.end_marked())
				reporter_.affected(name_, "its end is not marked; more may be missing");
			return {};
		}
		TRY(extract(entry, names, sink));
	}
}

Result<void> ArchiveExtractor::extract(ArchiveEntry &entry, const IdNames &names, EntrySink &sink)
{
	const auto refuse = [&](const std::string &why) {
		reporter_.affected(entry.path, why);
		return Result<void>();
	};
	const Result<std::optional<std::string>> path = place(entry.path);
	Result<std::optional<std::string>> link = entry.link;

	if (!path)
		return refuse(path.error().text);
	if (!*path)
		return {};
	if (entry.hard_link) {
		link = place(entry.link);
		if (!link || !*link)
			return refuse(fmt::format("hard link to {}: {}", printable(entry.link),
						  link ? "left out" : link.error().text));
	} else if (entry.link.find('\0') != entry.link.npos) {
		return refuse("refused: NUL in the link");
	}
	for (const std::string &problem : entry.problems)
		affected(**path, problem);

	set_owner(entry, names);
	if (!entry.has_accessed)
		entry.meta.accessed = entry.meta.modified;
	if (!entry.hard_link)
		add_acls(**path, entry, names);

	NewEntry made;
	made.path = **path;
	made.meta = entry.meta;
	made.hard_link = entry.hard_link;
	made.link = **link;
	made.attributes = entry.attributes;
	made.extents = entry.extents;

	MemberData data(archive_, made.meta.size, bytes_read_, reporter_);
	const bool has_data = made.meta.type == FileType::regular && !made.hard_link;
	return sink.add(made, has_data ? &data : nullptr);
}

Result<void> ArchiveExtractor::finish(const IdNames &names, TreeWriter &writer)
{
	for (const Waiting &waiting : waiting_) {
		std::vector<Attribute> attributes;

		for (const auto &[attribute, text] :
		     {std::pair(acl_access_attribute, &waiting.access_acl),
		      std::pair(acl_default_attribute, &waiting.default_acl)}) {
			if (text->empty())
				continue;

			const ParsedAcl acl = TRY(parse_acl(*text, names));
			if (!acl.unknown.empty())
				affected(waiting.path,
					 fmt::format("left out of its ACL, not known in the image: {}",
						     printable(fmt::to_string(fmt::join(acl.unknown, ", ")))));
			attributes.push_back({std::string(attribute), acl.value});
		}
		TRY(writer.amend(waiting.path, attributes));
	}
	return {};
}

} // namespace lkl::apps
