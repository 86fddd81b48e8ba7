// SPDX-License-Identifier: GPL-2.0
#include "nbd_library.hh"

#include <dlfcn.h>

namespace lkl::apps {

namespace {

/// Of the stable interface; part of the library's name on every system that has it.
constexpr const char *file_name = "libnbd.so.0";

template <class Function>
bool look_up(void *library, const char *name, Function &function)
{
	function = reinterpret_cast<Function>(::dlsym(library, name));
	return function != nullptr;
}

bool look_up_all(void *from, NbdLibrary &nbd)
{
	return look_up(from, "nbd_create", nbd.create) && look_up(from, "nbd_close", nbd.close) &&
	       look_up(from, "nbd_get_error", nbd.get_error) &&
	       look_up(from, "nbd_get_errno", nbd.get_errno) &&
	       look_up(from, "nbd_set_pread_initialize", nbd.set_pread_initialize) &&
	       look_up(from, "nbd_set_uri_allow_transports", nbd.set_uri_allow_transports) &&
	       look_up(from, "nbd_set_uri_allow_tls", nbd.set_uri_allow_tls) &&
	       look_up(from, "nbd_set_uri_allow_local_file", nbd.set_uri_allow_local_file) &&
	       look_up(from, "nbd_aio_connect_uri", nbd.aio_connect_uri) &&
	       look_up(from, "nbd_aio_connect_socket", nbd.aio_connect_socket) &&
	       look_up(from, "nbd_aio_is_ready", nbd.aio_is_ready) &&
	       look_up(from, "nbd_poll", nbd.poll) && look_up(from, "nbd_get_size", nbd.get_size) &&
	       look_up(from, "nbd_get_block_size", nbd.get_block_size) &&
	       look_up(from, "nbd_is_read_only", nbd.is_read_only) &&
	       look_up(from, "nbd_can_flush", nbd.can_flush) &&
	       look_up(from, "nbd_can_trim", nbd.can_trim) &&
	       look_up(from, "nbd_can_zero", nbd.can_zero) &&
	       look_up(from, "nbd_can_multi_conn", nbd.can_multi_conn) &&
	       look_up(from, "nbd_pread", nbd.pread) && look_up(from, "nbd_pwrite", nbd.pwrite) &&
	       look_up(from, "nbd_flush", nbd.flush) && look_up(from, "nbd_trim", nbd.trim) &&
	       look_up(from, "nbd_zero", nbd.zero) && look_up(from, "nbd_shutdown", nbd.shutdown);
}

} // namespace

Result<const NbdLibrary *> NbdLibrary::get()
{
	static NbdLibrary nbd;
	static bool loaded = false;

	if (loaded)
		return &nbd;

	// Never closed: its threads' error messages have destructors.
	void *library = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return failure(std::string("needs libnbd (Debian: libnbd0): ") + ::dlerror());
	if (!look_up_all(library, nbd))
		return failure(std::string("needs a newer libnbd: ") + ::dlerror());
	loaded = true;
	return &nbd;
}

} // namespace lkl::apps
