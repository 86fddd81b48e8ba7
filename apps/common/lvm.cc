// SPDX-License-Identifier: GPL-2.0
#include "lvm.hh"

#include <algorithm>

#include <fmt/format.h>

#include "lvm_activation.hh"

namespace lkl::apps {

namespace {

constexpr std::uint64_t sector_bytes = 512;

/// Everything that is listed to choose from, one per line.
std::string list_of(const std::vector<VolumeGroup> &groups)
{
	std::string list;

	for (const VolumeGroup &group : groups)
		for (const LogicalVolume &volume : group.volumes())
			list += fmt::format("\n  {}/{}  {}, {} bytes", volume.group, volume.name,
					    volume.kind, volume.bytes);
	return list.empty() ? " none" : list;
}

std::string kind_of(const LvmSection &volume)
{
	const auto segment = volume.section("segment1");
	if (!segment)
		return "unknown";

	const std::string type = (*segment)->text("type").value_or("unknown");
	return type == "striped" && (*segment)->number_or("stripe_count", 1) == 1 ? "linear" : type;
}

} // namespace

Result<VolumeGroup> VolumeGroup::read(const std::string &name, const LvmSection &section,
				      const std::map<std::string, std::string> &devices)
{
	VolumeGroup group;

	group.name_ = name;
	group.uuid_ = TRY(section.text("id"));
	group.sequence_ = TRY(section.number("seqno"));
	group.extent_sectors_ = TRY(section.number("extent_size"));
	if (group.extent_sectors_ == 0)
		return failure("the metadata's extents are empty");
	for (const auto &[key, described] : TRY(section.section("physical_volumes"))->sections()) {
		PhysicalVolume volume;

		volume.uuid = TRY(described.text("id"));
		volume.first_extent = TRY(described.number("pe_start"));
		if (const auto found = devices.find(volume.uuid); found != devices.end())
			volume.device = found->second;
		else
			group.missing_.push_back(fmt::format("{} ({})", key, volume.uuid));
		group.physical_.emplace(key, std::move(volume));
	}
	if (const auto logical = section.section("logical_volumes"))
		group.logical_ = (*logical)->sections();
	return group;
}

std::vector<std::string> VolumeGroup::devices() const
{
	std::vector<std::string> found;

	for (const auto &[key, volume] : physical_)
		if (volume.device)
			found.push_back(*volume.device);
	return found;
}

std::vector<LogicalVolume> VolumeGroup::volumes() const
{
	std::vector<LogicalVolume> volumes;

	for (const auto &[name, described] : logical_) {
		std::uint64_t extents = 0;
		bool listed = described.lists("status", "VISIBLE");
		std::string kind = kind_of(described);

		for (const auto &[key, segment] : described.sections())
			extents += segment.number_or("extent_count", 0);
		// The description of a snapshot is a volume of its own, without a device.
		listed = listed && kind != "snapshot" && kind != "thin-pool";
		if (const LvmSection *snapshot = LvmActivation::snapshot_of(*this, name)) {
			kind = "snapshot";
			listed = true;	// its differences are marked as internal
			if (const auto origin = snapshot->text("origin"))
				if (const auto found = logical_.find(*origin); found != logical_.end()) {
					extents = 0;
					for (const auto &[key, segment] : found->second.sections())
						extents += segment.number_or("extent_count", 0);
				}
		}
		if (listed)
			volumes.push_back({name_, name, described.text("id").value_or(""),
					   extents * extent_sectors_ * sector_bytes, kind});
	}
	return volumes;
}

Result<VolumeGroups> VolumeGroups::find(lkl_kernel *kernel, KernelLog &log,
					std::span<const std::string> devices)
{
	VolumeGroups found;
	std::map<std::string, std::string> by_uuid;
	std::vector<LvmLabel> labels;

	for (const std::string &device : devices) {
		auto label = TRY(read_lvm_label(TRY(KernelDevice::open(kernel, log, device))));

		if (!label)
			continue;
		if (!label->trouble.empty())
			found.troubles_.push_back(label->device + ": " + label->trouble);
		const auto [other, added] = by_uuid.emplace(label->uuid, label->device);
		if (!added)
			return failure(fmt::format("{} and {} are the same physical volume {}; "
						   "give only one of them",
						   other->second, label->device, label->uuid));
		labels.push_back(std::move(*label));
	}

	// The copies of one group's metadata differ when a volume was away; the newest
	// is right.
	std::map<std::string, VolumeGroup> newest;
	for (const LvmLabel &label : labels) {
		if (label.metadata.empty())
			continue;
		const auto parsed = LvmSection::parse(label.metadata);
		if (!parsed || parsed->sections().size() != 1) {
			found.troubles_.push_back(label.device + ": " +
						  (parsed ? "the metadata describes no group"
							  : parsed.error().text));
			continue;
		}
		const auto &[name, section] = *parsed->sections().begin();
		auto group = VolumeGroup::read(name, section, by_uuid);
		if (!group) {
			found.troubles_.push_back(label.device + ": " + group.error().text);
			continue;
		}
		const auto [known, added] = newest.try_emplace(group->uuid(), *group);
		if (!added && known->second.sequence_ < group->sequence_)
			known->second = std::move(*group);
	}
	for (auto &[uuid, group] : newest)
		found.groups_.push_back(std::move(group));
	std::ranges::sort(found.groups_, {}, &VolumeGroup::name);
	return found;
}

Result<std::string> VolumeGroups::activate(DeviceMapper &mapper, const std::string &group,
					   const std::string &name, bool writable) const
{
	const VolumeGroup *chosen = nullptr;

	for (const VolumeGroup &candidate : groups_) {
		if (candidate.name() != group)
			continue;
		if (chosen)
			return failure(fmt::format("there are two volume groups '{}' ({} and {}); give "
						   "the images of one of them only",
						   group, chosen->uuid(), candidate.uuid()));
		chosen = &candidate;
	}
	if (!chosen)
		return failure(fmt::format("no volume group '{}'; there are:{}", group,
					   list_of(groups_)));

	const std::vector<LogicalVolume> volumes = chosen->volumes();
	if (std::ranges::find(volumes, name, &LogicalVolume::name) == volumes.end())
		return failure(fmt::format("no volume '{}/{}'; there are:{}", group, name,
					   list_of(groups_)));
	return LvmActivation(*chosen, mapper, writable).activate(name);
}

} // namespace lkl::apps
