// SPDX-License-Identifier: GPL-2.0
#include "lvm_layer.hh"

#include <fmt/format.h>

namespace lkl::apps {

Result<std::vector<LayeredVolume>> LvmLayer::find(std::span<const std::string> devices)
{
	std::vector<LayeredVolume> found;

	groups_ = TRY(VolumeGroups::find(kernel_, *log_, devices));
	for (const VolumeGroup &group : groups_.groups()) {
		for (LogicalVolume &volume : group.volumes()) {
			LayeredVolume layered;

			layered.kind = std::move(volume.kind);
			layered.name = volume.group + "/" + volume.name;
			layered.uuid = std::move(volume.uuid);
			layered.bytes = volume.bytes;
			layered.parts = std::move(volume.devices);
			layered.trouble = group.trouble();
			if (layered.trouble.empty() && !volume.whole)
				layered.trouble = fmt::format("physical volumes are missing: {}",
							      fmt::join(group.missing(), ", "));
			found.push_back(std::move(layered));
		}
	}
	return found;
}

Result<std::string> LvmLayer::open(const LayeredVolume &volume, bool writable)
{
	const std::size_t slash = volume.name.find('/');
	DeviceMapper mapper = TRY(DeviceMapper::open(kernel_, *log_));

	return groups_.activate(mapper, volume.name.substr(0, slash), volume.name.substr(slash + 1),
				writable);
}

} // namespace lkl::apps
