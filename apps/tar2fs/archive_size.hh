// SPDX-License-Identifier: GPL-2.0
// What the entries of an archive will take, for a new image of the right size.
#pragma once

#include <string>

#include "apps/common/content_size.hh"
#include "archive_extractor.hh"

namespace lkl::apps {

/// Reads the file @path from its beginning to its end, or to where it is damaged, in a
/// process of its own, confined like the one that will unpack it unless @sandbox is false:
/// the programs that make the file system are started in this one. Before there are
/// threads. Messages are left to the unpacking.
Result<ContentSize> measure_archive(const std::string &path, const ExtractOptions &options,
				    bool ignore_zeros, bool sandbox);

} // namespace lkl::apps
