// SPDX-License-Identifier: GPL-2.0
// Extended attributes and ACLs in pax records, in the spellings of GNU tar, star and
// libarchive.
#pragma once

#include <string>
#include <string_view>

#include "archive_entry.hh"

namespace lkl::apps {

/// Add what the record says to @entry. False when it is about something else.
bool apply_attribute(std::string_view key, const std::string &value, ArchiveEntry &entry);

} // namespace lkl::apps
