// SPDX-License-Identifier: GPL-2.0
// The kernel's device-mapper: block devices made of pieces of others, described by
// tables (dmsetup(8), Documentation/admin-guide/device-mapper in the kernel's tree).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel_device.hh"

namespace lkl::apps {

/// One line of a table: @sectors of 512 bytes from @start are made by @type.
struct MapperTarget {
	std::uint64_t start = 0;
	std::uint64_t sectors = 0;
	std::string type;	// "linear"
	std::string parameters;	// "/dev/vda2 2048"
};

/// Must not outlive the kernel. The devices it makes stay until remove() or the end
/// of the kernel.
class DeviceMapper {
public:
	static Result<DeviceMapper> open(lkl_kernel *kernel, KernelLog &log);

	/// Make the device @name with @table and start it; its path. What the kernel
	/// has against the table is in the Error. @table may hold keys: no copy of it
	/// is left in memory.
	Result<std::string> create(const std::string &name, std::span<const MapperTarget> table,
				   bool read_only);
	/// The path of the device @name if there is one.
	std::optional<std::string> path(const std::string &name) const;
	/// The state of each target, as text whose meaning is the target's.
	Result<std::vector<std::string>> status(const std::string &name) const;
	/// Fails while it is used.
	Result<void> remove(const std::string &name) const;
	/// Any block device, to look at what a table is to be made of.
	Result<KernelDevice> look_at(const std::string &path) const
	{
		return KernelDevice::open(kernel_, *log_, path);
	}

private:
	DeviceMapper(lkl_kernel *kernel, KernelLog &log, KernelDevice control)
	    : kernel_(kernel), log_(&log), control_(std::move(control))
	{
	}

	Result<void> load(const std::string &name, std::span<const MapperTarget> table,
			  bool read_only) const;

	lkl_kernel *kernel_;
	KernelLog *log_;
	KernelDevice control_;
};

} // namespace lkl::apps
