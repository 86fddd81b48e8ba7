// SPDX-License-Identifier: GPL-2.0
// Which further files a virtual machine's disk image names, and what snapshots it has.
//
// Read from the image's own header here, before any program that would open those files
// has seen it.
#pragma once

#include <string>
#include <vector>

#include "disk_format.hh"

namespace lkl::apps {

/// As they stand in the image, so relative to its directory.
struct ImageFiles {
	std::string backing;		// has what this image has not; empty: there is none
	std::string backing_format;	// what the image says of it; may be empty
	std::string data;		// qcow2: has all data; empty: the image itself
	struct Extent {
		std::string name;
		std::uint64_t bytes;	// that it must have; 0: it says so itself
	};
	std::vector<Extent> extents;	// vmdk: have pieces of the disk

	bool none() const { return backing.empty() && data.empty() && extents.empty(); }
};

Result<ImageFiles> files_of(int file, DiskFormat format);

/// A state that a qcow2 image was in, and the table that leads to what it consisted of.
struct Snapshot {
	std::string name;
	std::uint64_t l1_offset;
	std::size_t l1_entries;
};

/// Of the qcow2 image @file.
Result<std::vector<Snapshot>> snapshots_of(int file);

} // namespace lkl::apps
