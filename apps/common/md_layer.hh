// SPDX-License-Identifier: GPL-2.0
// RAID arrays, named "md/NAME" after mdadm --create's --name, or their UUIDs.
#pragma once

#include <map>

#include <lkl.h>

#include "md.hh"
#include "volume.hh"

namespace lkl::apps {

class MdLayer final : public Layer {
public:
	/// Must not outlive @kernel and @log. @degraded: arrays that lack members are
	/// written to as well.
	MdLayer(lkl_kernel *kernel, KernelLog &log, bool degraded)
	    : kernel_(kernel), log_(&log), degraded_(degraded)
	{
	}

	Result<std::vector<LayeredVolume>> find(std::span<const std::string> devices) override;
	Result<std::string> open(const LayeredVolume &volume, bool writable) override;

private:
	lkl_kernel *kernel_;
	KernelLog *log_;
	const bool degraded_;
	std::vector<MdArray> arrays_;
	std::map<std::string, std::string> running_;	// paths by UUIDs
};

} // namespace lkl::apps
