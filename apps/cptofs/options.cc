// SPDX-License-Identifier: GPL-2.0
#include "options.hh"

namespace lkl::apps {

namespace {

constexpr const char *description =
	"Copy files, with all their metadata, into the file system in a disk image.\n"
	"No privileges are needed beyond reading the files and writing the image.\n";

constexpr const char *footer =
	"Exit status: 0 all is well, 1 some entries are affected, 2 the copy is not complete.\n"
	"With SOURCE_DATE_EPOCH in the environment, later times become that one.";

void add_image_metadata_options(CLI::App &app, Options &options)
{
	const std::string metadata = "Metadata";
	CLI::Option *none = app.get_option("--no-selinux");

	app.add_option("--overrides", options.overrides,
		       "Owners, modes and devices to have, by a device table or fakeroot's state")
		->type_name("FILE")->group(metadata);
	CLI::Option *one = app.add_option("-s,--selinux", options.label, "SELinux label of all entries")
		->type_name("LABEL")->group(metadata)->excludes(none);
	app.add_option("--selinux-contexts", options.file_contexts,
		       "SELinux labels as a policy's file_contexts has them")
		->type_name("FILE")->group(metadata)->excludes(none)->excludes(one);
}

/// A new image with a date has the same bytes for the same sources, wherever they lie and
/// however often they were read.
void complete(Options &options)
{
	CopyOptions &copy = options.copy;

	complete_copy_options(copy);
	if (options.create.wanted && copy.write.latest) {
		copy.walk.order = Order::name;
		copy.write.reads_unseen = true;
	}
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "cptofs");
	Options options;

	options.image.source.writable = true;
	app.footer(footer);
	app.add_option("-i,--image,--filesystem-image", options.image.source.path,
		       "Disk image, block device or nbd:// address")
		->required()->type_name("IMAGE")->group("Image");
	add_image_options(app, options.image);
	add_create_options(app, options.create);
	add_kernel_options(app, options.image, options.tool);
	add_copy_options(app, options.copy, "Files to copy; the last: where to, in the image");
	add_image_metadata_options(app, options);
	add_message_options(app, options.tool, "Output");
	if (const auto status = parse(app, argc, argv, [&] { complete(options); }))
		return *status;
	return options;
}

} // namespace lkl::apps
