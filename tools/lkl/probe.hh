// SPDX-License-Identifier: GPL-2.0
// What file system is on a device?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/host.hh"

struct lkl_kernel;

namespace lkl {

class BlockView;
struct BlockNode;
struct Partition;

/// Of a device, in libblkid's words, but for the kernel's names of file systems. Empty
/// where it knows nothing.
struct Findings {
	std::string usage, type, version, label, uuid, uuid_sub;
};

struct TableEntry {
	std::uint64_t start = 0, bytes = 0;
	std::string table, type, uuid, label;
};

struct PartitionTable {
	std::string type, uuid;		// empty when there is none
	std::vector<TableEntry> entries;
};

/// ENOTUNIQ when there are signs of several things.
Result<Findings> probe(lkl_kernel &kernel, const BlockNode &node);
/// The kernel's name for the file system on @node. ENODEV when there is none, or
/// something that is not a file system.
Result<std::string> probe_file_system(lkl_kernel &kernel, const BlockNode &node);
Result<PartitionTable> probe_table(lkl_kernel &kernel, const BlockNode &node);

/// libblkid's answers, all in its own words.
Result<Findings> probe_view(const BlockView &view);
Result<PartitionTable> probe_view_table(const BlockView &view);

/// The answer of a table of magic numbers for a device that begins with @start, of
/// which magic_bytes suffice. Empty when none fits.
std::string probe_magic(std::string_view start);
inline constexpr std::size_t magic_bytes = 68 * 1024;

} // namespace lkl
