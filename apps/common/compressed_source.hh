// SPDX-License-Identifier: GPL-2.0
// A raw disk in a .gz, .xz or .zst file, for reading.
//
// What has been unpacked stays in a temporary file. Where the file consists of pieces
// that can be unpacked one by one (xz: several blocks, zstd: several frames), that is
// done when they are read; anything else is unpacked as a whole beforehand.
#pragma once

#include "descriptor.hh"
#include "disk_source.hh"

namespace lkl::apps {

/// @file has @bytes. Its content is wholly checked beforehand, unless it is in pieces.
Result<std::unique_ptr<DiskSource>> open_compressed(Descriptor file, std::uint64_t bytes,
						    DiskFormat format);

} // namespace lkl::apps
