// SPDX-License-Identifier: GPL-2.0
// Points in time as users write them.
#pragma once

#include <optional>
#include <string>

#include "apps/common/file_system.hh"

namespace lkl::apps {

/// "@SECONDS[.FRACTION]", or "YYYY-MM-DD[ HH:MM[:SS[.FRACTION]]]" (a T may stand for
/// the space), local time or, with "Z", " UTC" or "+HH:MM" after it, that zone's.
std::optional<Timestamp> parse_time(const std::string &text);

} // namespace lkl::apps
