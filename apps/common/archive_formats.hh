// SPDX-License-Identifier: GPL-2.0
// Which kind of archive it is.
#pragma once

#include <memory>

#include "archive_entry.hh"
#include "unpacked_file.hh"
#include "unpacked_stream.hh"

namespace lkl::apps {

/// Before a sandbox is closed around open_archive() and its readers.
void prepare_archives();

/// The reader for what @stream has, as its first bytes say: our own for tar, libarchive's
/// for others. Some are read from their end; if @stream cannot, because it is a pipe or
/// compressed, they are unpacked to @room first. @stream must outlive the reader.
/// @ignore_zeros: see TarReader.
Result<std::unique_ptr<ArchiveReader>> open_archive(UnpackedStream &stream,
						    Result<UnpackedFile> room, bool ignore_zeros);

} // namespace lkl::apps
