// SPDX-License-Identifier: GPL-2.0
// LVM2 volume groups on block devices of the library's kernel: which there are, and
// their logical volumes as device-mapper devices.
//
// The metadata is read here, from the physical volumes, and never written. What is
// activated is what `lvchange -ay` would make, so writing through it is right too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "device_mapper.hh"
#include "lvm_label.hh"
#include "lvm_text.hh"

namespace lkl::apps {

/// A logical volume that a user sees.
struct LogicalVolume {
	std::string group, name, uuid;
	std::uint64_t bytes = 0;
	std::string kind;	// of its first segment: "linear", "striped", "raid1", "thin"
	std::vector<std::string> devices;	// of what it lies on, those that were found
	bool whole = true;	// nothing of that is missing
};

/// One group, as its newest metadata describes it.
class VolumeGroup {
public:
	/// The UUID, when another group found has the same name.
	const std::string &name() const { return name_; }
	const std::string &uuid() const { return uuid_; }
	/// The devices of it that were found.
	std::vector<std::string> devices() const;
	/// Physical volumes that the metadata names and that were not found: "pv1 (UUID)".
	const std::vector<std::string> &missing() const { return missing_; }
	/// Why none of its volumes can be made available; mostly empty.
	const std::string &trouble() const { return trouble_; }
	/// In the order of their names; none of the internal ones.
	std::vector<LogicalVolume> volumes() const;

private:
	friend class VolumeGroups;
	friend class LvmActivation;

	struct PhysicalVolume {
		std::string uuid;
		std::optional<std::string> device;	// nothing: missing
		std::uint64_t first_extent = 0;		// sectors before it
	};

	/// What a volume lies on.
	struct Ground {
		std::set<std::string> seen;	// names of volumes of both kinds
		std::set<std::string> devices;
		bool whole = true;
	};

	/// Devices by the UUIDs of the physical volumes on them.
	using Devices = std::map<std::string, std::vector<std::string>>;

	static Result<VolumeGroup> read(const std::string &name, const LvmSection &section,
					const Devices &devices);
	void add_ground(const std::string &name, Ground &ground) const;
	/// The segment that makes @name the differences of a snapshot, if it is one.
	const LvmSection *snapshot_of(const std::string &name) const;

	std::string name_, uuid_;
	std::uint64_t sequence_ = 0;
	std::uint64_t extent_sectors_ = 0;
	std::map<std::string, PhysicalVolume> physical_;
	std::map<std::string, LvmSection, std::less<>> logical_;
	std::vector<std::string> missing_;
	std::string trouble_;
};

class VolumeGroups {
public:
	/// Look at each of @devices, paths in the kernel; those that are no physical
	/// volume are fine. A device that cannot be read counts as missing, a member of
	/// an array as part of that.
	static Result<VolumeGroups> find(lkl_kernel *kernel, KernelLog &log,
					 std::span<const std::string> devices);

	const std::vector<VolumeGroup> &groups() const { return groups_; }
	/// Physical volumes that tell nothing about their group, and why.
	const std::vector<std::string> &troubles() const { return troubles_; }

	/// Make @group's volume @name available; its path in the kernel. @writable: it
	/// is going to be changed for good, which volumes with missing parts refuse;
	/// otherwise the disks must keep writes to themselves (LKL_DISK_OVERLAY), as a
	/// journal's replay and thin pools do some. The Error of an unknown name lists
	/// those that there are.
	Result<std::string> activate(DeviceMapper &mapper, const std::string &group,
				     const std::string &name, bool writable) const;

private:
	std::vector<VolumeGroup> groups_;
	std::vector<std::string> troubles_;
};

} // namespace lkl::apps
