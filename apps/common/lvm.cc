// SPDX-License-Identifier: GPL-2.0
#include "lvm.hh"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lvm_activation.hh"
#include "md_superblock.hh"

namespace lkl::apps {

namespace {

constexpr std::uint64_t sector_bytes = 512;

/// Where segments name what they lie on.
constexpr std::array<std::string_view, 9> ground_arrays = {
	"stripes", "mirrors", "raids", "raid0_lvs", "mirror_log",
	"thin_pool", "pool", "metadata", "external_origin",
};

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
				      const Devices &devices)
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
		if (const auto found = devices.find(volume.uuid); found == devices.end())
			group.missing_.push_back(fmt::format("{} ({})", key, volume.uuid));
		else if (found->second.size() > 1)
			group.trouble_ = fmt::format("{} are the same physical volume {}; give only "
						     "one of them",
						     fmt::join(found->second, " and "), volume.uuid);
		else
			volume.device = found->second.front();
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

const LvmSection *VolumeGroup::snapshot_of(const std::string &name) const
{
	for (const auto &[key, volume] : logical_)
		if (const auto segment = volume.section("segment1");
		    segment && (*segment)->text("type").value_or("") == "snapshot" &&
		    (*segment)->text("cow_store").value_or("") == name)
			return *segment;
	return nullptr;
}

void VolumeGroup::add_ground(const std::string &name, Ground &ground) const
{
	if (!ground.seen.insert(name).second)
		return;
	if (const auto physical = physical_.find(name); physical != physical_.end()) {
		if (physical->second.device)
			ground.devices.insert(*physical->second.device);
		else
			ground.whole = false;
		return;
	}

	const auto volume = logical_.find(name);
	if (volume == logical_.end()) {
		ground.whole = false;
		return;
	}
	for (const auto &[key, segment] : volume->second.sections())
		for (const std::string_view array : ground_arrays)
			for (const LvmSection::Scalar &value : segment.array(array))
				if (const auto *part = std::get_if<std::string>(&value))
					add_ground(*part, ground);
	if (const LvmSection *snapshot = snapshot_of(name))
		add_ground(snapshot->text("origin").value_or(""), ground);
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
		if (const LvmSection *snapshot = snapshot_of(name)) {
			kind = "snapshot";
			listed = true;	// its differences are marked as internal
			if (const auto origin = snapshot->text("origin"))
				if (const auto found = logical_.find(*origin); found != logical_.end()) {
					extents = 0;
					for (const auto &[key, segment] : found->second.sections())
						extents += segment.number_or("extent_count", 0);
				}
		}
		if (!listed)
			continue;

		Ground ground;
		add_ground(name, ground);
		volumes.push_back({name_, name, described.text("id").value_or(""),
				   extents * extent_sectors_ * sector_bytes, kind,
				   {ground.devices.begin(), ground.devices.end()}, ground.whole});
	}
	return volumes;
}

Result<VolumeGroups> VolumeGroups::find(lkl_kernel *kernel, KernelLog &log,
					std::span<const std::string> devices)
{
	VolumeGroups found;
	VolumeGroup::Devices by_uuid;
	std::vector<LvmLabel> labels;

	for (const std::string &path : devices) {
		const auto device = KernelDevice::open(kernel, log, path);
		if (!device || is_md_member(*device))
			continue;

		auto label = read_lvm_label(*device);
		if (!label || !*label)
			continue;
		if (!(*label)->trouble.empty())
			found.troubles_.push_back(path + ": " + (*label)->trouble);
		by_uuid[(*label)->uuid].push_back(path);
		labels.push_back(std::move(**label));
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
	std::map<std::string, unsigned> of_name;
	for (const auto &[uuid, group] : newest)
		of_name[group.name()]++;
	for (auto &[uuid, group] : newest) {
		if (of_name[group.name()] > 1)
			group.name_ = uuid;
		found.groups_.push_back(std::move(group));
	}
	std::ranges::sort(found.groups_, {}, &VolumeGroup::name);
	return found;
}

Result<std::string> VolumeGroups::activate(DeviceMapper &mapper, const std::string &group,
					   const std::string &name, bool writable) const
{
	const auto chosen = std::ranges::find(groups_, group, &VolumeGroup::name);

	if (chosen == groups_.end())
		return failure(fmt::format("no volume group '{}'; there are:{}", group,
					   list_of(groups_)));
	if (!chosen->trouble().empty())
		return failure(chosen->trouble());

	const std::vector<LogicalVolume> volumes = chosen->volumes();
	if (std::ranges::find(volumes, name, &LogicalVolume::name) == volumes.end())
		return failure(fmt::format("no volume '{}/{}'; there are:{}", group, name,
					   list_of(groups_)));
	return LvmActivation(*chosen, mapper, writable).activate(name);
}

} // namespace lkl::apps
