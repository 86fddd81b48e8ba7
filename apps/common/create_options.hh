// SPDX-License-Identifier: GPL-2.0
// The options of tools that can make the image that they write.
#pragma once

#include <CLI/CLI.hpp>

#include "new_image.hh"

namespace lkl::apps {

/// --create and what goes with it. After add_image_options(), whose -t is the type, and whose
/// --partition then also takes gpt, mbr and none.
void add_create_options(CLI::App &app, CreateOptions &create);

} // namespace lkl::apps
