// SPDX-License-Identifier: GPL-2.0
#include "options.hh"

#include "apps/common/command_line.hh"

namespace lkl::apps {

namespace {

constexpr const char *description =
	"Write the files in a disk image, with all their metadata, to a tar archive.\n"
	"The image is never written to; no privileges are needed.\n";

constexpr const char *footer =
	"Exit status: 0 all is well, 1 some entries are affected, 2 there is no archive.\n"
	"SOURCE_DATE_EPOCH in the environment acts like --mtime with --clamp-mtime.";

void add_source_options(CLI::App &app, Options &options)
{
	app.add_option("IMAGE", options.image.source.path,
		       "Disk image, block device or nbd:// address")
		->required()->type_name("");
	app.add_option("TAR", options.target, "Archive to make; none or -: standard output")
		->type_name("");
	add_image_options(app, options.image);
	add_off_switch(app, "--norecovery", options.image.replay_journal,
		       "Do not replay a dirty journal (in memory)")->group("Image");
	add_kernel_options(app, options.image, options.tool);
	add_off_switch(app, "--no-sandbox", options.tool.sandbox,
		       "Do not confine what the image could make of a mistake in the kernel")
		->group("Kernel");
	app.add_option("--snapshot", options.image.source.snapshot,
		       "Snapshot within a qcow2 image, by name or id")
		->type_name("NAME")->group("Image");
}

void add_entry_options(CLI::App &app, Options &options)
{
	const std::string metadata = "Metadata";
	ArchiveOptions &archive = options.archive;

	add_attribute_options(app, archive.attributes, archive.acls, archive.selinux);
	app.add_option("-s,--selinux-contexts", options.labels,
		       "Also list all SELinux labels in FILE")->type_name("FILE")->group(metadata);
	app.add_flag("--numeric-owner", options.numeric_owner, "Store no names of owners")
		->group(metadata);
	add_owner_options(app, options.user, options.group);
	app.add_option_function<std::string>(
		   "--mtime", [&](const std::string &text) { archive.modified = parse_date(text); },
		   "Modification time of all entries")->type_name("DATE")->group(metadata);
	app.add_flag("--clamp-mtime", archive.clamp_modified,
		     "Use --mtime only where the file's own is later")
		->needs("--mtime")->group(metadata);
	app.add_flag("--all-times", archive.all_times,
		     "Keep times of access and status change too")->group(metadata);
	app.add_flag("--sparse", archive.zeroes_to_holes, "Make holes of blocks of zeroes")
		->group(metadata);

	add_selection_options(app, archive.excluded, options.walk);
	app.add_option("--strip-components", archive.strip_components,
		       "Remove leading directories from names")->type_name("N")->group("Entries");
}

void add_output_options(CLI::App &app, Options &options, bool &by_suffix)
{
	const std::string output = "Output";
	const auto flag = [&](const char *names, Compression method, const char *text) {
		return app.add_flag_callback(
				  names, [&options, method] { options.compression = method; }, text)
			->group(output);
	};

	CLI::Option *gzip = flag("-z,--gzip", Compression::gzip, "Compress with gzip");
	CLI::Option *xz = flag("-J,--xz", Compression::xz, "Compress with xz");
	CLI::Option *zstd = flag("--zstd", Compression::zstd, "Compress with zstd");
	gzip->excludes(xz)->excludes(zstd);
	xz->excludes(zstd);
	app.add_flag("-a,--auto-compress", by_suffix,
		     "Compress as the archive's suffix says (the default)")->group(output);
	app.add_flag("--totals", options.totals, "Print the size of the archive")->group(output);
	add_message_options(app, options.tool, output);
}

void apply_source_date(Options &options)
{
	if (options.archive.modified)
		return;
	options.archive.modified = source_date();
	options.archive.clamp_modified = options.archive.modified.has_value();
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "fs2tar");
	Options options;
	bool by_suffix = false;

	app.footer(footer);
	add_source_options(app, options);
	add_entry_options(app, options);
	add_output_options(app, options, by_suffix);
	if (const auto status = parse(app, argc, argv, [&] { apply_source_date(options); }))
		return *status;

	if (options.compression == Compression::none)
		options.compression = compression_of_name(options.target);
	options.image.source.confined = options.tool.sandbox;
	options.archive.list_labels = !options.labels.empty();
	return options;
}

} // namespace lkl::apps
