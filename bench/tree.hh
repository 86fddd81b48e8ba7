// SPDX-License-Identifier: GPL-2.0
// The tree of files that whole tools are measured with.
#pragma once

#include <string>

namespace lkl::bench {

/// Fill the directory @root, as root, with 30,000 files of 650 MiB in all: sizes
/// as in a source tree and some large ones; symbolic links, hard links, sparse
/// files; owners, modes, times, extended attributes, ACLs and capabilities on a
/// share of them. The same tree on every run.
void make_tree(const std::string &root);

} // namespace lkl::bench
