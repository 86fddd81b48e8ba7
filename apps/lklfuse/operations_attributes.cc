// SPDX-License-Identifier: GPL-2.0
// What a file is: attributes, permissions, and the file system as a whole.
#include <algorithm>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <lkl/syscalls.h>

#include "served.hh"
#include "worker.hh"

namespace lkl::apps {

namespace {

using Use = NodeTable::Use;

void getattr(fuse_req_t raw, fuse_ino_t number, fuse_file_info *)
{
	const Request request(raw);
	Node &node = request.served.node(number);
	const Use file(request.served.nodes, node);

	if (file.descriptor < 0)
		return request.done(file.descriptor);
	request.attributes(node, file.descriptor);
}

/// Where other ids than the file's are shown, there is no way to change them.
int change_owner(const Request &request, int file, const struct stat &wanted, int set)
{
	const ShownIds &shown = request.served.options.shown;
	lkl_u32 uid = set & FUSE_SET_ATTR_UID ? wanted.st_uid : ~0u;
	lkl_u32 gid = set & FUSE_SET_ATTR_GID ? wanted.st_gid : ~0u;

	if ((shown.uid && uid != ~0u && uid != *shown.uid) ||
	    (shown.gid && gid != ~0u && gid != *shown.gid))
		return -LKL_EPERM;
	uid = shown.uid ? ~0u : uid;
	gid = shown.gid ? ~0u : gid;
	if (uid == ~0u && gid == ~0u)
		return 0;
	return lkl_sys_fchownat(request.kernel, file, "", uid, gid, LKL_AT_EMPTY_PATH);
}

lkl_timespec time_to_set(int set, int given, int now, const timespec &time)
{
	if (set & now)
		return {0, UTIME_NOW};
	if (set & given)
		return {time.tv_sec, static_cast<lkl_s64>(time.tv_nsec)};
	return {0, UTIME_OMIT};
}

int change_times(const Request &request, int file, const struct stat &wanted, int set)
{
	const lkl_timespec times[2] = {
		time_to_set(set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, wanted.st_atim),
		time_to_set(set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, wanted.st_mtim),
	};

	return lkl_sys_utimensat(request.kernel, file, "", times, LKL_AT_EMPTY_PATH);
}

int change_size(const Request &request, int file, off_t bytes, const fuse_file_info *opened)
{
	if (opened)
		return lkl_sys_ftruncate(request.kernel, static_cast<int>(opened->fh), bytes);
	if (const int trouble = Worker::mine(request.kernel).trouble(); trouble < 0)
		return trouble;
	return lkl_sys_truncate(request.kernel, DescriptorPath(file).c_str(), bytes);
}

/// A new owner takes setuid away, so the mode comes after it; the times come last, as all
/// the others change them.
int change(const Request &request, int file, const struct stat &wanted, int set,
	   const fuse_file_info *opened)
{
	constexpr int owner = FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID;
	constexpr int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |
			      FUSE_SET_ATTR_MTIME_NOW;
	int result = 0;

	if (set & owner)
		result = change_owner(request, file, wanted, set);
	if (result >= 0 && (set & FUSE_SET_ATTR_SIZE))
		result = change_size(request, file, wanted.st_size, opened);
	if (result >= 0 && (set & FUSE_SET_ATTR_MODE))
		result = lkl_sys_fchmodat2(request.kernel, file, "", wanted.st_mode & 07777,
					   LKL_AT_EMPTY_PATH);
	if (result >= 0 && (set & times))
		result = change_times(request, file, wanted, set);
	return result;
}

void setattr(fuse_req_t raw, fuse_ino_t number, struct stat *wanted, int set,
	     fuse_file_info *opened)
{
	const Request request(raw);
	Node &node = request.served.node(number);
	const Use file(request.served.nodes, node);
	int result = file.descriptor;

	if (result >= 0)
		result = change(request, file.descriptor, *wanted, set, opened);
	if (result < 0)
		return request.done(result);
	request.attributes(node, file.descriptor);
}

/// Asked only where the host's kernel leaves permissions to us: nobody but the one who
/// mounted comes here, and the image is his. What is left is what counts for root too.
void access(fuse_req_t raw, fuse_ino_t number, int mask)
{
	const Request request(raw);
	const Use file(request.served.nodes, request.served.node(number));
	int result = file.descriptor;

	if (result >= 0 && mask != LKL_F_OK)
		result = lkl_sys_faccessat2(request.kernel, file.descriptor, "", mask,
					    LKL_AT_EMPTY_PATH | LKL_AT_EACCESS);
	request.done(result);
}

void statfs(fuse_req_t raw, fuse_ino_t number)
{
	const Request request(raw);
	const Use file(request.served.nodes, request.served.node(number));
	lkl_statfs about;
	int result = file.descriptor;

	if (result >= 0)
		result = lkl_sys_fstatfs(request.kernel, file.descriptor, &about);
	if (result < 0)
		return request.done(result);

	struct statvfs shown = {};
	shown.f_bsize = static_cast<unsigned long>(about.f_bsize);
	shown.f_frsize = static_cast<unsigned long>(about.f_frsize ? about.f_frsize : about.f_bsize);
	shown.f_blocks = static_cast<fsblkcnt_t>(about.f_blocks);
	shown.f_bfree = static_cast<fsblkcnt_t>(about.f_bfree);
	shown.f_bavail = static_cast<fsblkcnt_t>(about.f_bavail);
	shown.f_files = static_cast<fsfilcnt_t>(about.f_files);
	shown.f_ffree = static_cast<fsfilcnt_t>(about.f_ffree);
	shown.f_favail = shown.f_ffree;
	shown.f_namemax = static_cast<unsigned long>(about.f_namelen);
	::fuse_reply_statfs(raw, &shown);
}

} // namespace

void add_attribute_operations(fuse_lowlevel_ops &operations)
{
	operations.getattr = getattr;
	operations.setattr = setattr;
	operations.access = access;
	operations.statfs = statfs;
}

} // namespace lkl::apps
