// SPDX-License-Identifier: GPL-2.0
// The disks plugged into one kernel, and what it calls them.
//
// Whoever uses a Disk holds a reference, so that removing it meanwhile is safe.
// The kernel's calls are made by the calling thread's task.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/host.hh"
#include "lkl.h"
#include "virtio/block_device.hh"

namespace lkl {

struct Disk {
	std::string label;	// for messages: the image's path, if it has one
	std::string name;	// the kernel's: "vda"
	std::unique_ptr<virtio::BlockDevice> device;
	int handle = -1;	// lkl_image.device_add()'s
	bool overlay = false;	// whatever is written does no harm

	std::string node() const { return "/dev/" + name; }
};

class Disks {
public:
	/// Returns its number, not used before in this kernel.
	int add(std::shared_ptr<Disk> disk);
	/// ENXIO when there is none.
	Result<std::shared_ptr<Disk>> find(int number) const;
	/// Like find(), and from now on there is none; put_back() undoes it.
	Result<std::shared_ptr<Disk>> take(int number);
	void put_back(int number, std::shared_ptr<Disk> disk);
	/// All of them, in the order they were added.
	std::vector<std::shared_ptr<Disk>> all() const;
	void clear();

private:
	mutable std::mutex mutex_;
	std::map<int, std::shared_ptr<Disk>> disks_;
	int next_ = 0;
};

/// A part of a disk that the kernel has a device for.
struct Partition {
	unsigned number;	// 0: the whole disk
	std::string name;	// the kernel's: "vda2"
	std::uint64_t start;	// bytes
	std::uint64_t bytes;

	std::string node() const { return "/dev/" + name; }
};

Result<int> add_disk(lkl_kernel &kernel, const lkl_disk &disk);
Result<void> remove_disk(lkl_kernel &kernel, int number);

/// ENXIO when there is no such partition.
Result<Partition> find_partition(lkl_kernel &kernel, const Disk &disk, unsigned number);
/// All of the device that the kernel calls @name; in the kernel's order.
Result<std::vector<Partition>> list_partitions(lkl_kernel &kernel, const std::string &name);
/// All of them, without the whole disk; in the kernel's order.
Result<std::vector<Partition>> partitions(lkl_kernel &kernel, const Disk &disk);

/// EIO and the like when the host refused something that the kernel wrote.
Result<void> check_writes(const Disk &disk);

} // namespace lkl
