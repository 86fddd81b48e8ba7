// SPDX-License-Identifier: GPL-2.0
// A half-written file must not outlive the run, however that ends.
//
// A signal handler could run anywhere, even on a kernel stack of the library;
// so the signals that end a program are blocked and a thread of its own waits
// for them, removes the file and lets the signal do what it would have done.
#pragma once

#include <string>

namespace lkl::apps {

/// Call first thing in main(), before there are threads. SIGPIPE and SIGXFSZ
/// become errors of write(); a signal that is ignored (nohup) stays ignored.
void watch_signals();

/// mkostemp(@path): make a new file, @path's last six characters replaced, which
/// is removed should a signal end the program. One at a time. Returns the
/// descriptor, or -1 with errno set.
int create_temporary(std::string &path);
/// Its end: renamed to @to, or, with @to empty, removed. 0 or -1 with errno set.
int end_temporary(const std::string &path, const std::string &to);

} // namespace lkl::apps
