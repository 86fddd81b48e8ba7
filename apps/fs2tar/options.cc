// SPDX-License-Identifier: GPL-2.0
#include "options.hh"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "apps/common/reporter.hh"
#include "time_text.hh"

namespace lkl::apps {

namespace {

constexpr const char *description =
	"Write the files in a disk image, with all their metadata, to a tar archive.\n"
	"The image is never written to; no privileges are needed.\n";

constexpr const char *footer =
	"Exit status: 0 all is well, 1 some entries are affected, 2 there is no archive.\n"
	"SOURCE_DATE_EPOCH in the environment acts like --mtime with --clamp-mtime.";

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

std::optional<std::uint32_t> number(std::string_view text)
{
	std::uint32_t value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);

	if (text.empty() || error != std::errc() || end != text.data() + text.size())
		return std::nullopt;
	return value;
}

/// NAME, ID, +ID, NAME:ID or :ID, as in GNU tar.
OwnerName owner(const std::string &text)
{
	const std::size_t colon = text.rfind(':');
	const std::string name = text.substr(0, colon);

	if (colon != text.npos) {
		if (const auto id = number(std::string_view(text).substr(colon + 1)))
			return {name, id};
		throw CLI::ValidationError("'" + text + "': no number after the colon");
	}
	if (const auto id = number(std::string_view(text).substr(text.starts_with('+'))))
		return {"", id};
	if (name.empty())
		throw CLI::ValidationError("the name of an owner is empty");
	return {name, std::nullopt};
}

Timestamp time(const std::string &text)
{
	if (const std::optional<Timestamp> time = parse_time(text))
		return *time;
	throw CLI::ValidationError("'" + text +
				   "': neither @SECONDS nor YYYY-MM-DD[ HH:MM[:SS]][Z]");
}

Order order(const std::string &text)
{
	if (text == "inode")
		return Order::inode;
	if (text == "name")
		return Order::name;
	if (text == "none")
		return Order::stored;
	throw CLI::ValidationError("'" + text + "': --sort takes inode, name or none");
}

DiskFormat format(const std::string &text)
{
	if (const std::optional<DiskFormat> format = format_of_name(text))
		return *format;
	throw CLI::ValidationError("'" + text + "': the formats are " + format_names());
}

CLI::Option *add_off_switch(CLI::App &app, const char *name, bool &what, const char *text)
{
	return app.add_flag_callback(name, [&what] { what = false; }, text);
}

void add_image_options(CLI::App &app, Options &options)
{
	app.add_option("IMAGE", options.image.source.path,
		       "Disk image, block device or nbd:// address")
		->required()->type_name("");
	app.add_option("TAR", options.target, "Archive to make; none or -: standard output")
		->type_name("");

	const std::string image = "Image";
	app.add_option("-P,--partition", options.image.partition,
		       "Partition with the file system; 0: the whole image")
		->type_name("N")->group(image);
	app.add_option_function<std::string>(
		   "--format",
		   [&](const std::string &text) { options.image.source.format = format(text); },
		   "Format of the image; as its content says if not given")
		->type_name("FORMAT")->group(image);
	app.add_option("--snapshot", options.image.source.snapshot,
		       "Snapshot within a qcow2 image, by name or id")
		->type_name("NAME")->group(image);
	app.add_flag("--backing-files", options.image.source.backing_files,
		     "Also open the files that the image names")->group(image);
	app.add_option("--offset", options.image.offset, "Where in the image the disk begins")
		->type_name("BYTES")->group(image);
	app.add_option("-t,--type,--filesystem-type", options.image.type,
		       "Type of the file system; probed if not given")
		->type_name("TYPE")->group(image);
	app.add_option("--mount-options", options.image.mount_options,
		       "Options for the kernel's file system: subvol=@, ...")
		->type_name("OPT,...")->group(image);
	add_off_switch(app, "--norecovery", options.image.replay_journal,
		       "Do not replay a dirty journal (in memory)")->group(image);

	const std::string kernel = "Kernel";
	app.add_flag("-p,--kernel-log,--enable-printk", options.show_kernel_log,
		     "Kernel log to standard error")->group(kernel);
	app.add_option("-m,--mb", options.image.memory_mib, "Memory of the kernel")
		->type_name("MIB")->check(CLI::Range(32, 1 << 20))->group(kernel);
	app.add_option("--cpus", options.image.cpus, "Virtual CPUs of the kernel")
		->type_name("N")->check(CLI::Range(1, 64))->group(kernel);
	add_off_switch(app, "--no-sandbox", options.sandbox,
		       "Do not confine what the image could make of a mistake in the kernel")
		->group(kernel);
}

void add_entry_options(CLI::App &app, Options &options)
{
	const std::string metadata = "Metadata";
	ArchiveOptions &archive = options.archive;

	add_off_switch(app, "--no-xattrs", archive.attributes,
		       "Drop extended attributes, capabilities among them")->group(metadata);
	add_off_switch(app, "--no-acls", archive.acls, "Drop POSIX ACLs")->group(metadata);
	add_off_switch(app, "--no-selinux", archive.selinux, "Drop SELinux labels")
		->group(metadata);
	app.add_option("-s,--selinux-contexts", options.labels,
		       "Also list all SELinux labels in FILE")->type_name("FILE")->group(metadata);
	app.add_flag("--numeric-owner", options.numeric_owner, "Store no names of owners")
		->group(metadata);
	app.add_option_function<std::string>(
		   "-o,--owner", [&](const std::string &text) { options.user = owner(text); },
		   "Owner of all entries: NAME, ID, NAME:ID")->type_name("OWNER")->group(metadata);
	app.add_option_function<std::string>(
		   "-g,--group", [&](const std::string &text) { options.group = owner(text); },
		   "Group of all entries, likewise")->type_name("GROUP")->group(metadata);
	app.add_option_function<std::string>(
		   "--mtime", [&](const std::string &text) { archive.modified = time(text); },
		   "Modification time of all entries")->type_name("DATE")->group(metadata);
	app.add_flag("--clamp-mtime", archive.clamp_modified,
		     "Use --mtime only where the file's own is later")
		->needs("--mtime")->group(metadata);
	app.add_flag("--all-times", archive.all_times,
		     "Keep times of access and status change too")->group(metadata);

	const std::string selection = "Entries";

	app.add_option_function<std::vector<std::string>>(
		   "--exclude",
		   [&](const std::vector<std::string> &patterns) {
			   for (const std::string &pattern : patterns)
				   archive.excluded.add(pattern);
		   },
		   "Leave out what matches; may be repeated")
		->type_name("PATTERN")->allow_extra_args(false)->group(selection);
	app.add_option("--strip-components", archive.strip_components,
		       "Remove leading directories from names")->type_name("N")->group(selection);
	app.add_flag("--one-file-system", options.walk.one_file_system,
		     "Do not enter subvolumes")->group(selection);
	app.add_option_function<std::string>(
		   "--sort", [&](const std::string &text) { options.walk.order = order(text); },
		   "Order in directories: inode, name, none")
		->type_name("ORDER")->group(selection);
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
	app.add_flag("-q,--quiet", options.quiet, "No progress, no notices")->group(output);
	app.add_option("--progress", options.progress_fd, "Write N/100 lines to descriptor FD")
		->type_name("FD")->check(CLI::NonNegativeNumber)->group(output);
}

/// https://reproducible-builds.org/specs/source-date-epoch/
void apply_source_date(Options &options)
{
	const char *epoch = std::getenv("SOURCE_DATE_EPOCH");

	if (!epoch || !*epoch || options.archive.modified)
		return;
	options.archive.modified = parse_time(std::string("@") + epoch);
	if (!options.archive.modified)
		throw CLI::ValidationError("SOURCE_DATE_EPOCH is no number of seconds");
	options.archive.clamp_modified = true;
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "fs2tar");
	Options options;
	bool by_suffix = false;

	app.footer(footer);
	const auto help = std::make_shared<Help>();
	help->column_width(36);
	help->label("Positionals", "Arguments");
	app.formatter(help);
	add_image_options(app, options);
	add_entry_options(app, options);
	add_output_options(app, options, by_suffix);
	app.set_help_flag("-h,--help", "Print this help")->group("Output");

	try {
		app.parse(argc, argv);
		apply_source_date(options);
	} catch (const CLI::CallForHelp &) {
		std::fputs(Help::of(app).c_str(), stdout);
		return static_cast<int>(Status::good);
	} catch (const CLI::Error &error) {
		Reporter("fs2tar", false, -1)
			.fatal("", std::string(error.what()) + " (try --help)");
		return static_cast<int>(Status::fatal);
	}

	if (options.compression == Compression::none)
		options.compression = compression_of_name(options.target);
	options.image.source.confined = options.sandbox;
	options.archive.list_labels = !options.labels.empty();
	return options;
}

} // namespace lkl::apps
