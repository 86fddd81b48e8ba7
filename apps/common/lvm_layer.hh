// SPDX-License-Identifier: GPL-2.0
// Logical volumes of LVM2 groups, named "group/volume".
#pragma once

#include <lkl.h>

#include "lvm.hh"
#include "volume.hh"

namespace lkl::apps {

class LvmLayer final : public Layer {
public:
	/// Must not outlive @kernel and @log.
	LvmLayer(lkl_kernel *kernel, KernelLog &log) : kernel_(kernel), log_(&log) {}

	Result<std::vector<LayeredVolume>> find(std::span<const std::string> devices) override;
	Result<std::string> open(const LayeredVolume &volume, bool writable) override;

private:
	lkl_kernel *kernel_;
	KernelLog *log_;
	VolumeGroups groups_;
};

} // namespace lkl::apps
