// SPDX-License-Identifier: GPL-2.0
// Reading entries and writing them, each in a thread of its own: the one waits for one
// kernel, the other for another.
#pragma once

#include <functional>

#include "entry_sink.hh"

namespace lkl::apps {

/// Call @read in a new thread, with a sink whose entries, in their order and with their
/// data, get to @sink in this thread. What is read ahead is bounded. The Error is that of
/// @sink, which then gets no more, or else that of @read. @read has returned when this
/// returns.
///
/// An Error of a DataSource is met by @sink when it asks for those bytes. @sink must ask
/// for the extents of a file in ascending order without a gap, then at most for what is at
/// the entry's size; it need not ask for all.
Result<void> pass_entries(EntrySink &sink,
			  const std::function<Result<void>(EntrySink &)> &read);

} // namespace lkl::apps
