// SPDX-License-Identifier: GPL-2.0
// Devices that dm-verity checks, named "verity-UUID". What the hashes are of is found by
// trying: the root hash fits only that.
#pragma once

#include <map>

#include <lkl.h>

#include "verity.hh"
#include "volume.hh"

namespace lkl::apps {

class VerityLayer final : public Layer {
public:
	/// Must not outlive @kernel and @log. Without a root hash in @options the volumes
	/// are found but locked. With a hash offset, hashes and data are on one device;
	/// otherwise the hashes begin a device of their own.
	VerityLayer(lkl_kernel *kernel, KernelLog &log, VerityOptions options)
	    : kernel_(kernel), log_(&log), options_(std::move(options))
	{
	}

	Result<std::vector<LayeredVolume>> find(std::span<const std::string> devices) override;
	Result<std::string> open(const LayeredVolume &volume, bool writable) override;
	bool takes_file_systems() const override { return !options_.root_hash.empty(); }

private:
	LayeredVolume examine(const std::string &hashes, const VerityHeader &header,
			      std::span<const std::string> devices);
	Result<std::string> try_data(const std::string &name, const std::string &hashes,
				     const VerityHeader &header, std::span<const std::string> devices);

	struct Opened {
		std::string data, path;
	};

	lkl_kernel *kernel_;
	KernelLog *log_;
	const VerityOptions options_;
	std::map<std::string, Opened> opened_;	// by names
};

} // namespace lkl::apps
