// SPDX-License-Identifier: GPL-2.0
#include "block_node.hh"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <lkl/abi.h>

#include "calls.hh"
#include "kernel.hh"
#include "try.hh"

namespace lkl {

namespace {

// The kernel's name for the block device at @path, whatever that file is called.
Result<std::string> name_of(const Calls &calls, int file, const std::string &path)
{
	constexpr std::string_view key = "DEVNAME=";
	lkl_stat status = {};

	if (std::int64_t result = calls(LKL_SYS_fstat, file, &status); result < 0)
		return fail(result, "{}: stat", path);
	if (!LKL_S_ISBLK(status.st_mode))
		return fail(LKL_ENOTBLK, "{}", path);

	// The user's encoding of a device number, include/linux/kdev_t.h.
	std::uint64_t number = status.st_rdev;
	std::string event = TRY(calls.read_file(fmt::format(
		"/sys/dev/block/{}:{}/uevent", (number & 0xfff00) >> 8,
		(number & 0xff) | ((number >> 12) & 0xfff00))));
	std::size_t at = event.find(key);

	if (at == std::string::npos)
		return fail(LKL_ENXIO, "{}: name", path);
	at += key.size();
	return event.substr(at, event.find('\n', at) - at);
}

bool is_partition_suffix(const std::string &text)
{
	return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
		return std::isdigit(c) || c == 'p';
	});
}

} // namespace

Result<BlockNode> BlockNode::find(lkl_kernel &kernel, const std::string &path)
{
	Calls calls(kernel);
	OpenFile file = TRY(OpenFile::open(calls, path, LKL_O_RDONLY));
	BlockNode node;
	std::int32_t block = 0;

	node.path = path;
	node.name = TRY(name_of(calls, file.fd(), path));
	if (std::int64_t result = calls(LKL_SYS_ioctl, file.fd(), LKL_BLKGETSIZE64, &node.bytes);
	    result < 0)
		return fail(result, "{}: size", path);
	if (std::int64_t result = calls(LKL_SYS_ioctl, file.fd(), LKL_BLKSSZGET, &block); result < 0)
		return fail(result, "{}: size of blocks", path);
	node.block_bytes = static_cast<std::uint32_t>(block);

	for (const std::shared_ptr<Disk> &disk : kernel.disks().all()) {
		if (node.name == disk->name) {
			node.disk = disk;
		} else if (node.name.starts_with(disk->name) &&
			   is_partition_suffix(node.name.substr(disk->name.size()))) {
			std::string start =
				TRY(calls.read_file("/sys/class/block/" + node.name + "/start"));

			node.disk = disk;
			node.start = std::strtoull(start.c_str(), nullptr, 10) * virtio::sector_bytes;
		}
	}
	return node;
}

Result<std::vector<Partition>> BlockNode::partitions(lkl_kernel &kernel) const
{
	std::vector<Partition> found = TRY(list_partitions(kernel, name));

	std::ranges::sort(found, {}, &Partition::number);
	return found;
}

} // namespace lkl
