// SPDX-License-Identifier: GPL-2.0
// Removes directories with all that they contain.
#pragma once

#include "writable_file_system.hh"

namespace lkl::apps {

/// Remove the directory @name in the open directory @parent. The first thing that
/// cannot be removed, or is another file system or a subvolume, ends it; what has gone by
/// then stays gone. The Error names it.
Result<void> remove_tree(WritableFileSystem &target, FileSystem::Handle parent, const char *name);

} // namespace lkl::apps
