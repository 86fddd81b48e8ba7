// SPDX-License-Identifier: GPL-2.0
// The formats of disk images, and how they are told apart.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "result.hh"

namespace lkl::apps {

enum class DiskFormat { raw, gzip, xz, zstd, qcow2, vmdk, vdi, vhd, vhdx };

/// What a user calls it.
std::string_view name_of(DiskFormat format);
/// Also by other usual names, as gz or vpc.
std::optional<DiskFormat> format_of_name(std::string_view name);
/// All names, separated by ", ".
std::string format_names();

/// A raw disk that is compressed as a whole.
bool is_compressed(DiskFormat format);
/// Its clusters are found through tables, as virtual machines' disks are.
bool is_virtual(DiskFormat format);

/// By the content of @file, which has @bytes. What has no other format's mark is raw.
Result<DiskFormat> detect_format(int file, std::uint64_t bytes);

/// pread() for all of @buffer; an Error when the file ends before.
Result<void> read_exactly(int file, std::span<std::byte> buffer, std::uint64_t offset);
/// Fewer bytes only at the end of the file.
Result<std::size_t> read_up_to(int file, std::span<std::byte> buffer, std::uint64_t offset);

} // namespace lkl::apps
