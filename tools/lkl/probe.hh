// SPDX-License-Identifier: GPL-2.0
// What file system is on a device?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/host.hh"

struct lkl_kernel;

namespace lkl {

struct Disk;
struct Partition;

/// The kernel's name for the file system on @partition of @disk. ENODEV when
/// there is none, or something that is not a file system.
Result<std::string> probe(lkl_kernel &kernel, const Disk &disk, const Partition &partition);

/// libblkid's answer for [@offset, @offset + @bytes) of host descriptor @fd, in its
/// own words; empty when it knows nothing there. ENODEV when it is something else
/// than a file system, or several at once.
Result<std::string> probe_descriptor(int fd, std::uint64_t offset, std::uint64_t bytes);

/// The answer of a table of magic numbers for a device that begins with @start, of
/// which magic_bytes suffice. Empty when none fits.
std::string probe_magic(std::string_view start);
inline constexpr std::size_t magic_bytes = 68 * 1024;

} // namespace lkl
