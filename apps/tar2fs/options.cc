// SPDX-License-Identifier: GPL-2.0
#include "options.hh"

namespace lkl::apps {

namespace {

constexpr const char *description =
	"Put the files in an archive, with all their metadata, into the file system in a disk\n"
	"image. No privileges are needed beyond reading the one and writing the other.\n";

constexpr const char *footer =
	"Exit status: 0 all is well, 1 some entries are affected, 2 not all of the archive is there.\n"
	"With SOURCE_DATE_EPOCH in the environment, later times become that one.";

void add_metadata_options(CLI::App &app, Options &options)
{
	const std::string metadata = "Metadata";
	WriteOptions &write = options.write;

	add_attribute_options(app, write.attributes, write.acls, write.selinux);
	app.add_flag("--numeric-owner", options.extract.numeric_owner,
		     "Owners are the archive's numbers, not its names")->group(metadata);
	add_owner_options(app, options.user, options.group);
	add_owner_maps(app, write.uid_map, write.gid_map);
	app.add_flag("--sparse", write.zeroes_to_holes, "Make holes of blocks of zeroes")
		->group(metadata);
}

void add_entry_options(CLI::App &app, Options &options)
{
	const std::string entries = "Entries";

	app.add_option("-C,--directory", options.directory,
		       "Put the files below this directory of the image")
		->type_name("DIR")->group(entries);
	add_exclude_option(app, options.extract.excluded);
	app.add_option("--strip-components", options.extract.strip_components,
		       "Remove leading directories from names")->type_name("N")->group(entries);

	const auto existing = [&](const char *name, Existing what, const char *text) {
		return app.add_flag_callback(
				  name, [&options, what] { options.write.existing = what; }, text)
			->group(entries);
	};
	CLI::Option *refuse = existing("-k,--keep-old-files", Existing::refuse,
				       "Report what is there already, and leave it");
	existing("--skip-old-files", Existing::keep, "Leave what is there already")
		->excludes(refuse);
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "tar2fs");
	Options options;

	options.image.source.writable = true;
	app.footer(footer);
	app.add_option("ARCHIVE", options.archive, "Archive, compressed or not; -: standard input")
		->required()->type_name("");
	app.add_option("IMAGE", options.image.source.path,
		       "Disk image, block device or nbd:// address")
		->required()->type_name("");
	app.add_flag("--ignore-zeros", options.ignore_zeros,
		     "Go on behind the end of a tar archive")->group("Archive");
	add_image_options(app, options.image);
	add_create_options(app, options.create);
	add_kernel_options(app, options.image, options.tool);
	add_off_switch(app, "--no-sandbox", options.tool.sandbox,
		       "Do not confine what archive and image could make of a mistake")
		->group("Kernel");
	add_metadata_options(app, options);
	add_entry_options(app, options);
	app.add_flag("--totals", options.totals, "Print the size of the archive")->group("Output");
	add_message_options(app, options.tool, "Output");
	if (const auto status =
		    parse(app, argc, argv, [&] { options.write.latest = source_date(); }))
		return *status;
	options.image.source.confined = options.tool.sandbox;
	options.create.confined = options.tool.sandbox;
	options.extract.acls = options.write.acls;
	return options;
}

} // namespace lkl::apps
