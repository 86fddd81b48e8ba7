// SPDX-License-Identifier: GPL-2.0
// File systems on several devices at once: btrfs. The kernel has to know all of them
// before one is mounted.
#pragma once

#include <cstddef>
#include <string>

#include "volume_table.hh"

namespace lkl::apps {

/// Make all devices known that belong to the file system on @place.
Result<void> join_devices(lkl_kernel *kernel, KernelLog &log, VolumeTable &table, std::size_t place);
/// "1 of its 2 devices is there"; empty if all are.
std::string missing_devices(lkl_kernel *kernel, KernelLog &log, VolumeTable &table,
			    std::size_t place);

} // namespace lkl::apps
