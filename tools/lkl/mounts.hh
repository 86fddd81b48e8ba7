// SPDX-License-Identifier: GPL-2.0
// Mounting by disk and partition, and unmounting so that the image is complete.
#pragma once

#include <string>

#include "host/host.hh"
#include "lkl.h"

namespace lkl {

/// Returns the directory.
Result<std::string> mount_disk(lkl_kernel &kernel, const lkl_mount &mount);
Result<void> unmount(lkl_kernel &kernel, const std::string &path);
Result<std::string> probe_disk(lkl_kernel &kernel, int disk, unsigned partition);

} // namespace lkl
