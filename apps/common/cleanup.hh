// SPDX-License-Identifier: GPL-2.0
// A half-written file must not outlive the run, however that ends.
//
// A signal handler could run anywhere, even on a kernel stack of the library;
// so the signals that end a program are blocked and a thread of its own waits
// for them, removes the files and lets the signal do what it would have done.
#pragma once

#include <string>

namespace lkl::apps {

/// Call first thing in main(), before there are threads. SIGPIPE and SIGXFSZ
/// become errors of write(); a signal that is ignored (nohup) stays ignored.
void watch_signals();
/// Put a new thread in the place of the one that waits, for restrictions that a
/// thread gets from its creator. Once.
void renew_signal_watch();
/// Wait until the old one has ended, which takes no time some time later.
void finish_renewal();

/// mkostemp(@path): make a new file, @path's last six characters replaced, which
/// is removed should a signal end the program. @directory is the one it is in;
/// it must stay open until the file's end. Two at a time. Returns the descriptor,
/// or -1 with errno set.
int create_temporary(int directory, std::string &path);
/// Its end, by its name in @directory: renamed to @to there, or, with @to empty,
/// removed. 0 or -1 with errno set.
int end_temporary(int directory, const std::string &name, const std::string &to);
/// Remove those that there are. From anywhere, a signal handler too; only the end
/// of the process may follow.
void remove_temporaries() noexcept;

} // namespace lkl::apps
