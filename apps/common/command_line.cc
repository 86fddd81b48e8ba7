// SPDX-License-Identifier: GPL-2.0
#include "command_line.hh"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "reporter.hh"
#include "time_text.hh"

namespace lkl::apps {

namespace {

/// Names and types of options, not every constraint on them.
class Help : public CLI::Formatter {
public:
	std::string make_option_opts(const CLI::Option *option) const override
	{
		const std::string type = option->get_type_size() ? option->get_type_name() : "";

		return type.empty() ? type : " " + type.substr(0, type.find(':'));
	}

	/// Without the formatter's double blank lines.
	static std::string of(const CLI::App &app)
	{
		std::string text = app.help();

		for (std::size_t at; (at = text.find("\n\n\n")) != text.npos;)
			text.erase(at, 1);
		return text;
	}
};

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

} // namespace

std::optional<std::uint32_t> parse_number(std::string_view text)
{
	std::uint32_t value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);

	if (text.empty() || error != std::errc() || end != text.data() + text.size())
		return std::nullopt;
	return value;
}

/// NAME, ID, +ID, NAME:ID or :ID, as in GNU tar.
OwnerName parse_owner(const std::string &text)
{
	const std::size_t colon = text.rfind(':');
	const std::string name = text.substr(0, colon);

	if (colon != text.npos) {
		if (const auto id = parse_number(std::string_view(text).substr(colon + 1)))
			return {name, id};
		throw CLI::ValidationError("'" + text + "': no number after the colon");
	}
	if (const auto id = parse_number(std::string_view(text).substr(text.starts_with('+'))))
		return {"", id};
	if (name.empty())
		throw CLI::ValidationError("the name of an owner is empty");
	return {name, std::nullopt};
}

Timestamp parse_date(const std::string &text)
{
	if (const std::optional<Timestamp> time = parse_time(text))
		return *time;
	throw CLI::ValidationError("'" + text +
				   "': neither @SECONDS nor YYYY-MM-DD[ HH:MM[:SS]][Z]");
}

Order parse_order(const std::string &text)
{
	if (text == "inode")
		return Order::inode;
	if (text == "name")
		return Order::name;
	if (text == "none")
		return Order::stored;
	throw CLI::ValidationError("'" + text + "': --sort takes inode, name or none");
}

DiskFormat parse_format(const std::string &text)
{
	if (const std::optional<DiskFormat> format = format_of_name(text))
		return *format;
	throw CLI::ValidationError("'" + text + "': the formats are " + format_names());
}

Selector parse_selector(const std::string &text)
{
	Result<Selector> selector = Selector::parse(text);

	if (!selector)
		throw CLI::ValidationError(selector.error().text);
	return *selector;
}

CLI::Option *add_off_switch(CLI::App &app, const char *name, bool &what, const char *text)
{
	return app.add_flag_callback(name, [&what] { what = false; }, text);
}

void add_disk_options(CLI::App &app, ImageOptions &options)
{
	const std::string image = "Image";

	app.add_option_function<std::string>(
		   "--format",
		   [&](const std::string &text) { options.source.format = parse_format(text); },
		   "Format of the image; as its content says if not given")
		->type_name("FORMAT")->group(image);
	app.add_flag("--backing-files", options.source.backing_files,
		     "Also open the files that the image names")->group(image);
	app.add_option("--offset", options.offset, "Where in the image the disk begins")
		->type_name("BYTES")->group(image);
	app.add_option("--sector-size", options.sector_bytes,
		       "Of the disk; as its partition table tells if not given")
		->type_name("BYTES")->check(CLI::IsMember({512, 1024, 2048, 4096}))->group(image);
}

void add_layer_options(CLI::App &app, LayerOptions &options)
{
	const std::string volumes = "Volumes made of others";

	app.add_option("--key", options.keys,
		       "Passphrase of an encrypted volume; may be repeated")
		->type_name("TEXT")->allow_extra_args(false)->group(volumes);
	app.add_option("--key-file", options.key_files,
		       "File that is such a passphrase; may be repeated")
		->type_name("FILE")->allow_extra_args(false)->group(volumes);
	app.add_option("--root-hash", options.verity.root_hash, "Of what verity checks")
		->type_name("HEX")->group(volumes);
	app.add_option("--hash-offset", options.verity.hash_offset,
		       "Where verity's hashes begin behind the data; 0: on a device of their own")
		->type_name("BYTES")->group(volumes);
}

void add_image_options(CLI::App &app, ImageOptions &options)
{
	const std::string image = "Image";

	app.add_option_function<std::string>(
		   "-P,--partition",
		   [&](const std::string &text) { options.volume = parse_selector(text); },
		   "Partition number (0: the whole image), label=, uuid=, partlabel=, "
		   "partuuid=, or a volume's name")
		->type_name("SEL")->group(image);
	app.add_option("--disk", options.more_disks,
		       "Another image with a part of the volume; may be repeated")
		->type_name("IMAGE")->allow_extra_args(false)->group(image);
	add_disk_options(app, options);
	app.add_option("-t,--type,--filesystem-type", options.type,
		       "Type of the file system; probed if not given")
		->type_name("TYPE")->group(image);
	app.add_option("--mount-options", options.mount_options,
		       "Options for the kernel's file system: subvol=@, ...")
		->type_name("OPT,...")->group(image);
	add_layer_options(app, options.layers);
	if (options.source.writable)
		app.add_flag("--degraded", options.layers.degraded,
			     "Write to an array though members are missing")
			->group("Volumes made of others");
}

void add_kernel_options(CLI::App &app, ImageOptions &image, ToolOptions &tool)
{
	const std::string kernel = "Kernel";

	app.add_flag("-p,--kernel-log,--enable-printk", tool.show_kernel_log,
		     "Kernel log to standard error")->group(kernel);
	app.add_option("-m,--mb", image.memory_mib, "Memory of the kernel")
		->type_name("MIB")->check(CLI::Range(32, 1 << 20))->group(kernel);
	app.add_option("--cpus", image.cpus, "Virtual CPUs of the kernel")
		->type_name("N")->check(CLI::Range(1, 64))->group(kernel);
}

void add_message_options(CLI::App &app, ToolOptions &tool, const std::string &group)
{
	app.add_flag("-q,--quiet", tool.quiet, "No progress, no notices")->group(group);
	app.add_option("--progress", tool.progress_fd, "Write N/100 lines to descriptor FD")
		->type_name("FD")->check(CLI::NonNegativeNumber)->group(group);
}

void add_attribute_options(CLI::App &app, bool &attributes, bool &acls, bool &selinux)
{
	const std::string metadata = "Metadata";

	add_off_switch(app, "--no-xattrs", attributes,
		       "Drop extended attributes, capabilities among them")->group(metadata);
	add_off_switch(app, "--no-acls", acls, "Drop POSIX ACLs")->group(metadata);
	add_off_switch(app, "--no-selinux", selinux, "Drop SELinux labels")->group(metadata);
}

void add_owner_options(CLI::App &app, std::optional<OwnerName> &user,
		       std::optional<OwnerName> &group)
{
	const std::string metadata = "Metadata";

	app.add_option_function<std::string>(
		   "-o,--owner", [&](const std::string &text) { user = parse_owner(text); },
		   "Owner of all entries: NAME, ID, NAME:ID")->type_name("OWNER")->group(metadata);
	app.add_option_function<std::string>(
		   "-g,--group", [&](const std::string &text) { group = parse_owner(text); },
		   "Group of all entries, likewise")->type_name("GROUP")->group(metadata);
}

void add_owner_maps(CLI::App &app, IdMap &users, IdMap &groups)
{
	add_id_map(app, "--owner-map", users, "FROM:TO, to change one owner; may be repeated");
	add_id_map(app, "--group-map", groups, "FROM:TO, to change one group; may be repeated");
}

Result<std::uint32_t> owner_id(const OwnerName &given, std::optional<std::uint32_t> known,
			       const char *place)
{
	if (given.id)
		return *given.id;
	if (!known)
		return failure(fmt::format("'{}' is not known {}; give its number", given.name,
					   place));
	return *known;
}

void add_exclude_option(CLI::App &app, Patterns &excluded)
{
	app.add_option_function<std::vector<std::string>>(
		   "--exclude",
		   [&](const std::vector<std::string> &patterns) {
			   for (const std::string &pattern : patterns)
				   excluded.add(pattern);
		   },
		   "Leave out what matches; may be repeated")
		->type_name("PATTERN")->allow_extra_args(false)->group("Entries");
}

void add_selection_options(CLI::App &app, Patterns &excluded, WalkOptions &walk)
{
	const std::string selection = "Entries";

	add_exclude_option(app, excluded);
	app.add_flag("--one-file-system", walk.one_file_system, "Do not enter subvolumes")
		->group(selection);
	app.add_option_function<std::string>(
		   "--sort", [&](const std::string &text) { walk.order = parse_order(text); },
		   "Order in directories: inode, name, none")
		->type_name("ORDER")->group(selection);
}

/// https://reproducible-builds.org/specs/source-date-epoch/
std::optional<Timestamp> source_date()
{
	const char *epoch = std::getenv("SOURCE_DATE_EPOCH");

	if (!epoch || !*epoch)
		return std::nullopt;
	if (const std::optional<Timestamp> time = parse_time(std::string("@") + epoch))
		return time;
	throw CLI::ValidationError("SOURCE_DATE_EPOCH is no number of seconds");
}

std::optional<int> parse(CLI::App &app, int argc, char **argv,
			 const std::function<void()> &checks)
{
	const auto help = std::make_shared<Help>();

	help->column_width(36);
	help->label("Positionals", "Arguments");
	app.formatter(help);
	app.set_help_flag("-h,--help", "Print this help")->group("Output");
	try {
		app.parse(argc, argv);
		checks();
	} catch (const CLI::CallForHelp &) {
		std::fputs(Help::of(app).c_str(), stdout);
		return static_cast<int>(Status::good);
	} catch (const CLI::Error &error) {
		Reporter(app.get_name(), false, -1)
			.fatal("", std::string(error.what()) + " (try --help)");
		return static_cast<int>(Status::fatal);
	}
	return std::nullopt;
}

} // namespace lkl::apps
