// SPDX-License-Identifier: GPL-2.0
#include "inventory.hh"

#include <algorithm>

#include <lkl/syscalls.h>

#include "apps/common/kernel_device.hh"
#include "apps/common/mount_options.hh"
#include "apps/common/several_devices.hh"

namespace lkl::apps {

namespace {

Result<Usage> usage_of(lkl_kernel *kernel, KernelLog &log, const char *directory)
{
	lkl_statfs status = {};

	if (const int result = lkl_sys_statfs(kernel, directory, &status); result < 0)
		return kernel_failure(log, "size", result);

	const auto block = static_cast<std::uint64_t>(status.f_bsize);
	return Usage{static_cast<std::uint64_t>(status.f_blocks) * block,
		     static_cast<std::uint64_t>(status.f_bfree) * block};
}

/// Nothing for types that the kernel does not have.
Result<std::optional<Usage>> measure_volume(lkl_kernel *kernel, KernelLog &log, VolumeTable &table,
					    std::size_t place)
{
	const std::string type = table.content(place).type;
	const std::string options = mount_options_for(type, false, false, "");
	const std::string device = table[place].device;
	lkl_mount mount = {};
	char directory[256];

	TRY(join_devices(kernel, log, table, place));
	mount.size = sizeof(mount);
	mount.device = device.c_str();
	mount.flags = LKL_MS_RDONLY;
	mount.type = type.c_str();
	mount.options = options.c_str();

	const int result = lkl_mount_disk(kernel, &mount, directory, sizeof(directory));
	if (result == -LKL_ENODEV)
		return std::nullopt;
	if (result < 0) {
		const std::string some = missing_devices(kernel, log, table, place);

		return some.empty() ? kernel_failure(log, "mount", result) : failure(some);
	}

	auto usage = usage_of(kernel, log, directory);
	if (const int unmounted = lkl_umount(kernel, directory); unmounted < 0)
		return kernel_failure(log, "unmount", unmounted);
	return TRY(std::move(usage));
}

} // namespace

bool Inventory::is_well() const
{
	return std::ranges::all_of(volumes, [](const Found &found) { return found.trouble.empty(); });
}

Result<Inventory> take_inventory(Image &image, KernelLog &log, const Options &options)
{
	VolumeTable &table = image.volumes();
	Inventory inventory;

	TRY(table.open_all(options.unlock));
	for (std::size_t place = 0; place < table.size(); place++) {
		Found found;

		found.selector = table.selector(place);
		found.trouble = table[place].trouble;
		if (!table[place].device.empty()) {
			found.content = table.content(place);
			if (found.trouble.empty())
				found.trouble = found.content.trouble;
			// Of several devices the first speaks for all.
			if (options.measure && found.content.usage == "filesystem" &&
			    table.devices_of_file_system(place).front() == place) {
				auto usage = measure_volume(image.kernel(), log, table, place);

				if (usage)
					found.usage = *usage;
				else if (found.trouble.empty())
					found.trouble = usage.error().text;
			}
		}
		found.volume = table[place];
		if (found.volume.kind == "disk")
			inventory.images.push_back({options.images[inventory.images.size()],
						    image.format(inventory.images.size()), place});
		inventory.volumes.push_back(std::move(found));
	}
	return inventory;
}

} // namespace lkl::apps
