// SPDX-License-Identifier: GPL-2.0
#include "options.hh"

namespace lkl::apps {

namespace {

constexpr const char *description =
	"List what is in disk images: partitions, arrays, volumes, file systems, and what\n"
	"to type after -P of the other tools for each. Nothing is written to the images.\n";

constexpr const char *footer =
	"Exit status: 0 all is well, 1 something is damaged or incomplete, 2 there is no list.";

void add_output_options(CLI::App &app, Options &options)
{
	const std::string output = "Output";
	CLI::Option *table = app.add_flag_callback(
		"--table", [&] { options.form = Form::table; }, "A line for each, in columns");
	CLI::Option *json =
		app.add_flag_callback("--json", [&] { options.form = Form::json; }, "JSON");

	table->group(output);
	json->excludes(table)->group(output);
	add_off_switch(app, "--no-used", options.measure,
		       "Do not mount file systems to see how full they are")->group(output);
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "lklinspect");
	Options options;

	app.footer(footer);
	app.add_option("IMAGE", options.images,
		       "Disk images, block devices or nbd:// addresses, looked at together")
		->required()->type_name("")->expected(1, -1);
	options.image.layers.ask = false;
	add_disk_options(app, options.image);
	add_layer_options(app, options.image.layers);
	app.add_flag("--ask", options.image.layers.ask, "Ask for passphrases on the terminal")
		->group("Volumes made of others");
	add_kernel_options(app, options.image, options.tool);
	add_off_switch(app, "--no-sandbox", options.tool.sandbox,
		       "Do not confine what the image could make of a mistake in the kernel")
		->group("Kernel");
	add_output_options(app, options);
	if (const auto status = parse(app, argc, argv, [] {}))
		return *status;
	options.image.source.path = options.images.front();
	options.image.source.confined = options.tool.sandbox;
	options.unlock = options.image.layers.ask || options.image.layers.has_keys();
	options.image.more_disks.assign(options.images.begin() + 1, options.images.end());
	return options;
}

} // namespace lkl::apps
