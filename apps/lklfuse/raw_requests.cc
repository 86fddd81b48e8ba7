// SPDX-License-Identifier: GPL-2.0
#include "raw_requests.hh"

#include <algorithm>
#include <cstring>

#include <linux/fuse.h>
#include <sys/uio.h>
#include <unistd.h>

#include <lkl/syscalls.h>

#include "worker.hh"

namespace lkl::apps {

namespace {

using Use = NodeTable::Use;

struct TmpfileRequest {
	fuse_in_header head;
	fuse_create_in wanted;
};

struct TmpfileAnswer {
	fuse_entry_out entry;
	fuse_open_out file;
};

fuse_attr attributes(const struct stat &stat)
{
	fuse_attr attributes = {};

	attributes.ino = stat.st_ino;
	attributes.size = static_cast<std::uint64_t>(stat.st_size);
	attributes.blocks = static_cast<std::uint64_t>(stat.st_blocks);
	attributes.atime = static_cast<std::uint64_t>(stat.st_atim.tv_sec);
	attributes.mtime = static_cast<std::uint64_t>(stat.st_mtim.tv_sec);
	attributes.ctime = static_cast<std::uint64_t>(stat.st_ctim.tv_sec);
	attributes.atimensec = static_cast<std::uint32_t>(stat.st_atim.tv_nsec);
	attributes.mtimensec = static_cast<std::uint32_t>(stat.st_mtim.tv_nsec);
	attributes.ctimensec = static_cast<std::uint32_t>(stat.st_ctim.tv_nsec);
	attributes.mode = stat.st_mode;
	attributes.nlink = static_cast<std::uint32_t>(stat.st_nlink);
	attributes.uid = stat.st_uid;
	attributes.gid = stat.st_gid;
	attributes.rdev = static_cast<std::uint32_t>(stat.st_rdev);
	attributes.blksize = static_cast<std::uint32_t>(stat.st_blksize);
	return attributes;
}

/// An open file without a name, in the directory that the request names: its descriptor or
/// a negative errno.
int make_tmpfile(Served &served, const TmpfileRequest &request)
{
	constexpr std::uint32_t kept = LKL_O_ACCMODE | LKL_O_SYNC | LKL_O_DSYNC | LKL_O_EXCL;
	Worker &worker = Worker::mine(served.kernel);
	const Use directory(served.nodes, served.node(request.head.nodeid));
	int result = std::min(directory.descriptor, worker.trouble());

	if (result >= 0)
		result = worker.become({request.head.uid, request.head.gid, request.wanted.umask});
	if (result >= 0)
		result = lkl_sys_openat(served.kernel, LKL_AT_FDCWD,
					DescriptorPath(directory.descriptor).c_str(),
					static_cast<int>(request.wanted.flags & kept) | LKL_O_TMPFILE |
						LKL_O_CLOEXEC,
					request.wanted.mode);
	return result;
}

int serve_tmpfile(Served &served, const TmpfileRequest &request, TmpfileAnswer &answer)
{
	const int file = make_tmpfile(served, request);
	int path = file;
	lkl_stat stat;

	if (path >= 0)
		path = lkl_sys_openat(served.kernel, LKL_AT_FDCWD, DescriptorPath(file).c_str(),
				      LKL_O_PATH | LKL_O_CLOEXEC, 0);
	int result = path;
	if (result >= 0)
		result = lkl_sys_fstat(served.kernel, path, &stat);
	if (result < 0) {
		if (path >= 0)
			lkl_sys_close(served.kernel, path);
		if (file >= 0)
			lkl_sys_close(served.kernel, file);
		return result;
	}

	Node &node = served.nodes.look_up(path, stat);
	served.files.add(file);
	answer.entry.nodeid = served.number(node);
	answer.entry.generation = node.generation;
	answer.entry.entry_valid = static_cast<std::uint64_t>(served.name_seconds);
	answer.entry.attr_valid = static_cast<std::uint64_t>(served.attribute_seconds);
	answer.entry.attr = attributes(served.shown(node, stat));
	answer.file.fh = static_cast<std::uint64_t>(file);
	answer.file.open_flags = FOPEN_KEEP_CACHE | FOPEN_NOFLUSH;
	return 0;
}

/// Set by the first request, in the thread that answers it.
thread_local bool takes_privileges = false;

/// @file is a descriptor that is open, or an O_PATH one.
void drop_privileges(Served &served, int file)
{
	constexpr unsigned setgid = LKL_S_ISGID | LKL_S_IXGRP;
	lkl_stat stat;

	if (lkl_sys_fstat(served.kernel, file, &stat) < 0)
		return;

	unsigned mode = stat.st_mode & 07777 & ~LKL_S_ISUID;
	if ((mode & setgid) == setgid)
		mode &= ~LKL_S_ISGID;
	if (mode != (stat.st_mode & 07777) && LKL_S_ISREG(stat.st_mode))
		lkl_sys_fchmodat2(served.kernel, file, "", mode, LKL_AT_EMPTY_PATH);
}

template <class Body> bool read_body(const fuse_buf &request, Body &body)
{
	if (request.size < sizeof(fuse_in_header) + sizeof(body))
		return false;
	std::memcpy(&body, static_cast<const char *>(request.mem) + sizeof(fuse_in_header), sizeof(body));
	return true;
}

/// What comes along with requests that libfuse serves.
void look_at(Served &served, const fuse_in_header &head, const fuse_buf &request)
{
	fuse_init_in init;
	fuse_write_in write;
	fuse_setattr_in change;

	if (head.opcode == FUSE_INIT && read_body(request, init))
		takes_privileges = init.flags & FUSE_HANDLE_KILLPRIV_V2;
	if (head.opcode == FUSE_WRITE && read_body(request, write) &&
	    (write.write_flags & FUSE_WRITE_KILL_SUIDGID))
		drop_privileges(served, static_cast<int>(write.fh));
	if (head.opcode == FUSE_SETATTR && read_body(request, change) &&
	    (change.valid & FATTR_KILL_SUIDGID)) {
		const Use file(served.nodes, served.node(head.nodeid));

		if (file.descriptor >= 0)
			drop_privileges(served, file.descriptor);
	}
}

} // namespace

ssize_t write_answer(int connection, iovec *parts, int count, void *)
{
	fuse_init_out *const agreed = static_cast<fuse_init_out *>(parts[count - 1].iov_base);

	if (takes_privileges && count == 2 && parts[1].iov_len >= sizeof(*agreed)) {
		takes_privileges = false;
		agreed->flags |= FUSE_HANDLE_KILLPRIV_V2;
	}
	return ::writev(connection, parts, count);
}

std::uint32_t opcode_of(const fuse_buf &request)
{
	fuse_in_header head;

	std::memcpy(&head, request.mem, sizeof(head));
	return head.opcode;
}

bool serve_raw_request(fuse_session *session, Served &served, const fuse_buf &request)
{
	fuse_in_header head;

	std::memcpy(&head, request.mem, sizeof(head));
	look_at(served, head, request);
	if (head.opcode != FUSE_TMPFILE || request.size < sizeof(TmpfileRequest))
		return false;

	TmpfileRequest wanted;
	TmpfileAnswer answer = {};
	fuse_out_header result = {};

	std::memcpy(&wanted, request.mem, sizeof(wanted));
	result.unique = head.unique;
	result.error = serve_tmpfile(served, wanted, answer);
	if (result.error == -LKL_EIO)
		served.check_health();
	result.len = sizeof(result) + (result.error ? 0 : sizeof(answer));

	const iovec parts[] = {{&result, sizeof(result)}, {&answer, sizeof(answer)}};
	if (::writev(::fuse_session_fd(session), parts, result.error ? 1 : 2) < 0 && !result.error) {
		// Nobody waits for it any more.
		served.files.close(static_cast<int>(answer.file.fh));
		served.forget(answer.entry.nodeid, 1);
	}
	return true;
}

} // namespace lkl::apps
