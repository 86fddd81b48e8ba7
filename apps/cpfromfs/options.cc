// SPDX-License-Identifier: GPL-2.0
#include "options.hh"

#include <sys/stat.h>
#include <unistd.h>

namespace lkl::apps {

namespace {

constexpr const char *description =
	"Copy files, with all their metadata, out of the file system in a disk image.\n"
	"The image is never written to; no privileges are needed.\n";

constexpr const char *footer =
	"Exit status: 0 all is well, 1 some entries are affected, 2 the copy is not complete.\n"
	"With SOURCE_DATE_EPOCH in the environment, later times become that one.";

unsigned user_mask()
{
	const mode_t mask = ::umask(0);

	::umask(mask);
	return mask;
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "cpfromfs");
	Options options;

	// As GNU tar: others than root cannot give files away.
	options.copy.write.owners = ::geteuid() == 0;
	options.copy.write.umask = user_mask();
	app.footer(footer);
	app.add_option("-i,--image,--filesystem-image", options.image.source.path,
		       "Disk image, block device or nbd:// address")
		->required()->type_name("IMAGE")->group("Image");
	add_image_options(app, options.image);
	app.add_option("--snapshot", options.image.source.snapshot,
		       "Snapshot within a qcow2 image, by name or id")
		->type_name("NAME")->group("Image");
	add_off_switch(app, "--norecovery", options.image.replay_journal,
		       "Do not replay a dirty journal (in memory)")->group("Image");
	add_kernel_options(app, options.image, options.tool);
	add_copy_options(app, options.copy, "Files in the image to copy; the last: where to");
	app.add_flag("--sync", options.durable, "Wait until the copies are on the disk")
		->group("Output");
	add_message_options(app, options.tool, "Output");
	if (const auto status = parse(app, argc, argv, [&] { complete_copy_options(options.copy); }))
		return *status;
	return options;
}

} // namespace lkl::apps
