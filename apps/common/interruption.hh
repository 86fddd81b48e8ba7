// SPDX-License-Identifier: GPL-2.0
// For tools that write an image: a signal that would end the program makes it stop
// copying instead, so that the file system is unmounted in order. A second one ends it.
#pragma once

namespace lkl::apps {

/// Call first thing in main(), before there are threads. The signals wait from here on;
/// one that is ignored (nohup) stays ignored. SIGPIPE and SIGXFSZ become errors of write().
void hold_interruption();
/// They are waited for, by a thread that has the restrictions of the caller. Once.
void await_interruption();
/// Whether such a signal came. Any thread.
bool interrupted();

} // namespace lkl::apps
