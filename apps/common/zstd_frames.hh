// SPDX-License-Identifier: GPL-2.0
// zstd: files of several frames.
#pragma once

#include <vector>

#include "xz_block.hh"

namespace lkl::apps {

/// The frames of a file, as pzstd and the tools for the seekable format make them; empty
/// when a frame does not say how much it contains.
Result<std::vector<Unit>> zstd_frames(int file, std::uint64_t bytes);

} // namespace lkl::apps
