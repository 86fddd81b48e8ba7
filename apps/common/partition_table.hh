// SPDX-License-Identifier: GPL-2.0
// A partition table for a new image, made by sfdisk: one partition, which takes all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "result.hh"

namespace lkl::apps {

enum class TableKind { none, gpt, mbr };

/// The room that the partition does not get: before it, and behind it.
inline constexpr std::uint64_t partition_offset = 1 << 20;
inline constexpr std::uint64_t partition_margin = 2 << 20;

struct NewPartition {
	std::uint64_t bytes;		// from partition_offset on
	std::string_view gpt_type;	// GUID
	unsigned mbr_type;
	std::string name;		// in a GPT; may be empty
	std::string disk_id, id;	// GUIDs in a GPT; of an MBR the first's 8 digits are one.
					// Empty: random ones
};

/// Into the open @file, which has its size.
Result<void> write_partition_table(int file, TableKind kind, const NewPartition &partition);

} // namespace lkl::apps
