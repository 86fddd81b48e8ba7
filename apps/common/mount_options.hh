// SPDX-License-Identifier: GPL-2.0
// The options that an image's file system is mounted with.
#pragma once

#include <string>
#include <string_view>

namespace lkl::apps {

/// For a file system of the kernel's type @type: what an image calls for, then @users.
/// Without @replay_journal its log or journal is left alone, which takes a read-only
/// mount.
std::string mount_options_for(std::string_view type, bool writable, bool replay_journal,
			      std::string_view users);

} // namespace lkl::apps
