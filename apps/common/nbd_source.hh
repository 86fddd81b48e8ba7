// SPDX-License-Identifier: GPL-2.0
// A disk that a server has: one elsewhere, or a qemu-nbd of our own for an image whose
// format it knows.
//
// Several requests are under way at once, each in a connection of its own. A server that
// does not promise a common view of the disk to several (NBD_FLAG_CAN_MULTI_CONN) gets one.
#pragma once

#include "descriptor.hh"
#include "disk_source.hh"

namespace lkl::apps {

/// @uri: nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH
Result<std::unique_ptr<DiskSource>> connect_to_server(const std::string &uri, bool writable);

/// @file is open on options.path.
Result<std::unique_ptr<DiskSource>> serve_image(Descriptor file, DiskFormat format,
						const SourceOptions &options);

} // namespace lkl::apps
