// SPDX-License-Identifier: GPL-2.0
// ioctl. The host's kernel takes along as many bytes as the number of a command says and
// nothing they point to, and pointers would be ours to the library's kernel: so there is a
// list of commands, all without.
#include <algorithm>
#include <array>
#include <cstring>

#include <sys/ioctl.h>

#include <lkl/syscalls.h>

#include "served.hh"
#include "worker.hh"

namespace lkl::apps {

namespace {

using Use = NodeTable::Use;

enum class For { everybody, owner, administrator };

/// @owner: the host's kernel checks that itself for attributes of files.
struct Command {
	std::uint32_t number;
	For whom;
};

constexpr std::size_t most_bytes = 4096;
constexpr std::array<Command, 21> commands = {{
	// fs.h; SETFLAGS and FSSETXATTR are checked by the host's kernel.
	{LKL_FS_IOC_GETFLAGS, For::everybody},
	{LKL_FS_IOC_SETFLAGS, For::owner},
	{LKL_FS_IOC_GETVERSION, For::everybody},
	{0x40087602, For::administrator},	// FS_IOC_SETVERSION
	{LKL_FS_IOC_FSGETXATTR, For::everybody},
	{LKL_FS_IOC_FSSETXATTR, For::owner},
	{LKL_FITRIM, For::administrator},
	{0x81009431, For::everybody},		// FS_IOC_GETFSLABEL
	{0x41009432, For::administrator},	// FS_IOC_SETFSLABEL
	{0x80111500, For::everybody},		// FS_IOC_GETFSUUID
	// btrfs.h
	{0x5000940e, For::administrator},	// BTRFS_IOC_SUBVOL_CREATE
	{0x5000940f, For::administrator},	// BTRFS_IOC_SNAP_DESTROY
	{0x80089419, For::everybody},		// BTRFS_IOC_SUBVOL_GETFLAGS
	{0x4008941a, For::administrator},	// BTRFS_IOC_SUBVOL_SETFLAGS
	{0x8400941f, For::everybody},		// BTRFS_IOC_FS_INFO
	{0x81f8943c, For::everybody},		// BTRFS_IOC_GET_SUBVOL_INFO
	{0x80047210, For::everybody},		// FAT_IOCTL_GET_ATTRIBUTES
	{0x40047211, For::administrator},	// FAT_IOCTL_SET_ATTRIBUTES
	{0x80047213, For::everybody},		// FAT_IOCTL_GET_VOLUME_ID
	{0x8004f50c, For::everybody},		// F2FS_IOC_GET_FEATURES
	{0x8008f511, For::everybody},		// F2FS_IOC_GET_COMPRESS_BLOCKS
}};

bool changes(std::uint32_t number)
{
	return _IOC_DIR(number) & _IOC_WRITE;
}

int perform(const Request &request, int file, std::uint32_t number, std::array<char, most_bytes> &data)
{
	return lkl_sys_ioctl(request.kernel, file, number, data.data());
}

/// A directory is not open as anything.
int perform_on(const Request &request, fuse_ino_t number, std::uint32_t command,
	       std::array<char, most_bytes> &data)
{
	const Worker &worker = Worker::mine(request.kernel);
	const Use directory(request.served.nodes, request.served.node(number));
	int result = std::min(directory.descriptor, worker.trouble());

	if (result >= 0)
		result = lkl_sys_openat(request.kernel, LKL_AT_FDCWD,
					DescriptorPath(directory.descriptor).c_str(),
					LKL_O_RDONLY | LKL_O_DIRECTORY | LKL_O_CLOEXEC, 0);
	if (result < 0)
		return result;

	const int opened = result;
	result = perform(request, opened, command, data);
	lkl_sys_close(request.kernel, opened);
	return result;
}

void ioctl(fuse_req_t raw, fuse_ino_t number, unsigned command, void *, fuse_file_info *file,
	   unsigned flags, const void *in, std::size_t in_bytes, std::size_t out_bytes)
{
	const Request request(raw);
	const auto known = std::ranges::find(commands, command, &Command::number);
	std::array<char, most_bytes> data = {};

	if (known == commands.end() || in_bytes > data.size() || out_bytes > data.size() ||
	    (flags & FUSE_IOCTL_COMPAT))
		return request.done(-LKL_ENOTTY);
	if (known->whom == For::administrator && !request.by_administrator())
		return request.done(-LKL_EPERM);
	if (in_bytes)
		std::memcpy(data.data(), in, in_bytes);

	const int result = flags & FUSE_IOCTL_DIR
				   ? perform_on(request, number, command, data)
				   : perform(request, static_cast<int>(file->fh), command, data);
	if (result < 0)
		return request.done(result);
	::fuse_reply_ioctl(raw, result, data.data(), out_bytes);
	// The change time is another one.
	if (changes(command))
		::fuse_lowlevel_notify_inval_inode(request.served.session, number, -1, 0);
}

} // namespace

void add_control_operations(fuse_lowlevel_ops &operations)
{
	operations.ioctl = ioctl;
}

} // namespace lkl::apps
