// SPDX-License-Identifier: GPL-2.0
// What the library's kernel keeps in a file system, found by trying it, for
// fs_limits_test.sh.
//
//   fs_limits IMAGE TYPE [OPTIONS]
//
// One line of cells, separated by " | ", as in docs/filesystems.md; IMAGE is written to.
// What counts is what is there after the next mount, by another kernel.

#include "support_disks.hh"
#include "support_files.hh"

#include <map>

#include <sys/stat.h>

using namespace lkl::test;

namespace {

constexpr const char *letter = "\xe6\x97\xa5";	// of three bytes
constexpr lkl_s64 an_odd_second = 981173107;	// 2001-02-03 04:05:07
constexpr lkl_s64 nanoseconds = 123456789;
constexpr unsigned first_year = 1600, last_year = 2600;
constexpr std::uint64_t hole_bytes = 4 << 20;

/// Of 1 January, 0:00 UTC, by the Gregorian calendar.
lkl_s64 seconds_of_year(unsigned year)
{
	const lkl_s64 before = lkl_s64(year) - 1;
	const lkl_s64 days = before * 365 + before / 4 - before / 100 + before / 400;

	return (days - 719162) * 86400;
}

std::string repeated(const std::string &text, unsigned count)
{
	std::string all;

	while (count--)
		all += text;
	return all;
}

/// A version 2 list: user::rw- user:1234:r-- group::r-- mask::r-- other::r--.
std::string access_list()
{
	std::string list("\2\0\0\0", 4);
	const auto entry = [&](char tag, char rights, std::uint32_t id) {
		list += std::string({tag, 0, rights, 0});
		for (unsigned shift = 0; shift < 32; shift += 8)
			list += char(id >> shift);
	};

	entry(0x01, 6, 0xffffffff);
	entry(0x02, 4, 1234);
	entry(0x04, 4, 0xffffffff);
	entry(0x10, 4, 0xffffffff);
	entry(0x20, 4, 0xffffffff);
	return list;
}

const std::map<std::string, std::pair<std::string, std::string>> &attributes()
{
	static const std::map<std::string, std::pair<std::string, std::string>> all = {
		{"user", {"user.name", "value"}},
		{"trusted", {"trusted.name", "value"}},
		{"security", {"security.selinux", "system_u:object_r:etc_t:s0"}},
		{"ACL", {"system.posix_acl_access", access_list()}},
	};

	return all;
}

/// A kernel with the file system mounted; it goes with a clean unmount.
class Mounted {
public:
	Mounted(const char *image, const char *type, const char *options)
	{
		lkl_mount mount = {};
		char path[256];

		mount.size = sizeof(mount);
		mount.disk = add_disk(kernel, disk_of(image));
		mount.type = type;
		mount.options = options;
		if (lkl_mount_disk(kernel, &mount, path, sizeof(path)) < 0)
			throw std::runtime_error(std::string("mount: ") + lkl_last_error(kernel));
		top = path;
		root = top + "/d";
		lkl_sys_umask(kernel, 0);
	}

	void finish()
	{
		must(lkl_umount(kernel, top.c_str()), "unmount");
		must(lkl_halt(kernel), "halt");
	}

	std::string at(const std::string &name) const
	{
		return root + "/" + name;
	}

	Instance kernel;
	std::string top, root;
};

/// The longest name of that many letters which is kept as it was given.
unsigned longest_name(const Mounted &fs, const std::string &folder, const std::string &letter)
{
	make_directory(fs.kernel, fs.at(folder));
	for (unsigned count = 255; count; count--) {
		const std::string name = repeated(letter, count), path = fs.at(folder + "/" + name);
		const std::int64_t file =
			lkl_sys_openat(fs.kernel, LKL_AT_FDCWD, path.c_str(), LKL_O_CREAT | LKL_O_WRONLY, 0644);

		if (file < 0)
			continue;
		lkl_sys_close(fs.kernel, int(file));
		if (names_in(fs.kernel, fs.at(folder)).contains(name))
			return count;
	}
	return 0;
}

std::string case_of_names(const Mounted &fs)
{
	make_directory(fs.kernel, fs.at("case"));
	put_file(fs.kernel, fs.at("case/Ab"), "");
	const std::multiset<std::string> kept = names_in(fs.kernel, fs.at("case"));
	const std::int64_t other = lkl_sys_openat(fs.kernel, LKL_AT_FDCWD, fs.at("case/aB").c_str(),
						  LKL_O_CREAT | LKL_O_EXCL | LKL_O_WRONLY, 0644);

	if (other >= 0) {
		lkl_sys_close(fs.kernel, int(other));
		return names_in(fs.kernel, fs.at("case")).size() == 2 ? "counts" : "lost";
	}
	return kept.contains("Ab") ? "kept" : "lost";
}

void set_time(const Mounted &fs, const std::string &name, lkl_s64 seconds, lkl_s64 ns)
{
	const lkl_timespec times[2] = {{0, LKL_UTIME_OMIT}, {seconds, ns}};

	// What a type refuses is not kept either.
	lkl_sys_utimensat(fs.kernel, LKL_AT_FDCWD, fs.at(name).c_str(), times, 0);
}

/// The largest @value that @accepted takes, which takes all that are smaller.
std::uint64_t largest(std::uint64_t limit, const std::function<bool(std::uint64_t)> &accepted)
{
	std::uint64_t low = 0, high = limit;

	if (accepted(limit))
		return limit;
	while (high - low > 1) {
		const std::uint64_t middle = low + (high - low) / 2;

		(accepted(middle) ? low : high) = middle;
	}
	return low;
}

std::string in_units(std::uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = double(bytes);
	unsigned unit = 0;
	char text[32];

	for (; value >= 1023.5 && unit + 1 < std::size(units); unit++)
		value /= 1024;
	std::snprintf(text, sizeof(text), "%.3g %s", value, units[unit]);
	return text;
}

/// The size up to which the kernel lets a file be addressed.
std::string largest_file(const Mounted &fs, const char *image)
{
	const Fd file(fs.kernel, fs.at("largest"), LKL_O_CREAT | LKL_O_RDWR);

	const std::uint64_t bytes = largest(INT64_MAX, [&](std::uint64_t offset) {
		return lkl_sys_lseek(fs.kernel, file, lkl_s64(offset), LKL_SEEK_SET) == lkl_s64(offset);
	});
	struct stat stat = {};

	if (::stat(image, &stat))
		throw std::runtime_error("no image");
	return bytes < std::uint64_t(stat.st_size) ? "the volume" : in_units(bytes);
}

std::uint64_t free_bytes(const Mounted &fs)
{
	lkl_statfs stat = {};

	must(lkl_sys_sync(fs.kernel), "sync");
	must(lkl_sys_statfs(fs.kernel, fs.root.c_str(), &stat), "statfs");
	return std::uint64_t(stat.f_bfree) * std::uint64_t(stat.f_bsize);
}

struct Written {
	unsigned bytes, letters;
	std::string letter_case, largest;
	bool sparse;				// a hole took no space
	std::map<std::string, bool> made;	// by name: whether the kernel took it
};

Written write(const Mounted &fs, const char *image)
{
	Written written = {};
	lkl_kernel *const kernel = fs.kernel;
	const auto made = [&](const std::string &what, std::int64_t result) { written.made[what] = result >= 0; };
	const auto path = [&](const std::string &name) { return fs.at(name); };

	make_directory(kernel, fs.root);
	written.bytes = longest_name(fs, "bytes", "a");
	written.letters = longest_name(fs, "letters", letter);
	written.letter_case = case_of_names(fs);
	written.largest = largest_file(fs, image);

	make_directory(kernel, path("years"));
	for (unsigned year = first_year; year <= last_year; year++) {
		const std::string name = "years/" + std::to_string(year);

		put_file(kernel, path(name), "");
		set_time(fs, name, seconds_of_year(year), 0);
	}
	put_file(kernel, path("step"), "");
	set_time(fs, "step", an_odd_second, nanoseconds);

	for (const unsigned id : {200u, 60000u, 4000000000u}) {
		const std::string name = "o" + std::to_string(id % 9999);

		put_file(kernel, path(name), "");
		lkl_sys_fchownat(kernel, LKL_AT_FDCWD, path(name).c_str(), id, id, 0);
	}
	for (const unsigned mode : {07751u, 0751u, 0444u}) {
		const std::string name = "m" + std::to_string(mode);

		put_file(kernel, path(name), "");
		lkl_sys_fchmodat(kernel, LKL_AT_FDCWD, path(name).c_str(), mode);
	}

	put_file(kernel, path("link"), "linked");
	made("link", lkl_sys_linkat(kernel, LKL_AT_FDCWD, path("link").c_str(), LKL_AT_FDCWD, path("link2").c_str(), 0));
	made("symlink", lkl_sys_symlinkat(kernel, "../x/y", LKL_AT_FDCWD, path("symlink").c_str()));
	made("device", lkl_sys_mknodat(kernel, LKL_AT_FDCWD, path("device").c_str(), LKL_S_IFBLK | 0600,
				       lkl_makedev(8, 17)));
	made("large", lkl_sys_mknodat(kernel, LKL_AT_FDCWD, path("large").c_str(), LKL_S_IFBLK | 0600,
				      lkl_makedev(259, 70000)));
	made("fifo", lkl_sys_mknodat(kernel, LKL_AT_FDCWD, path("fifo").c_str(), LKL_S_IFIFO | 0600, 0));

	put_file(kernel, path("attribs"), "");
	for (const auto &[kind, attribute] : attributes())
		made(kind, lkl_sys_setxattr(kernel, path("attribs").c_str(), attribute.first.c_str(),
					    attribute.second.data(), attribute.second.size(), 0));

	const std::uint64_t before = free_bytes(fs);
	Fd sparse(kernel, path("sparse"), LKL_O_CREAT | LKL_O_RDWR);

	must(lkl_sys_pwrite64(kernel, sparse, "end", 3, lkl_s64(hole_bytes)), "write behind a hole");
	sparse.close();
	written.sparse = before - free_bytes(fs) < hole_bytes / 2;
	return written;
}

std::string step_of(const lkl_stat &stat)
{
	struct Step {
		const char *name;
		lkl_s64 ns;
	};
	static constexpr Step steps[] = {{"1 ns", 1}, {"100 ns", 100}, {"1 us", 1000}, {"10 ms", 10000000},
					 {"1 s", 1000000000}, {"2 s", 2000000000}};
	const lkl_s64 exact = an_odd_second * 1000000000 + nanoseconds;
	const lkl_s64 kept = stat.st_mtime_sec * 1000000000 + lkl_s64(stat.st_mtime_nsec);

	for (const Step &step : steps)
		if (kept == exact - exact % step.ns)
			return step.name;
	return "lost";
}

/// The years around 2001 that are kept.
std::string years(const Mounted &fs)
{
	const auto kept = [&](unsigned year) {
		return stat_of(fs.kernel, fs.at("years/" + std::to_string(year))).st_mtime_sec == seconds_of_year(year);
	};
	unsigned first = 2001, last = 2001;

	if (!kept(2001))
		return "none";
	while (first > first_year && kept(first - 1))
		first--;
	while (last < last_year && kept(last + 1))
		last++;
	return (first == first_year ? "any" : std::to_string(first)) + " to " +
	       (last == last_year ? "any" : std::to_string(last));
}

std::string owners(const Mounted &fs)
{
	unsigned uid_bits = 0, gid_bits = 0;

	for (const auto &[id, bits] : {std::pair(200u, 8u), std::pair(60000u, 16u), std::pair(4000000000u, 32u)}) {
		const lkl_stat stat = stat_of(fs.kernel, fs.at("o" + std::to_string(id % 9999)));

		if (stat.st_uid == id)
			uid_bits = bits;
		if (stat.st_gid == id)
			gid_bits = bits;
	}
	if (!uid_bits && !gid_bits)
		return "no";
	return std::to_string(uid_bits) + (uid_bits == gid_bits ? "" : " and " + std::to_string(gid_bits)) + " bits";
}

std::string modes(const Mounted &fs)
{
	const auto kept = [&](unsigned mode) {
		return stat_of(fs.kernel, fs.at("m" + std::to_string(mode))).st_mode & 07777;
	};

	if (kept(07751) == 07751 && kept(0444) == 0444)
		return "all";
	if (kept(0751) == 0751 && kept(0444) == 0444)
		return "rwx";
	return !(kept(0444) & 0222) && kept(0751) & 0200 ? "read-only" : "no";
}

std::string links(const Mounted &fs, Written &written)
{
	const bool hard = written.made["link"] && stat_of(fs.kernel, fs.at("link")).st_nlink == 2 &&
			  stat_of(fs.kernel, fs.at("link2")).st_ino == stat_of(fs.kernel, fs.at("link")).st_ino;
	char target[64] = {};
	const bool symbolic = written.made["symlink"] &&
			      lkl_sys_readlinkat(fs.kernel, LKL_AT_FDCWD, fs.at("symlink").c_str(), target,
						 sizeof(target) - 1) > 0;

	if (!hard && !symbolic)
		return "no";
	return std::string(hard ? "hard" : "") + (hard && symbolic ? ", " : "") +
	       (!symbolic ? "" : std::string(target) == "../x/y" ? "symbolic" : "symbolic, changed");
}

std::string specials(const Mounted &fs, Written &written)
{
	const auto stat = [&](const char *name) { return stat_of(fs.kernel, fs.at(name)); };

	if (!written.made["fifo"] || (stat("fifo").st_mode & LKL_S_IFMT) != LKL_S_IFIFO)
		return "no";
	if (!written.made["device"] || (stat("device").st_mode & LKL_S_IFMT) != LKL_S_IFBLK)
		return "fifos";
	if (stat("device").st_rdev != lkl_makedev(8, 17))
		return "without numbers";
	return written.made["large"] && stat("large").st_rdev == lkl_makedev(259, 70000) ? "yes" : "numbers of 8 bits";
}

std::string kept_attributes(const Mounted &fs, Written &written)
{
	std::string kept;

	for (const char *kind : {"user", "trusted", "security", "ACL"}) {
		const auto &[name, value] = attributes().at(kind);
		std::string found(256, '\0');
		const std::int64_t got = lkl_sys_getxattr(fs.kernel, fs.at("attribs").c_str(), name.c_str(),
							  found.data(), found.size());

		if (written.made[kind] && got == std::int64_t(value.size()) && found.starts_with(value))
			kept.append(kept.empty() ? "" : ", ").append(kind);
	}
	return kept.empty() ? "no" : kept;
}

std::string holes(const Mounted &fs, const Written &written)
{
	const Fd file(fs.kernel, fs.at("sparse"), LKL_O_RDONLY);

	if (!written.sparse)
		return "no";
	return lkl_sys_lseek(fs.kernel, file, 0, LKL_SEEK_DATA) > 0 ? "yes" : "not told";
}

void measure(const char *image, const char *type, const char *options)
{
	Written written;

	{
		Mounted fs(image, type, options);

		written = write(fs, image);
		fs.finish();
	}
	Mounted fs(image, type, options);

	std::printf("%u | %u | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s\n", written.bytes, written.letters,
		    written.letter_case.c_str(), step_of(stat_of(fs.kernel, fs.at("step"))).c_str(),
		    years(fs).c_str(), owners(fs).c_str(), modes(fs).c_str(), links(fs, written).c_str(),
		    specials(fs, written).c_str(), kept_attributes(fs, written).c_str(), holes(fs, written).c_str(),
		    written.largest.c_str());
	fs.finish();
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4) {
		std::fprintf(stderr, "usage: fs_limits IMAGE TYPE [OPTIONS]\n");
		return 2;
	}
	Watchdog::begin(std::string("fs_limits ") + argv[2]);
	try {
		measure(argv[1], argv[2], argc == 4 ? argv[3] : nullptr);
	} catch (const std::exception &failure) {
		std::fprintf(stderr, "fs_limits: %s\n", failure.what());
		return 1;
	}
	return 0;
}
