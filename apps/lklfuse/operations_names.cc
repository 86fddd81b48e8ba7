// SPDX-License-Identifier: GPL-2.0
// Names: looking up, making, linking, renaming and removing.
//
// The host's kernel holds the directory's lock while it waits for such a change, so a name
// that was made still is the same file when it is looked up.
#include <lkl/syscalls.h>

#include "served.hh"
#include "worker.hh"

namespace lkl::apps {

namespace {

using Use = NodeTable::Use;

void lookup(fuse_req_t raw, fuse_ino_t parent, const char *name)
{
	const Request request(raw);
	const Use directory(request.served.nodes, request.served.node(parent));
	fuse_entry_param entry = {};
	int result = directory.descriptor;

	if (result >= 0)
		result = request.served.look_up(directory.descriptor, name, entry);
	if (result == -LKL_ENOENT && request.served.name_seconds > 0) {
		// That there is no such name may be remembered too.
		entry.entry_timeout = request.served.name_seconds;
		result = 0;
	}
	if (result < 0)
		return request.done(result);
	request.entry(entry);
}

void forget(fuse_req_t raw, fuse_ino_t number, std::uint64_t lookups)
{
	Request(raw).served.forget(number, lookups);
	::fuse_reply_none(raw);
}

void forget_multi(fuse_req_t raw, std::size_t count, fuse_forget_data *forgotten)
{
	Served &served = Request(raw).served;

	for (std::size_t i = 0; i < count; i++)
		served.forget(forgotten[i].ino, forgotten[i].nlookup);
	::fuse_reply_none(raw);
}

/// Something new called @name in @parent, by @make(directory descriptor).
template <class Make> void make(fuse_req_t raw, fuse_ino_t parent, const char *name, Make make)
{
	const Request request(raw);
	const Use directory(request.served.nodes, request.served.node(parent));
	int result = directory.descriptor;

	if (result >= 0)
		result = request.become_caller();
	if (result >= 0)
		result = make(request.kernel, directory.descriptor);
	if (result < 0)
		return request.done(result);
	request.look_up(directory.descriptor, name);
}

void mknod(fuse_req_t raw, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	make(raw, parent, name, [&](lkl_kernel *kernel, int directory) {
		return lkl_sys_mknodat(kernel, directory, name, mode, static_cast<lkl_u32>(device));
	});
}

void mkdir(fuse_req_t raw, fuse_ino_t parent, const char *name, mode_t mode)
{
	make(raw, parent, name, [&](lkl_kernel *kernel, int directory) {
		return lkl_sys_mkdirat(kernel, directory, name, mode);
	});
}

void symlink(fuse_req_t raw, const char *target, fuse_ino_t parent, const char *name)
{
	make(raw, parent, name, [&](lkl_kernel *kernel, int directory) {
		return lkl_sys_symlinkat(kernel, target, directory, name);
	});
}

void link(fuse_req_t raw, fuse_ino_t number, fuse_ino_t parent, const char *name)
{
	Served &served = Request(raw).served;
	const Use file(served.nodes, served.node(number));

	make(raw, parent, name, [&](lkl_kernel *kernel, int directory) {
		if (file.descriptor < 0)
			return file.descriptor;
		return lkl_sys_linkat(kernel, file.descriptor, "", directory, name,
				      LKL_AT_EMPTY_PATH);
	});
}

/// Before @name goes away: where its node is not open, the file would go too, though the
/// host's kernel may still use it.
void keep(Served &served, int directory, const char *name)
{
	if (!served.nodes.has_evicted())
		return;

	lkl_stat stat;
	const int descriptor = lkl_sys_openat(served.kernel, directory, name,
					      LKL_O_PATH | LKL_O_NOFOLLOW | LKL_O_CLOEXEC, 0);

	if (descriptor < 0)
		return;
	if (lkl_sys_fstat(served.kernel, descriptor, &stat) < 0)
		lkl_sys_close(served.kernel, descriptor);
	else
		served.nodes.keep(descriptor, stat);
}

void remove(fuse_req_t raw, fuse_ino_t parent, const char *name, int flags)
{
	const Request request(raw);
	const Use directory(request.served.nodes, request.served.node(parent));

	if (directory.descriptor < 0)
		return request.done(directory.descriptor);
	keep(request.served, directory.descriptor, name);
	request.done(lkl_sys_unlinkat(request.kernel, directory.descriptor, name, flags));
}

void unlink(fuse_req_t raw, fuse_ino_t parent, const char *name)
{
	remove(raw, parent, name, 0);
}

void rmdir(fuse_req_t raw, fuse_ino_t parent, const char *name)
{
	remove(raw, parent, name, LKL_AT_REMOVEDIR);
}

void rename(fuse_req_t raw, fuse_ino_t from_parent, const char *from, fuse_ino_t to_parent,
	    const char *to, unsigned flags)
{
	const Request request(raw);
	const Use from_directory(request.served.nodes, request.served.node(from_parent));
	const Use to_directory(request.served.nodes, request.served.node(to_parent));
	int result = std::min(from_directory.descriptor, to_directory.descriptor);

	if (result >= 0 && (flags & LKL_RENAME_WHITEOUT))
		result = request.become_caller();
	if (result < 0)
		return request.done(result);
	if (!(flags & (LKL_RENAME_NOREPLACE | LKL_RENAME_EXCHANGE)))
		keep(request.served, to_directory.descriptor, to);
	request.done(lkl_sys_renameat2(request.kernel, from_directory.descriptor, from,
				       to_directory.descriptor, to, flags));
}

void readlink(fuse_req_t raw, fuse_ino_t number)
{
	const Request request(raw);
	const Use link(request.served.nodes, request.served.node(number));
	char target[LKL_PATH_MAX];
	std::int64_t result = link.descriptor;

	if (result >= 0)
		result = lkl_sys_readlinkat(request.kernel, link.descriptor, "", target,
					    static_cast<int>(sizeof(target)) - 1);
	if (result < 0)
		return request.done(result);
	target[result] = '\0';
	::fuse_reply_readlink(raw, target);
}

} // namespace

void add_name_operations(fuse_lowlevel_ops &operations)
{
	operations.lookup = lookup;
	operations.forget = forget;
	operations.forget_multi = forget_multi;
	operations.mknod = mknod;
	operations.mkdir = mkdir;
	operations.symlink = symlink;
	operations.link = link;
	operations.unlink = unlink;
	operations.rmdir = rmdir;
	operations.rename = rename;
	operations.readlink = readlink;
}

} // namespace lkl::apps
