// SPDX-License-Identifier: GPL-2.0
// Whether an image file ends before its last piece of data, as after a broken download.
//
// qemu reads zeroes there, which is data that never was.
#pragma once

#include "disk_format.hh"

namespace lkl::apps {

/// An Error when @file ends early. Quick where it does not: a look at the allocation of
/// a qcow2 image, at all tables of a vmdk. vhd and vhdx are left to qemu, which looks.
Result<void> check_complete(int file, DiskFormat format);

} // namespace lkl::apps
