// SPDX-License-Identifier: GPL-2.0
// The bytes of one of the kernel's block devices behind a host descriptor, for
// libblkid.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "block_node.hh"

namespace lkl {

/// The disk's image; or, where it has no descriptor and where the device is made of
/// others, a copy of what tells what the device holds, with holes for the rest. Must
/// not outlive the disk.
class BlockView {
public:
	static Result<BlockView> of(lkl_kernel &kernel, const BlockNode &node);

	int fd() const { return fd_; }
	/// Where in it the device begins.
	std::uint64_t offset() const { return offset_; }
	std::uint64_t bytes() const { return bytes_; }
	std::uint32_t block_bytes() const { return block_bytes_; }

	/// A copy gets what partition tables refer to.
	Result<void> add_tables(lkl_kernel &kernel, const BlockNode &node);

private:
	explicit BlockView(const BlockNode &node) : bytes_(node.bytes), block_bytes_(node.block_bytes) {}

	Result<void> copy_ends(lkl_kernel &kernel, const BlockNode &node);
	Result<std::string> copy(lkl_kernel &kernel, const BlockNode &node, std::uint64_t offset,
				 std::uint64_t bytes);

	std::unique_ptr<host::File> copy_;
	int fd_ = -1;
	std::uint64_t offset_ = 0, bytes_;
	std::uint32_t block_bytes_;
};

} // namespace lkl
