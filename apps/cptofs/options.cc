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

using IdMap = std::unordered_map<std::uint32_t, std::uint32_t>;

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
		->type_name("PAIR")->allow_extra_args(false)->group("Metadata");
}

void add_metadata_options(CLI::App &app, Options &options)
{
	const std::string metadata = "Metadata";
	WriteOptions &write = options.write;

	add_attribute_options(app, write.attributes, write.acls, write.selinux);
	add_owner_options(app, options.user, options.group);
	add_id_map(app, "--owner-map", write.uid_map, "FROM:TO, to change one owner; may be repeated");
	add_id_map(app, "--group-map", write.gid_map, "FROM:TO, to change one group; may be repeated");
	app.add_flag("--sparse", write.zeroes_to_holes, "Make holes of blocks of zeroes")
		->group(metadata);
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "cptofs");
	Options options;

	options.image.source.writable = true;
	app.footer(footer);
	app.add_option("PATH", options.sources, "Files to copy; the last: where to, in the image")
		->required()->type_name("")->expected(2, -1);
	app.add_option("-i,--image", options.image.source.path,
		       "Disk image, block device or nbd:// address")
		->required()->type_name("IMAGE")->group("Image");
	add_image_options(app, options.image);
	add_kernel_options(app, options.image, options.tool);
	add_metadata_options(app, options);
	add_selection_options(app, options.excluded, options.walk);
	add_message_options(app, options.tool, "Output");
	if (const auto status =
		    parse(app, argc, argv, [&] { options.write.latest = source_date(); }))
		return *status;
	options.target = options.sources.back();
	options.sources.pop_back();
	return options;
}

} // namespace lkl::apps
