// SPDX-License-Identifier: GPL-2.0
#include "volume_table.hh"

#include <algorithm>

#include <fmt/format.h>

#include "kernel_device.hh"

namespace lkl::apps {

namespace {

Content probe(lkl_kernel *kernel, KernelLog &log, const std::string &device)
{
	lkl_content found = {};

	found.size = sizeof(found);
	if (const int result = lkl_probe_device(kernel, device.c_str(), &found); result < 0) {
		Content unknown;

		unknown.trouble = result == -LKL_ENOTUNIQ
					  ? "signs of several file systems are there"
					  : kernel_failure(log, "read", result).error().text;
		return unknown;
	}
	return {found.usage, found.type, found.version, found.label, found.uuid,
		found.uuid_sub, found.table, found.table_uuid, ""};
}

} // namespace

Result<std::size_t> VolumeTable::add_disk(const std::string &device)
{
	Volume disk;

	disk.device = device;
	disk.bytes = TRY(TRY(KernelDevice::open(kernel_, *log_, device)).bytes());
	disk.image = ++images_;
	disk.kind = "disk";
	volumes_.push_back(std::move(disk));
	layered_.emplace_back();

	const std::size_t place = volumes_.size() - 1;
	TRY(add_partitions(place));
	return place;
}

Result<void> VolumeTable::add_partitions(std::size_t place)
{
	const Volume whole = volumes_[place];
	const int count = lkl_device_partitions(kernel_, whole.device.c_str(), nullptr, 0);
	if (count < 0)
		return kernel_failure(*log_, "partitions", count);

	std::vector<lkl_partition> partitions(static_cast<std::size_t>(count));
	if (count == 0)
		return {};
	partitions[0].size = sizeof(lkl_partition);
	if (const int result = lkl_device_partitions(kernel_, whole.device.c_str(), partitions.data(),
						     static_cast<unsigned>(count));
	    result < 0)
		return kernel_failure(*log_, "partitions", result);
	for (const lkl_partition &found : partitions) {
		Volume partition;

		partition.device = found.device;
		partition.bytes = found.bytes;
		partition.image = whole.image;
		partition.number = found.number;
		partition.kind = "partition";
		if (!whole.image)
			partition.name = fmt::format("{}:{}", whole.name, found.number);
		partition.table = found.table;
		partition.part_type = found.type;
		partition.part_uuid = found.uuid;
		partition.part_label = found.label;
		partition.parts = {place};
		volumes_.push_back(std::move(partition));
		layered_.emplace_back();
	}
	return {};
}

std::optional<std::size_t> VolumeTable::place_of(const std::string &device) const
{
	const auto found = std::ranges::find(volumes_, device, &Volume::device);

	if (device.empty() || found == volumes_.end())
		return std::nullopt;
	return static_cast<std::size_t>(found - volumes_.begin());
}

void VolumeTable::add_found(Layer &layer, std::vector<LayeredVolume> found, bool &more)
{
	for (LayeredVolume &described : found) {
		auto known = std::ranges::find_if(layered_, [&](const std::optional<Layered> &other) {
			return other && other->layer == &layer &&
			       other->volume.name == described.name;
		});
		if (known == layered_.end()) {
			more = true;
			volumes_.emplace_back();
			layered_.emplace_back();
			known = layered_.end() - 1;
		}

		// With more disks there may be more to tell of it.
		Volume &volume = volumes_[static_cast<std::size_t>(known - layered_.begin())];
		if (volume.device.empty()) {
			volume.kind = described.kind;
			volume.name = described.name;
			volume.uuid = described.uuid;
			volume.bytes = described.bytes;
			volume.locked = described.locked;
			volume.trouble = described.trouble;
			volume.parts.clear();
			for (const std::string &device : described.parts)
				if (const auto place = place_of(device))
					volume.parts.push_back(*place);
		}
		*known = Layered{&layer, std::move(described)};
	}
}

Result<bool> VolumeTable::find_layered()
{
	std::vector<std::string> devices;
	bool more = false;

	for (const Volume &volume : volumes_)
		if (!volume.device.empty())
			devices.push_back(volume.device);
	for (const std::unique_ptr<Layer> &layer : layers_)
		add_found(*layer, TRY(layer->find(devices)), more);
	return more;
}

Result<void> VolumeTable::open_all(bool locked_too)
{
	std::vector<bool> tried;
	bool opened = true;

	while (opened) {
		TRY(find_layered());
		opened = false;
		tried.resize(volumes_.size());
		for (std::size_t place = 0; place < tried.size(); place++) {
			if (!volumes_[place].device.empty() || tried[place] ||
			    (volumes_[place].locked && !locked_too))
				continue;
			tried[place] = true;
			if (const Result<void> done = open(place); done)
				opened = true;
			else
				volumes_[place].trouble = done.error().text;
		}
	}
	return {};
}

Result<void> VolumeTable::open(std::size_t place)
{
	if (!volumes_[place].device.empty())
		return {};

	const Layered &made = *layered_[place];
	volumes_[place].device = TRY(made.layer->open(made.volume, writable_));
	volumes_[place].bytes =
		TRY(TRY(KernelDevice::open(kernel_, *log_, volumes_[place].device)).bytes());
	return add_partitions(place);
}

Result<void> VolumeTable::close()
{
	Result<void> result;

	for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
		if (Result<void> closed = (*layer)->close(); !closed && result)
			result = std::move(closed);
	return result;
}

const Content &VolumeTable::content(std::size_t place)
{
	Volume &volume = volumes_[place];

	if (!volume.content)
		volume.content = probe(kernel_, *log_, volume.device);
	return *volume.content;
}

bool VolumeTable::may_hold_volumes(std::size_t place)
{
	return content(place).usage != "filesystem" ||
	       std::ranges::any_of(layers_, [](const std::unique_ptr<Layer> &layer) {
		       return layer->takes_file_systems();
	       });
}

std::vector<std::size_t> VolumeTable::made_of(std::size_t place) const
{
	std::vector<std::size_t> made;

	for (std::size_t i = 0; i < volumes_.size(); i++)
		if (volumes_[i].is_layered() && std::ranges::count(volumes_[i].parts, place))
			made.push_back(i);
	return made;
}

std::vector<std::size_t> VolumeTable::partitions_on(std::size_t place) const
{
	std::vector<std::size_t> found;

	for (std::size_t i = 0; i < volumes_.size(); i++)
		if (volumes_[i].is_partition() && volumes_[i].parts.front() == place)
			found.push_back(i);
	return found;
}

std::vector<std::size_t> VolumeTable::devices_of_file_system(std::size_t place)
{
	const Content wanted = content(place);
	std::vector<std::size_t> devices;

	// Only types with several devices have a name for each.
	if (wanted.usage != "filesystem" || wanted.member.empty())
		return {place};
	for (std::size_t i = 0; i < volumes_.size(); i++) {
		if (i == place) {
			devices.push_back(i);
			continue;
		}
		if (volumes_[i].device.empty())
			continue;

		const Content &other = content(i);
		if (other.type == wanted.type && other.uuid == wanted.uuid &&
		    other.member != wanted.member)
			devices.push_back(i);
	}
	return devices;
}

std::string VolumeTable::selector(std::size_t place) const
{
	const Volume &volume = volumes_[place];

	if (!volume.image)
		return volume.name;
	return images_ > 1 ? fmt::format("{}:{}", volume.image, volume.number)
			   : fmt::format("{}", volume.number);
}

} // namespace lkl::apps
