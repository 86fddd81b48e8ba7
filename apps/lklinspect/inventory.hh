// SPDX-License-Identifier: GPL-2.0
// What lklinspect found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/image.hh"
#include "options.hh"

namespace lkl::apps {

/// Of a file system, in bytes.
struct Usage {
	std::uint64_t total = 0, free = 0;
};

struct Found {
	Volume volume;
	Content content;		// empty while the volume is not open
	std::string selector;
	std::optional<Usage> usage;	// of the file system that begins here
	std::string trouble;		// empty: all is well
};

struct ImageFound {
	std::string path, format;
	std::size_t disk;		// its place among the volumes
};

struct Inventory {
	std::vector<ImageFound> images;
	std::vector<Found> volumes;	// Volume::parts are places here

	bool is_well() const;
};

/// Of @image, which is attached.
Result<Inventory> take_inventory(Image &image, KernelLog &log, const Options &options);

} // namespace lkl::apps
