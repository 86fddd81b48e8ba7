// SPDX-License-Identifier: GPL-2.0
// The last system calls of a kernel: everything written gets to its image.
#pragma once

#include "calls.hh"

namespace lkl {

/// By init, alone in its kernel: closes all files, writes everything back and
/// unmounts what can be. The error is the first met, its context lists all.
Result<void> shut_down(const Calls &calls);

} // namespace lkl
