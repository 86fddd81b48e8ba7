// SPDX-License-Identifier: GPL-2.0
#include "copy_options.hh"

#include <sstream>

#include <fmt/format.h>

#include "id_names.hh"

namespace lkl::apps {

namespace {

using IdMap = std::unordered_map<std::uint32_t, std::uint32_t>;

const std::string metadata = "Metadata";
const std::string entries = "Entries";

void add_id_map(CLI::App &app, const char *name, IdMap &map, const char *text)
{
	app.add_option_function<std::vector<std::string>>(
		   name,
		   [&map](const std::vector<std::string> &pairs) {
			   for (const std::string &pair : pairs) {
				   const std::size_t colon = pair.find(':');
				   const auto from = parse_number(pair.substr(0, colon));
				   const auto to = colon == pair.npos
							   ? std::nullopt
							   : parse_number(pair.substr(colon + 1));

				   if (!from || !to)
					   throw CLI::ValidationError("'" + pair +
								      "': not FROM:TO, two numbers");
				   map[*from] = *to;
			   }
		   },
		   text)
		->type_name("PAIR")->allow_extra_args(false)->group(metadata);
}

/// The words of cp, and one for ACLs alone.
void preserve(WriteOptions &write, const std::string &list, bool value)
{
	std::istringstream words(list);

	for (std::string word; std::getline(words, word, ',');) {
		const bool all = word == "all";

		if (!all && word != "mode" && word != "ownership" && word != "timestamps" &&
		    word != "xattr" && word != "acl" && word != "context")
			throw CLI::ValidationError("'" + word + "': not one of mode, ownership, "
							  "timestamps, xattr, acl, context, all");
		if (all || word == "mode")
			write.permissions = value;
		if (all || word == "mode" || word == "acl")
			write.acls = value;
		if (all || word == "ownership")
			write.owners = value;
		if (all || word == "timestamps")
			write.times = value;
		if (all || word == "xattr")
			write.attributes = value;
		if (all || word == "xattr" || word == "context")
			write.selinux = value;
	}
}

void add_preserve_option(CLI::App &app, const char *name, WriteOptions &write, bool value,
			 const char *text)
{
	app.add_option_function<std::string>(
		   name, [&write, value](const std::string &list) { preserve(write, list, value); },
		   text)
		->type_name("LIST")->group(metadata);
}

void add_metadata_options(CLI::App &app, CopyOptions &copy)
{
	WriteOptions &write = copy.write;

	add_preserve_option(app, "--preserve", write, true,
			    "Keep: mode, ownership, timestamps, xattr, acl, context, all");
	add_preserve_option(app, "--no-preserve", write, false, "Do not keep these");
	add_attribute_options(app, write.attributes, write.acls, write.selinux);
	add_owner_options(app, copy.user, copy.group);
	add_id_map(app, "--owner-map", write.uid_map, "FROM:TO, to change one owner; may be repeated");
	add_id_map(app, "--group-map", write.gid_map, "FROM:TO, to change one group; may be repeated");
	// Accepted for the habits of others.
	app.add_flag_callback("--numeric-owner", [] {}, "Keep owners by their numbers; always so")
		->group(metadata);
	app.add_flag("--sparse", write.zeroes_to_holes, "Make holes of blocks of zeroes")
		->group(metadata);
}

void add_existing_options(CLI::App &app, WriteOptions &write)
{
	const auto flag = [&](const char *name, Existing what, const char *text) {
		return app.add_flag_callback(name, [&write, what] { write.existing = what; }, text)
			->group(entries);
	};

	CLI::Option *keep = flag("--keep-existing", Existing::keep,
				 "Leave alone what is there already");
	flag("--refuse-existing", Existing::refuse, "And report it")->excludes(keep);
}

Result<void> resolve(const std::optional<OwnerName> &given, std::optional<std::uint32_t> known,
		     const char *place, std::optional<std::uint32_t> &id)
{
	if (!given)
		return {};
	id = given->id ? given->id : known;
	if (!id)
		return failure(fmt::format("'{}' is not known {}; give its number", given->name,
					   place));
	return {};
}

} // namespace

void add_copy_options(CLI::App &app, CopyOptions &copy, const char *description)
{
	app.add_option("PATH", copy.sources, description)
		->required()->type_name("")->expected(2, -1);
	add_metadata_options(app, copy);
	add_existing_options(app, copy.write);
	add_selection_options(app, copy.excluded, copy.walk);
}

void complete_copy_options(CopyOptions &copy)
{
	copy.write.latest = source_date();
	copy.target = copy.sources.back();
	copy.sources.pop_back();
	if (copy.user || copy.group || !copy.write.uid_map.empty() || !copy.write.gid_map.empty())
		copy.write.owners = true;
}

Result<void> resolve_owners(CopyOptions &copy, FileSystem &files, const char *place)
{
	const auto unknown = [](const std::optional<OwnerName> &given) { return given && !given->id; };
	const bool look = unknown(copy.user) || unknown(copy.group);
	const IdNames names = look ? IdNames::of(files) : IdNames();

	TRY(resolve(copy.user, copy.user ? names.user_id(copy.user->name) : std::nullopt, place,
		    copy.write.uid));
	return resolve(copy.group, copy.group ? names.group_id(copy.group->name) : std::nullopt,
		       place, copy.write.gid);
}

} // namespace lkl::apps
