// SPDX-License-Identifier: GPL-2.0
// Encrypted volumes, named "luks-UUID".
#pragma once

#include <map>
#include <optional>

#include <lkl.h>

#include "luks.hh"
#include "volume.hh"

namespace lkl::apps {

class LuksLayer final : public Layer {
public:
	/// Must not outlive @kernel and @log. @helper: none where there is neither a key
	/// nor anybody to ask for one.
	LuksLayer(lkl_kernel *kernel, KernelLog &log, std::optional<LuksKeyHelper> helper)
	    : kernel_(kernel), log_(&log), helper_(std::move(helper))
	{
	}

	Result<std::vector<LayeredVolume>> find(std::span<const std::string> devices) override;
	Result<std::string> open(const LayeredVolume &volume, bool writable) override;

private:
	lkl_kernel *kernel_;
	KernelLog *log_;
	std::optional<LuksKeyHelper> helper_;
	std::map<std::string, std::string> opened_;	// paths by names
};

} // namespace lkl::apps
