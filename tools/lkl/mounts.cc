// SPDX-License-Identifier: GPL-2.0
#include "mounts.hh"

#include <algorithm>
#include <cctype>

#include <lkl/abi.h>

#include "block_node.hh"
#include "calls.hh"
#include "disks.hh"
#include "kernel.hh"
#include "probe.hh"
#include "try.hh"

namespace lkl {

namespace {

// ext4 serves the two older types where the kernel has no driver of their own.
std::int64_t mount_as(const Calls &calls, const BlockNode &node, const std::string &target,
		      const std::string &type, std::uint64_t flags, const char *options)
{
	auto mount = [&](const char *name) {
		return calls(LKL_SYS_mount, node.path.c_str(), target.c_str(), name, flags, options);
	};
	std::int64_t result = mount(type.c_str());

	if (result == -LKL_ENODEV && (type == "ext2" || type == "ext3"))
		result = mount("ext4");
	return result;
}

// Whatever is written to @node does no harm; what it is made of may be any of the disks.
bool is_overlay(lkl_kernel &kernel, const BlockNode &node)
{
	if (node.disk)
		return node.disk->overlay;
	return std::ranges::all_of(kernel.disks().all(), &Disk::overlay);
}

// f2fs replays its log only when it may go on writing; a read-only mount lacks what
// was synced last. Over an overlay writing does no harm.
std::int64_t mount_content(const Calls &calls, const BlockNode &node, bool overlay,
			   const std::string &target, const std::string &type,
			   std::uint64_t flags, const char *options)
{
	if (type != "f2fs" || !overlay || !(flags & LKL_MS_RDONLY))
		return mount_as(calls, node, target, type, flags, options);

	std::int64_t result = mount_as(calls, node, target, type, flags & ~LKL_MS_RDONLY, options);

	if (result < 0)
		return result;
	return calls(LKL_SYS_mount, nullptr, target.c_str(), nullptr, flags | LKL_MS_REMOUNT,
		     options);
}

// The disk that device node @node is, or is a part of.
std::shared_ptr<Disk> disk_behind(lkl_kernel &kernel, const std::string &node)
{
	for (const std::shared_ptr<Disk> &disk : kernel.disks().all()) {
		std::string rest = node.starts_with(disk->node())
					   ? node.substr(disk->node().size())
					   : "-";

		if (std::all_of(rest.begin(), rest.end(),
				[](unsigned char c) { return std::isdigit(c) || c == 'p'; }))
			return disk;
	}
	return nullptr;
}

Result<BlockNode> node_of(lkl_kernel &kernel, int number, unsigned partition)
{
	std::shared_ptr<Disk> disk = TRY(kernel.disks().find(number));

	return BlockNode::find(kernel, TRY(find_partition(kernel, *disk, partition)).node());
}

// A directory for a mount whose place the caller leaves to us.
Result<std::string> choose_target(const Calls &calls, const std::string &name)
{
	std::vector<MountEntry> table = TRY(mounts(calls));
	std::string target = "/mnt/" + name;

	for (unsigned n = 2;; n++) {
		if (std::none_of(table.begin(), table.end(), [&](const MountEntry &entry) {
			    return entry.target == target;
		    }))
			return target;
		target = fmt::format("/mnt/{}-{}", name, n);
	}
}

} // namespace

Result<std::string> mount_disk(lkl_kernel &kernel, const lkl_mount &mount)
{
	Calls calls(kernel);
	BlockNode node = TRY(mount.device ? BlockNode::find(kernel, mount.device)
					  : node_of(kernel, mount.disk, mount.partition));
	std::string type = mount.type ? mount.type : TRY(probe_file_system(kernel, node));
	std::string target = mount.target ? mount.target : TRY(choose_target(calls, node.name));
	std::uint64_t flags = mount.flags;

	if (node.disk && node.disk->device->content().read_only())
		flags |= LKL_MS_RDONLY;
	TRY(calls.make_directories(target));

	std::int64_t result = mount_content(calls, node, is_overlay(kernel, node), target, type,
					    flags, mount.options);

	if (result < 0) {
		if (!mount.target)
			calls(LKL_SYS_unlinkat, LKL_AT_FDCWD, target.c_str(), LKL_AT_REMOVEDIR);
		return fail(result, "{}mount {} as {}", node.disk ? node.disk->label + ": " : "",
			    node.path, type);
	}
	return target;
}

Result<void> unmount(lkl_kernel &kernel, const std::string &path)
{
	Calls calls(kernel);
	std::vector<MountEntry> table = TRY(mounts(calls));
	auto entry = std::find_if(table.rbegin(), table.rend(), [&](const MountEntry &candidate) {
		return candidate.target == path;
	});
	// Learns of writes that failed, which unmounting does not tell.
	Result<void> flushed = calls.flush(path, LKL_SYS_syncfs);
	std::int64_t result = calls(LKL_SYS_umount2, path.c_str(), 0);

	if (result < 0)
		return fail(result, "unmount {}", path);
	if (entry == table.rend() || !entry->source.starts_with("/dev/"))
		return flushed;

	// Not every file system flushes the disk's own cache at its end.
	Result<void> durable = calls.flush(entry->source, LKL_SYS_fsync);

	// The host's reason says more than the kernel's EIO. What is made of others may be
	// made of any.
	std::shared_ptr<Disk> disk = disk_behind(kernel, entry->source);
	for (const std::shared_ptr<Disk> &other : kernel.disks().all())
		if (!disk || other == disk)
			TRY(check_writes(*other));
	TRY(std::move(flushed));
	return durable;
}

Result<std::string> probe_disk(lkl_kernel &kernel, int disk, unsigned partition)
{
	return probe_file_system(kernel, TRY(node_of(kernel, disk, partition)));
}

} // namespace lkl
