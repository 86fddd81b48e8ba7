// SPDX-License-Identifier: GPL-2.0
// A virtual machine's disk image, described to qemu.
#pragma once

#include <string>
#include <vector>

#include "disk_format.hh"

namespace lkl::apps {

struct QemuImage {
	std::string name;		// for qemu
	std::vector<std::string> files;	// that a writer changes: not those that back others
};

/// A name for qemu that says everything: which formats, which files, which backing
/// file or that there is none. Nothing is left for qemu to guess from content or to find
/// in the image but the names of vmdk extents. @file is open on @path.
///
/// Without @backing_files an image that names others is an Error that names them; with
/// it, one that names anything but a file is.
Result<QemuImage> describe_for_qemu(const std::string &path, int file, DiskFormat format,
				    bool backing_files);

} // namespace lkl::apps
