// SPDX-License-Identifier: GPL-2.0
// What is in a file. Open files are descriptors of the library's kernel.
//
// There are no operations for locks: the host's kernel keeps them itself, as for a local
// file system, which is right as nobody else has the image. Nor for flush at close(): what
// it would report is not known before fsync(), as with any local file system.
#include <algorithm>
#include <cstring>

#include <lkl/syscalls.h>

#include "served.hh"
#include "worker.hh"

namespace lkl::apps {

namespace {

using Use = NodeTable::Use;

constexpr int kept_flags = LKL_O_ACCMODE | LKL_O_TRUNC | LKL_O_SYNC | LKL_O_DSYNC | LKL_O_NOATIME;

/// The host's kernel says where each write goes, so an appending one is like any other. It
/// collects small writes, if it may, for which it reads what is around them.
int wanted_flags(const Served &served, int flags)
{
	int wanted = (flags & kept_flags) | LKL_O_CLOEXEC;

	if (served.options.writeback_cache && (flags & LKL_O_ACCMODE) == LKL_O_WRONLY)
		wanted = (wanted & ~LKL_O_ACCMODE) | LKL_O_RDWR;
	return wanted;
}

int descriptor_of(const fuse_file_info *file)
{
	return static_cast<int>(file->fh);
}

void opened(const Request &request, int descriptor, fuse_file_info *file)
{
	request.served.files.add(descriptor);
	file->fh = static_cast<std::uint64_t>(descriptor);
	file->keep_cache = 1;
	file->noflush = 1;
}

/// As with ftruncate(), where the host's kernel sees to it.
void drop_privileges(const Request &request, int descriptor)
{
	constexpr unsigned setgid = LKL_S_ISGID | LKL_S_IXGRP;
	lkl_stat stat;

	if (request.uid() == 0 || lkl_sys_fstat(request.kernel, descriptor, &stat) < 0)
		return;

	unsigned mode = stat.st_mode & 07777 & ~LKL_S_ISUID;
	if ((mode & setgid) == setgid)
		mode &= ~LKL_S_ISGID;
	if (mode != (stat.st_mode & 07777))
		lkl_sys_fchmod(request.kernel, descriptor, mode);
}

void open(fuse_req_t raw, fuse_ino_t number, fuse_file_info *file)
{
	const Request request(raw);
	const Worker &worker = Worker::mine(request.kernel);
	const Use node(request.served.nodes, request.served.node(number));
	int result = std::min(node.descriptor, worker.trouble());

	if (result >= 0) {
		const DescriptorPath path(node.descriptor);
		const int flags = wanted_flags(request.served, file->flags);

		result = lkl_sys_openat(request.kernel, LKL_AT_FDCWD, path.c_str(), flags, 0);
		// Of a file that can only be appended to.
		if (result == -LKL_EPERM && (file->flags & LKL_O_APPEND))
			result = lkl_sys_openat(request.kernel, LKL_AT_FDCWD, path.c_str(),
						flags | LKL_O_APPEND, 0);
	}
	if (result < 0)
		return request.done(result);
	if (file->flags & LKL_O_TRUNC)
		drop_privileges(request, result);
	opened(request, result, file);
	if (::fuse_reply_open(raw, file) < 0)
		request.served.files.close(result);
}

void create(fuse_req_t raw, fuse_ino_t parent, const char *name, mode_t mode, fuse_file_info *file)
{
	const Request request(raw);
	const Use directory(request.served.nodes, request.served.node(parent));
	const int flags = wanted_flags(request.served, file->flags) | LKL_O_CREAT | LKL_O_NOFOLLOW |
			  (file->flags & LKL_O_EXCL);
	fuse_entry_param entry = {};
	int result = directory.descriptor;

	if (result >= 0)
		result = request.become_caller();
	if (result >= 0)
		result = lkl_sys_openat(request.kernel, directory.descriptor, name, flags, mode);
	if (result < 0)
		return request.done(result);

	const int descriptor = result;
	result = request.served.look_up(directory.descriptor, name, entry);
	if (result < 0) {
		lkl_sys_close(request.kernel, descriptor);
		return request.done(result);
	}
	opened(request, descriptor, file);
	if (::fuse_reply_create(raw, &entry, file) < 0) {
		request.served.files.close(descriptor);
		request.served.forget(entry.ino, 1);
	}
}

void read(fuse_req_t raw, fuse_ino_t, std::size_t bytes, off_t from, fuse_file_info *file)
{
	const Request request(raw);
	char *const data = Worker::mine(request.kernel).buffer(bytes).data();
	std::size_t done = 0;

	// Less than asked for would mean the end of the file.
	while (done < bytes) {
		const std::int64_t got =
			lkl_sys_pread64(request.kernel, descriptor_of(file), data + done, bytes - done,
					from + static_cast<off_t>(done));

		if (got < 0 && done == 0)
			return request.done(got);
		if (got <= 0)
			break;
		done += static_cast<std::size_t>(got);
	}
	request.bytes(data, static_cast<std::int64_t>(done));
}

void write(fuse_req_t raw, fuse_ino_t, const char *data, std::size_t bytes, off_t from,
	   fuse_file_info *file)
{
	const Request request(raw);
	std::size_t done = 0;

	while (done < bytes) {
		const std::int64_t put =
			lkl_sys_pwrite64(request.kernel, descriptor_of(file), data + done,
					 bytes - done, from + static_cast<off_t>(done));

		if (put < 0 && done == 0)
			return request.done(put);
		if (put <= 0)
			break;
		done += static_cast<std::size_t>(put);
	}
	request.count(static_cast<std::int64_t>(done));
}

void release(fuse_req_t raw, fuse_ino_t, fuse_file_info *file)
{
	const Request request(raw);

	request.done(request.served.files.close(descriptor_of(file)));
}

void fsync(fuse_req_t raw, fuse_ino_t, int data_only, fuse_file_info *file)
{
	const Request request(raw);

	request.done(data_only ? lkl_sys_fdatasync(request.kernel, descriptor_of(file))
			       : lkl_sys_fsync(request.kernel, descriptor_of(file)));
}

void fallocate(fuse_req_t raw, fuse_ino_t, int mode, off_t from, off_t bytes, fuse_file_info *file)
{
	const Request request(raw);

	request.done(lkl_sys_fallocate(request.kernel, descriptor_of(file), mode, from, bytes));
}

void lseek(fuse_req_t raw, fuse_ino_t, off_t from, int whence, fuse_file_info *file)
{
	const Request request(raw);

	// What the host's kernel still has would be missing, and it does not look there.
	if (request.served.options.writeback_cache)
		return request.done(-LKL_ENOSYS);

	const std::int64_t found = lkl_sys_lseek(request.kernel, descriptor_of(file), from, whence);

	if (found < 0)
		return request.done(found);
	::fuse_reply_lseek(raw, found);
}

void copy_file_range(fuse_req_t raw, fuse_ino_t, off_t from, fuse_file_info *source, fuse_ino_t,
		     off_t to, fuse_file_info *target, std::size_t bytes, int flags)
{
	constexpr std::size_t most_bytes = 1 << 30;	// the answer has 32 bits
	const Request request(raw);
	lkl_s64 from_offset = from, to_offset = to;

	request.count(lkl_sys_copy_file_range(request.kernel, descriptor_of(source), &from_offset,
					      descriptor_of(target), &to_offset,
					      std::min(bytes, most_bytes),
					      static_cast<lkl_u32>(flags)));
}

} // namespace

void add_data_operations(fuse_lowlevel_ops &operations)
{
	operations.open = open;
	operations.create = create;
	operations.read = read;
	operations.write = write;
	operations.release = release;
	operations.fsync = fsync;
	operations.fallocate = fallocate;
	operations.lseek = lseek;
	operations.copy_file_range = copy_file_range;
}

} // namespace lkl::apps
