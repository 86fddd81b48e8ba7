// SPDX-License-Identifier: GPL-2.0
#include "luks_layer.hh"

#include <algorithm>

#include <fmt/format.h>

#include "md_superblock.hh"

namespace lkl::apps {

Result<std::vector<LayeredVolume>> LuksLayer::find(std::span<const std::string> devices)
{
	std::vector<LayeredVolume> found;

	for (const std::string &path : devices) {
		const auto device = KernelDevice::open(kernel_, *log_, path);
		if (!device || is_md_member(*device))
			continue;

		const auto header = read_luks_header(*device);
		if (!header || !*header)
			continue;

		LayeredVolume volume;
		volume.kind = fmt::format("luks{}", (*header)->version);
		volume.name = "luks-" + (*header)->uuid;
		// A copy has the same UUID.
		if (std::ranges::find(found, volume.name, &LayeredVolume::name) != found.end())
			volume.name += fmt::format("-{}", found.size() + 1);
		volume.uuid = (*header)->uuid;
		volume.parts = {path};
		volume.trouble = (*header)->trouble;
		volume.locked = true;
		found.push_back(std::move(volume));
	}
	return found;
}

Result<std::string> LuksLayer::open(const LayeredVolume &volume, bool)
{
	if (const auto opened = opened_.find(volume.name); opened != opened_.end())
		return opened->second;

	const KernelDevice device = TRY(KernelDevice::open(kernel_, *log_, volume.parts.at(0)));
	const std::optional<LuksHeader> header = TRY(read_luks_header(device));

	if (!header)
		return failure("it has no LUKS header any more");
	if (!header->trouble.empty())
		return failure(header->trouble);
	if (!helper_)
		return failure(LuksKeyHelper::how_to_unlock);

	DeviceMapper mapper = TRY(DeviceMapper::open(kernel_, *log_));
	return opened_[volume.name] = TRY(helper_->open(mapper, device, *header, volume.name));
}

} // namespace lkl::apps
