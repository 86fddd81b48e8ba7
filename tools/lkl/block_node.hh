// SPDX-License-Identifier: GPL-2.0
// The kernel's block devices, whatever is behind them, as sysfs describes them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "disks.hh"

namespace lkl {

struct BlockNode {
	std::string path;	// "/dev/vda2"
	std::string name;	// the kernel's: "vda2"
	std::uint64_t bytes = 0;
	std::uint32_t block_bytes = 512;
	std::shared_ptr<Disk> disk;	// that it is, or is a part of; may be none
	std::uint64_t start = 0;	// of it on the disk, bytes

	/// ENOTBLK when @path is something else.
	static Result<BlockNode> find(lkl_kernel &kernel, const std::string &path);
	/// Without the device itself; by their numbers.
	Result<std::vector<Partition>> partitions(lkl_kernel &kernel) const;
};

} // namespace lkl
