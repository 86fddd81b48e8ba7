// SPDX-License-Identifier: GPL-2.0
// Requests that libfuse 3.14 does not know: served from and answered to the connection
// itself, by linux/fuse.h.
#pragma once

#include "served.hh"

namespace lkl::apps {

/// What @request asks for.
std::uint32_t opcode_of(const fuse_buf &request);

/// False if it is none of them and libfuse's business.
bool serve_raw_request(fuse_session *session, Served &served, const fuse_buf &request);

} // namespace lkl::apps
