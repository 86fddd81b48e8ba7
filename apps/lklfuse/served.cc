// SPDX-License-Identifier: GPL-2.0
#include "served.hh"

#include <algorithm>
#include <array>

#include <lkl/syscalls.h>

#include "worker.hh"

namespace lkl::apps {

namespace {

constexpr lkl_rlimit64 open_files = {1 << 20, 1 << 20};
constexpr std::size_t most_open_nodes = 16384;
constexpr double for_ever = 365 * 24 * 3600.0;	// nobody else changes the image

/// What is known of a type of file system (its f_type, Linux 6.12's magic.h and fs/*).
struct TypeFacts {
	std::int64_t magic;
	bool exact_names;	// no two names are one
	bool lasting_handles;	// they find a file again that is not in memory
	bool owners;
};

constexpr TypeFacts unknown = {0, false, false, true};
constexpr std::array<TypeFacts, 20> known_types = {{
	{0xef53, true, true, true},		// ext2, ext3, ext4
	{0x58465342, true, true, true},		// xfs
	{0x9123683e, true, true, true},		// btrfs
	{0xf2f52010, true, true, true},		// f2fs
	{0x3434, true, true, true},		// nilfs2
	{0x73717368, true, true, true},		// squashfs
	{0xe0f5e1e2, true, true, true},		// erofs
	{0x3153464a, false, true, true},	// jfs
	{0x28cd3d45, true, false, true},	// cramfs
	{0x7275, true, false, true},		// romfs
	{0x00011954, true, false, true},	// ufs
	{0x137f, true, false, true},		// minix
	{0x138f, true, false, true},		// minix, longer names
	{0x2468, true, false, true},		// minix 2
	{0x2478, true, false, true},		// minix 2, longer names
	{0x15013346, true, false, true},	// udf
	{0x4d44, false, false, false},		// vfat, msdos
	{0x2011bab0, false, false, false},	// exfat
	{0x7366746e, false, false, false},	// ntfs3
	{0x4244, false, false, false},		// hfs
}};

TypeFacts facts_of(std::int64_t magic)
{
	const auto known = std::ranges::find(known_types, magic, &TypeFacts::magic);

	return known == known_types.end() ? unknown : *known;
}

std::unexpected<Error> failed(const char *what, int code)
{
	return failure(std::string(what) + ": " + lkl_strerror(code), -code);
}

} // namespace

Result<std::unique_ptr<Served>> Served::open(lkl_kernel *kernel, const char *mount_point,
					     const ServingOptions &options)
{
	// A refusal only means that the usual limit stays.
	lkl_sys_prlimit64(kernel, 0, LKL_RLIMIT_NOFILE, &open_files, nullptr);

	const int mount = lkl_sys_openat(kernel, LKL_AT_FDCWD, mount_point,
					 LKL_O_RDONLY | LKL_O_DIRECTORY | LKL_O_CLOEXEC, 0);
	if (mount < 0)
		return failed("open root directory", mount);

	lkl_stat stat;
	lkl_statfs about;
	const int root = lkl_sys_openat(kernel, LKL_AT_FDCWD, mount_point, LKL_O_PATH | LKL_O_CLOEXEC, 0);
	int result = root;

	if (result >= 0)
		result = lkl_sys_fstat(kernel, mount, &stat);
	if (result >= 0)
		result = lkl_sys_fstatfs(kernel, mount, &about);
	if (result < 0) {
		lkl_sys_close(kernel, mount);
		return failed("open root directory", result);
	}

	const TypeFacts facts = facts_of(about.f_type);
	ServingOptions serving = options;

	if (!facts.owners && !serving.shown.uid)
		serving.shown.uid = options.owner;
	return std::unique_ptr<Served>(new Served(kernel, serving,
						  options.exact_names && facts.exact_names, root,
						  mount, stat,
						  facts.lasting_handles ? most_open_nodes : 0));
}

Served::Served(lkl_kernel *kernel, const ServingOptions &options, bool exact, int root, int mount,
	       const lkl_stat &stat, std::size_t most_open)
    : kernel(kernel), options(options), name_seconds(exact ? for_ever : 0),
      attribute_seconds(for_ever), nodes(kernel, root, mount, stat, most_open), directories(kernel),
      files(kernel)
{
}

struct stat Served::shown(const Node &node, const lkl_stat &stat) const
{
	struct stat shown = {};

	shown.st_ino = stat.st_ino ^ node.ino_mask;
	shown.st_mode = stat.st_mode;
	shown.st_nlink = stat.st_nlink;
	shown.st_uid = options.shown.uid.value_or(stat.st_uid);
	shown.st_gid = options.shown.gid.value_or(stat.st_gid);
	shown.st_rdev = stat.st_rdev;
	shown.st_size = stat.st_size;
	shown.st_blksize = stat.st_blksize;
	shown.st_blocks = stat.st_blocks;
	shown.st_atim = {stat.st_atime_sec, static_cast<long>(stat.st_atime_nsec)};
	shown.st_mtim = {stat.st_mtime_sec, static_cast<long>(stat.st_mtime_nsec)};
	shown.st_ctim = {stat.st_ctime_sec, static_cast<long>(stat.st_ctime_nsec)};
	if (options.shown.umask && !S_ISLNK(shown.st_mode))
		shown.st_mode &= ~(*options.shown.umask & 0777);
	return shown;
}

int Served::look_up(int directory, const char *name, fuse_entry_param &entry)
{
	const int descriptor = lkl_sys_openat(kernel, directory, name,
					      LKL_O_PATH | LKL_O_NOFOLLOW | LKL_O_CLOEXEC, 0);
	lkl_stat stat;

	if (descriptor < 0)
		return descriptor;
	if (const int result = lkl_sys_fstat(kernel, descriptor, &stat); result < 0) {
		lkl_sys_close(kernel, descriptor);
		return result;
	}

	Node &node = nodes.look_up(descriptor, stat);

	entry.ino = number(node);
	entry.generation = node.generation;
	entry.attr = shown(node, stat);
	entry.attr_timeout = attribute_seconds;
	entry.entry_timeout = name_seconds;
	return 0;
}

void Served::forget(fuse_ino_t number, std::uint64_t lookups)
{
	nodes.forget(node(number), lookups, [this](const Node &node) { directories.forget(node); });
}

void Served::check_health()
{
	if (dead_ || lkl_health(kernel) == 0 || dead_.exchange(true))
		return;

	// After what was attempted, which does not matter here.
	const std::string text = lkl_last_error(kernel);
	if (on_death)
		on_death(text.substr(std::min(text.find("the kernel died"), text.size())));
}

int Request::become_caller() const
{
	const fuse_ctx &caller = *::fuse_req_ctx(request_);

	return Worker::mine(kernel).become({caller.uid, caller.gid, caller.umask});
}

void Request::done(std::int64_t result) const
{
	if (result == -LKL_EIO || result == -LKL_ESHUTDOWN) {
		served.check_health();
		result = -LKL_EIO;
	}
	::fuse_reply_err(request_, result < 0 ? static_cast<int>(-result) : 0);
}

void Request::entry(const fuse_entry_param &entry) const
{
	// Nobody waits for the answer any more.
	if (::fuse_reply_entry(request_, &entry) < 0 && entry.ino)
		served.forget(entry.ino, 1);
}

void Request::look_up(int directory, const char *name) const
{
	fuse_entry_param found = {};

	if (const int result = served.look_up(directory, name, found); result < 0)
		done(result);
	else
		entry(found);
}

void Request::attributes(const Node &node, int descriptor) const
{
	lkl_stat stat;

	if (const int result = lkl_sys_fstat(kernel, descriptor, &stat); result < 0)
		return done(result);

	const struct stat shown = served.shown(node, stat);
	::fuse_reply_attr(request_, &shown, served.attribute_seconds);
}

void Request::bytes(const char *data, std::int64_t result) const
{
	if (result < 0)
		return done(result);
	::fuse_reply_buf(request_, data, static_cast<std::size_t>(result));
}

void Request::count(std::int64_t result) const
{
	if (result < 0)
		return done(result);
	::fuse_reply_write(request_, static_cast<std::size_t>(result));
}

void negotiate(Served &served, fuse_conn_info &connection)
{
	const auto want = [&](unsigned capability, bool wanted = true) {
		connection.want &= ~capability;
		if (wanted)
			connection.want |= connection.capable & capability;
	};

	// Nobody changes a file's content behind the host's back.
	want(FUSE_CAP_AUTO_INVAL_DATA, false);
	want(FUSE_CAP_EXPLICIT_INVAL_DATA);
	want(FUSE_CAP_CACHE_SYMLINKS);
	want(FUSE_CAP_PARALLEL_DIROPS);
	// One that reads a directory mostly wants to know more.
	want(FUSE_CAP_READDIRPLUS);
	want(FUSE_CAP_READDIRPLUS_AUTO, false);
	want(FUSE_CAP_NO_OPENDIR_SUPPORT);
	want(FUSE_CAP_IOCTL_DIR);
	// The file system knows whether a default ACL takes the place of the umask.
	want(FUSE_CAP_DONT_MASK);
	want(FUSE_CAP_POSIX_ACL, served.options.check_permissions && !served.options.shown.any());
	want(FUSE_CAP_HANDLE_KILLPRIV, false);
	want(FUSE_CAP_WRITEBACK_CACHE, served.options.writeback_cache);
	// Data would be copied all the same, into a pipe first.
	want(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE, false);
	connection.max_write = 1 << 20;
	connection.max_readahead = 1 << 20;
	connection.max_background = 64;
	connection.congestion_threshold = 48;
	connection.time_gran = 1;
	served.without_opendir = connection.capable & FUSE_CAP_NO_OPENDIR_SUPPORT;
}

} // namespace lkl::apps
