// SPDX-License-Identifier: GPL-2.0
// All volumes of an image, or of several: the disks, their partitions, and what layers
// make of them (volume.hh).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lkl.h>

#include "kernel_log.hh"
#include "volume.hh"

namespace lkl::apps {

struct Volume {
	std::string device;	// path in the kernel; empty while it is not open
	std::uint64_t bytes = 0;
	unsigned image = 0;	// which, counted from 1, if it is a disk or partition of one
	unsigned number = 0;	// of a partition
	std::string kind;	// "disk", "partition", or a LayeredVolume's
	std::string name;	// of a layer's volume, "vg/lv", and of a partition on one, "md:1"
	std::string uuid;	// of a layer's volume
	std::string table, part_type, part_uuid, part_label;	// of a partition
	std::vector<std::size_t> parts;	// what it is made of; of a partition, what it is on
	std::string trouble;
	bool locked = false;
	std::optional<Content> content;	// once somebody asked

	bool is_partition() const { return kind == "partition"; }
	bool is_layered() const { return image == 0 && !is_partition(); }
};

/// Volumes are named by their places in the table, which they keep; whatever adds some
/// invalidates references.
class VolumeTable {
public:
	/// @writable: what layers make is going to be written to.
	VolumeTable(lkl_kernel *kernel, KernelLog &log, bool writable)
	    : kernel_(kernel), log_(&log), writable_(writable)
	{
	}

	void add_layer(std::unique_ptr<Layer> layer) { layers_.push_back(std::move(layer)); }
	/// The disk of the next image, with its partitions; its place.
	Result<std::size_t> add_disk(const std::string &device);

	/// What layers make of the open volumes. Whether there is more than before.
	Result<bool> find_layered();
	/// The same, and open what is found, until there is nothing new. What cannot be
	/// opened says why in its trouble.
	Result<void> open_all(bool locked_too);
	/// Make a layer's volume available, with the partitions on it.
	Result<void> open(std::size_t place);
	/// See Layer::close().
	Result<void> close();

	std::size_t size() const { return volumes_.size(); }
	const Volume &operator[](std::size_t place) const { return volumes_[place]; }
	/// Of an open volume.
	const Content &content(std::size_t place);

	/// Whether layers make something of what it holds.
	bool may_hold_volumes(std::size_t place);
	/// What is made of it; not the partitions on it.
	std::vector<std::size_t> made_of(std::size_t place) const;
	std::vector<std::size_t> partitions_on(std::size_t place) const;
	/// The places of all devices of the file system on @place, itself among them; not
	/// of copies of them.
	std::vector<std::size_t> devices_of_file_system(std::size_t place);
	/// What a user types for it.
	std::string selector(std::size_t place) const;
	bool writable() const { return writable_; }
	unsigned images() const { return images_; }

private:
	struct Layered {
		Layer *layer;
		LayeredVolume volume;
	};

	Result<void> add_partitions(std::size_t place);
	void add_found(Layer &layer, std::vector<LayeredVolume> found, bool &more);
	std::optional<std::size_t> place_of(const std::string &device) const;

	lkl_kernel *kernel_;
	KernelLog *log_;
	const bool writable_;
	unsigned images_ = 0;
	std::vector<std::unique_ptr<Layer>> layers_;
	std::vector<Volume> volumes_;
	std::vector<std::optional<Layered>> layered_;	// for each volume
};

} // namespace lkl::apps
