// SPDX-License-Identifier: GPL-2.0
#include "bench/mounted_tree.hh"

#include "bench/tree.hh"

namespace lkl::bench {

namespace {

constexpr std::uint64_t image_bytes = 1 << 30;

std::string formatted(const std::string &image)
{
	run({"mke2fs", "-q", "-F", "-t", "ext4", image});
	return image;
}

} // namespace

const MountedTree &MountedTree::shared()
{
	static const MountedTree tree;

	return tree;
}

MountedTree::MountedTree()
    : file_("/dev/shm", image_bytes), mount_(formatted(file_.path()), "ext4", false)
{
	make_tree(path());
}

} // namespace lkl::bench
