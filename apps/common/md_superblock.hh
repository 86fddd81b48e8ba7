// SPDX-License-Identifier: GPL-2.0
// What Linux's software RAID (md) writes on each member of an array
// (include/uapi/linux/raid/md_p.h), as far as putting it together takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernel_device.hh"

namespace lkl::apps {

/// Linux's number of no level: linear.
constexpr std::int32_t md_level_linear = -1;

struct MdMember {
	/// A place in the array, as far as it has one.
	static constexpr std::uint32_t spare = 0xffff, faulty = 0xfffe;

	std::string device;		// path in the kernel
	std::string uuid;		// of the array, as mdadm writes it
	std::string name;		// "host:name"; empty before metadata 1
	std::uint32_t major = 0, minor = 0;	// version of the metadata: 1.2, 0.90
	std::int32_t level = 0;
	std::uint32_t layout = 0;
	std::uint32_t disks = 0;	// of the whole array
	std::uint32_t role = spare;	// which of them this one is
	std::uint64_t events = 0;	// counts changes: the members with most are current
	std::uint64_t bytes = 0;	// of data on each member, where all have as much
	std::uint64_t device_bytes = 0;
	bool clean = false;
	bool reshaping = false;

	/// "1.2"
	std::string version() const;
};

/// Nothing when the device is no member of an array.
Result<std::optional<MdMember>> read_md_member(const KernelDevice &device);

/// What else is on a member is a part of the array's content, which a copy of it may look
/// like on its own.
bool is_md_member(const KernelDevice &device);

} // namespace lkl::apps
