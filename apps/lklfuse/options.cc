// SPDX-License-Identifier: GPL-2.0
#include "options.hh"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>

#include <unistd.h>

#include "mount_words.hh"

namespace lkl::apps {

namespace {

constexpr const char *description =
	"Mount the file system in a disk image, for all programs, without root.\n"
	"The file system is the kernel's own, in a kernel inside this program.\n";

constexpr const char *footer =
	"Of -o: ro, type=, part=, mb=, cpus=, lock=FILE, disk=, offset=, format=, key-file=,\n"
	"pid-file=, uid=, gid=, umask=, writeback_cache, noatime, lazytime, sync; libfuse's\n"
	"allow_other, default_permissions, auto_unmount, fsname=, subtype=; everything else is\n"
	"for the file system: -o subvol=@\n"
	"Exit status: 0 it is mounted, with -f all is written; 2 it is not.";

constexpr unsigned worker_threads = 8;
constexpr unsigned most_cpus = 4;

std::uint64_t number_of(const MountWord &word, int base = 10)
{
	std::uint64_t value = 0;
	const char *const end = word.value.data() + word.value.size();
	const auto [at, error] = std::from_chars(word.value.data(), end, value, base);

	if (word.value.empty() || error != std::errc() || at != end)
		throw CLI::ValidationError("'" + word.text() + "': not a number");
	return value;
}

std::uint32_t id_of(const MountWord &word)
{
	const std::uint64_t value = number_of(word);

	if (value >= 0xffffffff)
		throw CLI::ValidationError("'" + word.text() + "': no such id");
	return static_cast<std::uint32_t>(value);
}

std::string file_of(const MountWord &word)
{
	if (word.value.empty())
		throw CLI::ValidationError("'" + word.text() + "': a file is missing");
	return word.value;
}

/// A word that options.hh has a place for.
void take_word(const MountWord &word, Options &options)
{
	ImageOptions &image = options.image;
	ShownIds &shown = options.serving.shown;
	const std::string_view key = word.key;

	if (key == "ro" || key == "rw")
		options.read_only = key == "ro";
	else if (key == "type")
		image.type = word.value;
	else if (key == "part")
		image.volume = parse_selector(word.value);
	else if (key == "mb")
		image.memory_mib = static_cast<unsigned>(number_of(word));
	else if (key == "cpus")
		image.cpus = static_cast<unsigned>(number_of(word));
	else if (key == "opts")
		image.mount_options += (image.mount_options.empty() ? "" : ",") + word.value;
	else if (key == "lock")
		options.lock_file = file_of(word);
	else if (key == "pid-file")
		options.pid_file = file_of(word);
	else if (key == "offset")
		image.offset = number_of(word);
	else if (key == "format")
		image.source.format = parse_format(word.value);
	else if (key == "disk")
		image.more_disks.push_back(file_of(word));
	else if (key == "key-file")
		image.layers.key_files.push_back(file_of(word));
	else if (key == "uid")
		shown.uid = id_of(word);
	else if (key == "gid")
		shown.gid = id_of(word);
	else if (key == "umask")
		shown.umask = static_cast<unsigned>(number_of(word, 8)) & 0777;
	else if (key == "writeback_cache")
		options.serving.writeback_cache = true;
	else if (key == "default_permissions")
		options.serving.check_permissions = true;
	else if (key == "allow_other")
		options.allow_other = true;
}

void take_list(const std::string &list, Options &options)
{
	for (const MountWord &word : split_words(list)) {
		switch (whose(word)) {
		case WordFor::program:
			take_word(word, options);
			break;
		case WordFor::both_mounts:
			options.image.mount_flags |= flag_of(word.key);
			break;
		case WordFor::fuse:
			// With it others than the mounter come, even if only one.
			options.serving.check_permissions |= word.key == "allow_root";
			options.fuse_words.push_back(word.text());
			break;
		case WordFor::nobody:
			break;
		case WordFor::file_system:
			options.image.mount_options +=
				(options.image.mount_options.empty() ? "" : ",") + word.text();
			break;
		}
	}
}

bool has_word(const Options &options, std::string_view key)
{
	for (const std::string &word : options.fuse_words)
		if (word.starts_with(key))
			return true;
	return false;
}

/// The working directory is left later.
std::string absolute(const std::string &path)
{
	return path.empty() || is_nbd_uri(path) ? path : std::filesystem::absolute(path).string();
}

/// For libfuse, where a backslash keeps a comma in its word.
std::string escaped(const std::string &text)
{
	std::string result;

	for (const char c : text) {
		if (c == ',' || c == '\\')
			result += '\\';
		result += c;
	}
	return result;
}

void complete(const std::vector<std::string> &lists, Options &options)
{
	for (const std::string &list : lists)
		take_list(list, options);

	ImageOptions &image = options.image;
	image.source.writable = !options.read_only;
	if (!image.replay_journal && image.source.writable)
		throw CLI::ValidationError("--norecovery takes -o ro");
	if (image.cpus == 0)
		image.cpus = std::clamp(std::thread::hardware_concurrency(), 1u, most_cpus);
	options.serving.owner = ::getuid();
	// An ordinary user is alone with his image. Root is, or is together with others, to
	// whom the permissions in the file system apply: without them anybody could do
	// everything.
	if (options.allow_other || ::geteuid() == 0)
		options.serving.check_permissions = true;
	if (options.allow_other)
		options.fuse_words.push_back("allow_other");
	if (options.serving.check_permissions)
		options.fuse_words.push_back("default_permissions");
	if (options.read_only)
		options.fuse_words.push_back("ro");
	if (!has_word(options, "fsname="))
		options.fuse_words.push_back("fsname=" + escaped(absolute(image.source.path)));
	if (!has_word(options, "subtype="))
		options.fuse_words.push_back("subtype=lklfuse");
	options.pid_file = absolute(options.pid_file);
	if (options.threads == 0)
		options.threads = worker_threads;
}

/// How mount(8) calls a mount.TYPE: IMAGE MOUNTPOINT [-sfnv] [-o LIST] [-t TYPE], where the
/// letters mean something else than here, and the type is our own.
std::vector<std::string> as_own(int argc, char **argv)
{
	std::vector<std::string> own;

	for (int i = 1; i < argc; i++) {
		const std::string_view word = argv[i];

		if (word == "-t" && i + 1 < argc) {
			i++;
		} else if (word == "-o" && i + 1 < argc) {
			own.emplace_back(word);
			own.emplace_back(argv[++i]);
		} else if (!word.starts_with('-') ||
			   word.find_first_not_of("-sfnv") != word.npos) {
			own.emplace_back(word);
		}
	}
	return own;
}

} // namespace

std::variant<Options, int> parse_command_line(int argc, char **argv)
{
	CLI::App app(description, "lklfuse");
	Options options;
	std::vector<std::string> lists;
	bool single = false;

	// Decided below; what can be said about writing can be said until then.
	options.image.source.writable = true;
	app.footer(footer);
	app.add_option("IMAGE", options.image.source.path, "Disk image, block device or nbd:// address")
		->required()->group("Arguments");
	app.add_option("MOUNTPOINT", options.mount_point, "Directory to mount it on")
		->required()->group("Arguments");
	add_image_options(app, options.image);
	add_off_switch(app, "--norecovery", options.image.replay_journal,
		       "Do not replay a dirty journal (with -o ro)")->group("Image");
	app.add_option("-o", lists, "Mount options; may be repeated")
		->type_name("OPT,...")->allow_extra_args(false)->group("Mount");
	app.add_flag("-f,--foreground", options.foreground, "Stay in the foreground")->group("Mount");
	app.add_flag("-d,--debug", options.debug, "Show all requests; implies -f")->group("Mount");
	app.add_flag("-s,--single-thread", single, "One request at a time")->group("Mount");
	app.add_option("--threads", options.threads, "How many requests at a time")
		->type_name("N")->check(CLI::Range(1, 256))->group("Mount");
	app.add_option("--pid-file", options.pid_file, "Where to write the number of the process")
		->type_name("FILE")->group("Mount");
	add_kernel_options(app, options.image, options.tool);
	app.add_flag("-q,--quiet", options.tool.quiet, "No notices")->group("Output");

	std::vector<std::string> words;
	std::vector<char *> arguments;
	if (std::string_view(argv[0]).substr(std::string_view(argv[0]).rfind('/') + 1).starts_with("mount.")) {
		words = as_own(argc, argv);
		arguments.push_back(argv[0]);
		for (std::string &word : words)
			arguments.push_back(word.data());
		argc = static_cast<int>(arguments.size());
		argv = arguments.data();
	}

	const auto status = parse(app, argc, argv, [&] {
		options.threads = single ? 1 : options.threads;
		options.foreground |= options.debug;
		complete(lists, options);
	});
	if (status)
		return *status;
	return options;
}

} // namespace lkl::apps
