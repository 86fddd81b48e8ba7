// SPDX-License-Identifier: GPL-2.0
// Extended attributes, POSIX ACLs among them. The calls take no O_PATH descriptor, so files
// are named by paths that lead to one.
#include <algorithm>
#include <string_view>

#include <lkl/syscalls.h>

#include "served.hh"
#include "worker.hh"

namespace lkl::apps {

namespace {

using Use = NodeTable::Use;

/// Attribute calls on @number, by @call(path, worker): a negative errno or a size, for
/// which @answer is called.
template <class Call> void with_path(const Request &request, fuse_ino_t number, Call call)
{
	Worker &worker = Worker::mine(request.kernel);
	const Use file(request.served.nodes, request.served.node(number));

	if (file.descriptor < 0 || worker.trouble() < 0)
		return request.done(std::min(file.descriptor, worker.trouble()));
	call(DescriptorPath(file.descriptor).c_str(), worker, file.descriptor);
}

void getxattr(fuse_req_t raw, fuse_ino_t number, const char *name, std::size_t bytes)
{
	const Request request(raw);

	with_path(request, number, [&](const char *path, Worker &worker, int) {
		char *const value = worker.buffer(bytes).data();
		const std::int64_t got = lkl_sys_getxattr(request.kernel, path, name, value, bytes);

		if (got >= 0 && bytes == 0)
			::fuse_reply_xattr(raw, static_cast<std::size_t>(got));
		else
			request.bytes(value, got);
	});
}

/// Of the trusted ones an administrator sees the names only.
std::size_t without_trusted(std::span<char> names)
{
	char *to = names.data();

	for (std::string_view left(names.data(), names.size()); !left.empty();) {
		const std::string_view name = left.substr(0, left.find('\0') + 1);

		if (name.empty())
			break;
		left.remove_prefix(name.size());
		if (!name.starts_with("trusted."))
			to = std::ranges::copy(name, to).out;
	}
	return static_cast<std::size_t>(to - names.data());
}

void listxattr(fuse_req_t raw, fuse_ino_t number, std::size_t bytes)
{
	const Request request(raw);

	with_path(request, number, [&](const char *path, Worker &worker, int) {
		const std::span<char> room = worker.buffer(LKL_XATTR_LIST_MAX);
		const std::int64_t got =
			lkl_sys_listxattr(request.kernel, path, room.data(), room.size());

		if (got < 0)
			return request.done(got);

		const std::span<char> all = room.first(static_cast<std::size_t>(got));
		const std::size_t shown = request.uid() == 0 ? all.size() : without_trusted(all);

		if (bytes == 0)
			::fuse_reply_xattr(raw, shown);
		else if (bytes < shown)
			request.done(-LKL_ERANGE);
		else
			::fuse_reply_buf(raw, room.data(), shown);
	});
}

bool in_group(const Request &request, std::uint32_t gid)
{
	constexpr int most = 65536;	// NGROUPS_MAX
	std::vector<gid_t> groups(256);
	int count = ::fuse_req_getgroups(request.raw(), static_cast<int>(groups.size()), groups.data());

	if (count > static_cast<int>(groups.size()) && count <= most) {
		groups.resize(static_cast<std::size_t>(count));
		count = ::fuse_req_getgroups(request.raw(), count, groups.data());
	}
	if (::fuse_req_ctx(request.raw())->gid == gid)
		return true;
	groups.resize(static_cast<std::size_t>(std::clamp<int>(count, 0, static_cast<int>(groups.size()))));
	return std::ranges::find(groups, gid) != groups.end();
}

/// As when the kernel of the caller sets an ACL: who is not in the file's group takes its
/// setgid bit away.
int drop_setgid(const Request &request, int file)
{
	lkl_stat stat;

	if (request.uid() == 0)
		return 0;
	if (const int result = lkl_sys_fstat(request.kernel, file, &stat); result < 0)
		return result;
	if (!(stat.st_mode & LKL_S_ISGID) || in_group(request, stat.st_gid))
		return 0;
	return lkl_sys_fchmodat2(request.kernel, file, "", stat.st_mode & 07777 & ~LKL_S_ISGID,
				 LKL_AT_EMPTY_PATH);
}

void setxattr(fuse_req_t raw, fuse_ino_t number, const char *name, const char *value,
	      std::size_t bytes, int flags)
{
	const Request request(raw);

	with_path(request, number, [&](const char *path, Worker &, int file) {
		int result = lkl_sys_setxattr(request.kernel, path, name, value, bytes, flags);

		if (result >= 0 && std::string_view(name) == "system.posix_acl_access")
			result = drop_setgid(request, file);
		request.done(result);
	});
}

void removexattr(fuse_req_t raw, fuse_ino_t number, const char *name)
{
	const Request request(raw);

	with_path(request, number, [&](const char *path, Worker &, int) {
		request.done(lkl_sys_removexattr(request.kernel, path, name));
	});
}

} // namespace

void add_extended_attribute_operations(fuse_lowlevel_ops &operations)
{
	operations.getxattr = getxattr;
	operations.listxattr = listxattr;
	operations.setxattr = setxattr;
	operations.removexattr = removexattr;
}

} // namespace lkl::apps
