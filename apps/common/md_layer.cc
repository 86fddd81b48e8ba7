// SPDX-License-Identifier: GPL-2.0
#include "md_layer.hh"

#include <algorithm>

namespace lkl::apps {

Result<std::vector<LayeredVolume>> MdLayer::find(std::span<const std::string> devices)
{
	std::vector<LayeredVolume> found;

	arrays_ = TRY(MdArray::find(kernel_, *log_, devices));
	for (const MdArray &array : arrays_) {
		LayeredVolume layered;
		const bool only = std::ranges::count(arrays_, array.name(), &MdArray::name) == 1;

		layered.kind = array.level();
		layered.name = "md/" + (only ? array.name() : array.uuid());
		layered.uuid = array.uuid();
		layered.bytes = array.bytes();
		layered.trouble = array.trouble();
		for (const MdMember &member : array.members())
			layered.parts.push_back(member.device);
		for (const MdArray::LeftOut &member : array.left_out())
			layered.parts.push_back(member.device);
		found.push_back(std::move(layered));
	}
	return found;
}

Result<std::string> MdLayer::open(const LayeredVolume &volume, bool writable)
{
	if (const auto running = running_.find(volume.uuid); running != running_.end())
		return running->second;

	const auto array = std::ranges::find(arrays_, volume.uuid, &MdArray::uuid);
	if (array == arrays_.end())
		return failure("no such array");
	return running_[volume.uuid] = TRY(array->run(kernel_, *log_, writable, degraded_));
}

} // namespace lkl::apps
