// SPDX-License-Identifier: GPL-2.0
// An Inventory in the forms that lklinspect prints.
#pragma once

#include <string>

#include "inventory.hh"

namespace lkl::apps {

/// Each volume below what it is made of, in the words that select it.
std::string tree_of(const Inventory &inventory);
/// One line for each volume, in columns.
std::string table_of(const Inventory &inventory);
/// Members that nobody knows a value of are left out.
std::string json_of(const Inventory &inventory);

} // namespace lkl::apps
