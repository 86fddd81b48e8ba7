// SPDX-License-Identifier: GPL-2.0
#include "several_devices.hh"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "kernel_device.hh"
#include "wire.hh"

namespace lkl::apps {

namespace {

/// struct btrfs_ioctl_vol_args of include/uapi/linux/btrfs.h.
struct DeviceName {
	std::int64_t fd;
	std::array<char, 4088> name;
};
static_assert(sizeof(DeviceName) == 4096);

constexpr std::uint32_t scan_device = 1u << 30 | sizeof(DeviceName) << 16 | 0x94 << 8 | 4;

/// Of the first superblock (struct btrfs_super_block).
constexpr std::uint64_t number_of_devices_at = 0x10000 + 0x88;

} // namespace

Result<void> join_devices(lkl_kernel *kernel, KernelLog &log, VolumeTable &table, std::size_t place)
{
	const std::vector<std::size_t> devices = table.devices_of_file_system(place);

	if (devices.size() < 2)
		return {};

	const KernelDevice control = TRY(KernelDevice::open(kernel, log, "/dev/btrfs-control"));
	for (const std::size_t device : devices) {
		DeviceName argument = {};

		table[device].device.copy(argument.name.data(), argument.name.size() - 1);
		TRY(control.ioctl("add " + table[device].device, scan_device, &argument));
	}
	return {};
}

std::string missing_devices(lkl_kernel *kernel, KernelLog &log, VolumeTable &table, std::size_t place)
{
	if (table.content(place).type != "btrfs")
		return "";

	const auto device = KernelDevice::open(kernel, log, table[place].device);
	const auto number = device ? device->read_text(number_of_devices_at, sizeof(std::uint64_t))
				   : Result<std::string>(std::unexpected(device.error()));
	const std::size_t present = table.devices_of_file_system(place).size();
	if (!number || number->empty() || wire64(*number, 0) <= present)
		return "";
	return fmt::format("{} of its {} devices {} there", present, wire64(*number, 0),
			   present == 1 ? "is" : "are");
}

} // namespace lkl::apps
