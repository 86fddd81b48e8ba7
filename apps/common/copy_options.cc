// SPDX-License-Identifier: GPL-2.0
#include "copy_options.hh"

#include <set>
#include <sstream>

#include <fmt/format.h>

#include "copy_places.hh"
#include "id_names.hh"

namespace lkl::apps {

namespace {

const std::string metadata = "Metadata";
const std::string entries = "Entries";

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
	add_owner_maps(app, write.uid_map, write.gid_map);
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
	app.add_flag("--delete", write.remove_others,
		     "Remove what a directory's source does not have")->group(entries);
}

/// What one source brings would go as others of another.
void check_removal(const std::vector<std::string> &sources)
{
	std::set<std::string> names;

	for (const std::string &source : sources) {
		const std::string name = SourcePath(source).copy_name;

		if ((name.empty() && sources.size() > 1) || !names.insert(name).second)
			throw CLI::ValidationError("--delete: '" + source + "' and another source "
						   "would go to the same place");
	}
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
	if (copy.write.remove_others)
		check_removal(copy.sources);
	if (copy.user || copy.group || !copy.write.uid_map.empty() || !copy.write.gid_map.empty())
		copy.write.owners = true;
}

Result<void> resolve_owners(CopyOptions &copy, FileSystem &files, const char *place)
{
	const auto unknown = [](const std::optional<OwnerName> &given) { return given && !given->id; };
	const bool look = unknown(copy.user) || unknown(copy.group);
	const IdNames names = look ? IdNames::of(files) : IdNames();

	if (copy.user)
		copy.write.uid = TRY(owner_id(*copy.user, names.user_id(copy.user->name), place));
	if (copy.group)
		copy.write.gid = TRY(owner_id(*copy.group, names.group_id(copy.group->name), place));
	return {};
}

} // namespace lkl::apps
