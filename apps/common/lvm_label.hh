// SPDX-License-Identifier: GPL-2.0
// What LVM2 writes at the start of a physical volume: a label, which tells where the
// metadata of the whole group is (lib/format_text/layout.h in LVM2's source).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernel_device.hh"

namespace lkl::apps {

struct LvmLabel {
	std::string device;	// the volume's path in the kernel
	std::string uuid;	// as the metadata writes it, with dashes
	std::string metadata;	// text; empty when this volume holds none that is intact
	std::string trouble;	// why not
};

/// Nothing when the device is no physical volume.
Result<std::optional<LvmLabel>> read_lvm_label(const KernelDevice &device);

} // namespace lkl::apps
