// SPDX-License-Identifier: GPL-2.0
// libnbd, loaded when there is something to do for it.
//
// With it come GnuTLS, libxml2 and ICU: 3 ms at every start of a program that is linked
// with them, and code within reach of an image that does not need it.
#pragma once

#include <libnbd.h>

#include "result.hh"

namespace lkl::apps {

/// The library's functions, without their prefix.
struct NbdLibrary {
	/// Loads it the first time. Before the sandbox is entered. For one thread.
	static Result<const NbdLibrary *> get();

	decltype(&::nbd_create) create;
	decltype(&::nbd_close) close;
	decltype(&::nbd_get_error) get_error;
	decltype(&::nbd_get_errno) get_errno;
	decltype(&::nbd_set_pread_initialize) set_pread_initialize;
	decltype(&::nbd_set_uri_allow_transports) set_uri_allow_transports;
	decltype(&::nbd_set_uri_allow_tls) set_uri_allow_tls;
	decltype(&::nbd_set_uri_allow_local_file) set_uri_allow_local_file;
	decltype(&::nbd_aio_connect_uri) aio_connect_uri;
	decltype(&::nbd_aio_connect_socket) aio_connect_socket;
	decltype(&::nbd_aio_is_ready) aio_is_ready;
	decltype(&::nbd_poll) poll;
	decltype(&::nbd_get_size) get_size;
	decltype(&::nbd_get_block_size) get_block_size;
	decltype(&::nbd_is_read_only) is_read_only;
	decltype(&::nbd_can_flush) can_flush;
	decltype(&::nbd_can_trim) can_trim;
	decltype(&::nbd_can_zero) can_zero;
	decltype(&::nbd_can_multi_conn) can_multi_conn;
	decltype(&::nbd_pread) pread;
	decltype(&::nbd_pwrite) pwrite;
	decltype(&::nbd_flush) flush;
	decltype(&::nbd_trim) trim;
	decltype(&::nbd_zero) zero;
	decltype(&::nbd_shutdown) shutdown;
};

} // namespace lkl::apps
