// SPDX-License-Identifier: GPL-2.0
// Works on the file system of an image through the library, for test scripts.
//
//   fs_exercise write IMAGE    random operations, checked against a model before
//                              the unmount and again by a fresh kernel
//   fs_exercise fill IMAGE     until it is full, then frees and uses the space
//   fs_exercise compare IMAGE FOLDER
//                              the same tree as the host sees it in FOLDER?
//
// Options: --type T (must be what probing finds), --options O, --partition N,
// --seed N, --operations N, --bytes N (room that `write` may use), --latest SECONDS
// (of the times that `write` sets), --avoid LIST (operations that `write` leaves
// out, comma separated), --dirty COPY
// (copies the image while it is mounted, after a sync), --also IMAGE (a disk that
// is added before), --skip LIST (comma separated, of compare: owners, modes, times,
// nanoseconds, links, link-sizes, xattrs, acls).
// Exit status: 0 all as it should be, 1 not so, 2 wrong usage.

#include "fs_compare.hh"
#include "fs_operations_more.hh"
#include "support_disks.hh"

using namespace lkl::test;

namespace {

struct Request {
	std::string verb, image, folder, type, options, dirty, also, avoid, skip;
	unsigned partition = 0, operations = 2000;
	std::uint64_t seed = 1, bytes = 12 << 20;
	std::int64_t latest_s = 0;
};

/// A kernel with the image mounted.
class Mounted {
public:
	Mounted(const Request &request, bool read_only)
	{
		lkl_mount mount = {};
		char type[32] = {}, path[64];

		if (!request.also.empty())
			add_disk(kernel, disk_of(request.also.c_str()));
		mount.size = sizeof(mount);
		mount.disk = add_disk(kernel, disk_of(request.image.c_str(), read_only ? LKL_DISK_READ_ONLY : 0));
		mount.partition = request.partition;
		mount.options = request.options.empty() ? nullptr : request.options.c_str();
		mount.flags = read_only ? LKL_MS_RDONLY : 0;
		if (lkl_probe(kernel, mount.disk, request.partition, type, sizeof(type)) < 0)
			throw std::runtime_error(std::string("probe: ") + lkl_last_error(kernel));
		if (!request.type.empty() && request.type != type)
			throw std::runtime_error("probed as " + std::string(type) + ", not " + request.type);
		if (lkl_mount_disk(kernel, &mount, path, sizeof(path)) < 0)
			throw std::runtime_error(std::string("mount: ") + lkl_last_error(kernel));
		this->type = type;
		root = path;
	}

	/// Unmount and halt; both must be clean, and the kernel's log without alarm.
	void finish()
	{
		if (lkl_umount(kernel, root.c_str()) < 0)
			throw std::runtime_error(std::string("unmount: ") + lkl_last_error(kernel));
		if (lkl_halt(kernel) < 0)
			throw std::runtime_error(std::string("halt: ") + lkl_last_error(kernel));
		if (!kernel.log().alarm().empty() || kernel.log().contains("corrupt") ||
		    kernel.log().contains("I/O error"))
			throw std::runtime_error("the kernel complained:\n" + kernel.log().text());
	}

	/// What the kernel said that was no good news, on lines of its own.
	std::string complaints() const
	{
		std::vector<char> lines(65536);

		lkl_log_tail(kernel, 4, lines.data(), lines.size());
		return std::string("\n") + lines.data();
	}

	Instance kernel;
	std::string root, type;
};

void copy_host_file(const std::string &from, const std::string &to)
{
	must_on_host("cp --sparse=always '" + from + "' '" + to + "'");
}

void write(const Request &request)
{
	auto first = std::make_unique<Mounted>(request, false);
	Abilities abilities = abilities_of(first->type);

	if (request.latest_s)
		abilities.latest_s = request.latest_s;
	lkl_sys_umask(first->kernel, 0);
	Exercise exercise(first->kernel, first->root, abilities, request.seed, request.bytes,
			  request.avoid);

	try {
		exercise.run(request.operations);
	} catch (const std::exception &failure) {
		throw std::runtime_error(failure.what() + first->complaints());
	}
	must_equal(first->kernel, first->root, exercise.model(), abilities, "before the unmount");
	if (!request.dirty.empty()) {
		must(lkl_sys_sync(first->kernel), "sync");
		copy_host_file(request.image, request.dirty);
	}
	first->finish();
	first.reset();
	for (const std::string &image : {request.image, request.dirty}) {
		if (image.empty())
			continue;
		Request again = request;

		again.image = image;
		Mounted second(again, false);

		must_equal(second.kernel, second.root, exercise.model(), abilities,
			   image == request.dirty ? "after the crash" : "after the unmount");
		second.finish();
	}
	for (const auto &[name, count] : exercise.counts())
		std::printf("%s %u, ", name.c_str(), count);
	std::printf("seed %llu\n", static_cast<unsigned long long>(request.seed));
}

void fill(const Request &request)
{
	Mounted mounted(request, false);
	lkl_kernel *const kernel = mounted.kernel;
	const std::string chunk(100000, 'f');
	std::int64_t result = 0;
	unsigned files = 0;
	std::uint64_t first_files_bytes = 0;

	while (result >= 0) {
		const std::string path = mounted.root + "/fill" + std::to_string(files);

		result = lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), LKL_O_CREAT | LKL_O_WRONLY, 0644);
		if (result < 0)
			break;
		const Fd file(kernel, result);

		for (unsigned i = 0; i < 20 && result >= 0; i++) {
			result = lkl_sys_write(kernel, file, chunk.data(), chunk.size());
			if (files == 0 && result > 0)
				first_files_bytes += std::uint64_t(result);
		}
		if (result >= 0)
			result = lkl_sys_fsync(kernel, file);
		files++;
	}
	if (result != -LKL_ENOSPC)
		throw std::runtime_error("full: " + std::to_string(result));
	if (stat_of(kernel, mounted.root + "/fill0").st_size != lkl_s64(first_files_bytes))
		throw std::runtime_error("the first file is not whole");
	for (unsigned i = 0; i < files / 2; i++)
		must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, (mounted.root + "/fill" + std::to_string(i)).c_str(), 0),
		     "unlink on the full file system");
	must(lkl_sys_sync(kernel), "sync");
	put_file(kernel, mounted.root + "/again", chunk);
	if (get_file(kernel, mounted.root + "/again") != chunk)
		throw std::runtime_error("the freed space does not hold what was written");
	mounted.finish();
}

void compare(const Request &request)
{
	Mounted mounted(request, true);
	const TreeComparison comparison(mounted.kernel, mounted.root, request.folder, request.skip);

	std::printf("%u entries\n", comparison.entries());
	mounted.finish();
	if (!comparison.text().empty())
		throw std::runtime_error("the trees differ:" + comparison.text());
}

[[noreturn]] void usage()
{
	std::fprintf(stderr, "usage: fs_exercise {write|fill} IMAGE | compare IMAGE FOLDER, see its source\n");
	std::exit(2);
}

Request parse(int argc, char **argv)
{
	Request request;
	std::vector<std::string> words;

	for (int i = 1; i < argc; i++) {
		const std::string word = argv[i];

		if (!word.starts_with("--")) {
			words.push_back(word);
			continue;
		}
		if (i + 1 == argc)
			usage();
		const char *const value = argv[++i];

		if (word == "--type")
			request.type = value;
		else if (word == "--options")
			request.options = value;
		else if (word == "--partition")
			request.partition = static_cast<unsigned>(std::stoul(value));
		else if (word == "--seed")
			request.seed = std::stoull(value);
		else if (word == "--operations")
			request.operations = static_cast<unsigned>(std::stoul(value));
		else if (word == "--bytes")
			request.bytes = std::stoull(value);
		else if (word == "--latest")
			request.latest_s = std::stoll(value);
		else if (word == "--dirty")
			request.dirty = value;
		else if (word == "--avoid")
			request.avoid = value;
		else if (word == "--also")
			request.also = value;
		else if (word == "--skip")
			request.skip = value;
		else
			usage();
	}
	if (words.size() < 2 || words.size() != (words[0] == "compare" ? 3 : 2))
		usage();
	request.verb = words[0];
	request.image = words[1];
	if (words.size() > 2)
		request.folder = words[2];
	return request;
}

} // namespace

int main(int argc, char **argv)
{
	const Request request = parse(argc, argv);

	Watchdog::begin("fs_exercise " + request.verb + " " + request.image);
	try {
		if (request.verb == "write")
			write(request);
		else if (request.verb == "fill")
			fill(request);
		else if (request.verb == "compare")
			compare(request);
		else
			usage();
	} catch (const std::exception &failure) {
		std::printf("fs_exercise: %s: %s\n", request.image.c_str(), failure.what());
		return 1;
	}
	return 0;
}
