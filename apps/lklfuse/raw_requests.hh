// SPDX-License-Identifier: GPL-2.0
// What libfuse 3.14 does not know of the requests: served from and answered to the
// connection itself, by linux/fuse.h.
//
// The host's kernel offers to leave it to the file system that a write takes setuid bits and
// capabilities away (FUSE_HANDLE_KILLPRIV_V2). The library's kernel does so with the
// capabilities anyway; and otherwise it is asked for them before each write.
#pragma once

#include "served.hh"

namespace lkl::apps {

/// What @request asks for.
std::uint32_t opcode_of(const fuse_buf &request);

/// As libfuse writes its answers, but for the one that says what is agreed upon.
ssize_t write_answer(int connection, iovec *parts, int count, void *user);

/// False if the rest is libfuse's business.
bool serve_raw_request(fuse_session *session, Served &served, const fuse_buf &request);

} // namespace lkl::apps
