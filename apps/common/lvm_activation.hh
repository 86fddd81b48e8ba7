// SPDX-License-Identifier: GPL-2.0
// Device-mapper tables for the logical volumes of one group, the volumes that they are
// made of first (lib/activate in LVM2's source; the formats are the targets' own, see
// Documentation/admin-guide/device-mapper).
#pragma once

#include <cstdint>
#include <string>

#include "lvm.hh"

namespace lkl::apps {

class LvmActivation {
public:
	LvmActivation(const VolumeGroup &group, DeviceMapper &mapper, bool writable)
	    : group_(group), mapper_(mapper), writable_(writable)
	{
	}

	/// The path of volume @name, any of the group's.
	Result<std::string> activate(const std::string &name);

private:
	Result<std::string> make(const std::string &name, const std::string &layer,
				 const std::vector<MapperTarget> &table);
	Result<std::string> own_device(const std::string &name, const std::string &layer);
	Result<std::string> snapshot(const std::string &name, const LvmSection &segment);
	Result<std::string> origin(const std::string &name);
	Result<std::uint64_t> sectors_of(const std::string &path) const;
	Result<std::vector<MapperTarget>> table_of(const LvmSection &volume);

	Result<MapperTarget> target_of(const LvmSection &segment);
	Result<MapperTarget> striped(const LvmSection &segment);
	Result<MapperTarget> mirror(const LvmSection &segment);
	Result<MapperTarget> raid(const LvmSection &segment, const std::string &type);
	Result<MapperTarget> thin_pool(const LvmSection &segment);
	Result<MapperTarget> thin(const LvmSection &segment);

	/// "DEVICE SECTOR" for the pair of @array that begins at @index.
	Result<std::string> place(const LvmSection &segment, std::string_view array,
				  std::size_t index);
	/// The path of the volume whose name is at @index of @array, "-" when a part of
	/// it is missing.
	Result<std::string> part(const LvmSection &segment, std::string_view array,
				 std::size_t index);
	/// What is not there, for messages.
	std::string lack() const;

	const VolumeGroup &group_;
	DeviceMapper &mapper_;
	const bool writable_;
	int depth_ = 0;		// of volumes inside one another, against circles
};

} // namespace lkl::apps
