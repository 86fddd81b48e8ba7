// SPDX-License-Identifier: GPL-2.0
// Which volume a user means. Never a guess: when there are several, the Error lists
// them with what to type.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "selector.hh"
#include "volume_table.hh"

namespace lkl::apps {

/// The place of the volume that @selector leads to, open; without one, of the only
/// volume there is. From a volume that others are made of, the way goes on to what is
/// made of it, while there is only one.
Result<std::size_t> choose_volume(VolumeTable &table, const std::optional<Selector> &selector);

/// Lines for an Error: what to type for each of @places, its size, its type and names.
std::string volume_list(VolumeTable &table, const std::vector<std::size_t> &places);

/// "1.5 GiB"
std::string human_size(std::uint64_t bytes);

} // namespace lkl::apps
