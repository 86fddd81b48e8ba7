// SPDX-License-Identifier: GPL-2.0
// The tree of tree.hh, to be copied from: in an ext4 image in memory that is mounted by
// the host's kernel, made when it is first asked for.
#pragma once

#include "bench/loop_mount.hh"
#include "bench/support.hh"

namespace lkl::bench {

class MountedTree {
public:
	static const MountedTree &shared();

	/// Of the directory that the tree fills.
	std::string path() const { return mount_.path(); }
	/// For what copies a directory's content only when it is told so.
	std::string content() const { return path() + "/."; }
	/// An ext4 that can be mounted once more.
	const std::string &device() const { return mount_.device(); }

private:
	MountedTree();

	const ScratchFile file_;
	const LoopMount mount_;
};

} // namespace lkl::bench
