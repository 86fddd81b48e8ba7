// SPDX-License-Identifier: GPL-2.0
// For tools that write an image: a signal that would end the program makes it stop
// copying instead, so that the file system is unmounted in order. A second one ends it.
#pragma once

namespace lkl::apps {

/// Call first thing in main(), before there are threads. A signal that is ignored
/// (nohup) stays ignored.
void await_interruption();
/// Whether such a signal came. Any thread.
bool interrupted();

} // namespace lkl::apps
