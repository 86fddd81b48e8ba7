// SPDX-License-Identifier: GPL-2.0
// How large a file system must be for its content.
#pragma once

#include <cstdint>
#include <string_view>

#include "content_size.hh"

namespace lkl::apps {

/// Bytes of a file system of @type, one of tools_for(), that takes @content with a reserve,
/// and still has @more free. Measured, see docs/new-images.md; a multiple of 1 MiB.
std::uint64_t bytes_for(std::string_view type, const ContentSize &content, std::uint64_t more);

/// From here on a FAT has room for the clusters that FAT32 must have.
inline constexpr std::uint64_t least_large_fat = 34 << 20;
/// Whether a vfat of @bytes is to be FAT32: the root of others has few names.
bool is_large_fat(const ContentSize &content, std::uint64_t bytes);

/// Inodes that @content takes, with a reserve. For types that have as many as mkfs makes.
std::uint64_t inodes_for(const ContentSize &content);

} // namespace lkl::apps
