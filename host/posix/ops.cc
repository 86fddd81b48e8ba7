// SPDX-License-Identifier: GPL-2.0
// The ops table, and the two ops that only pass on what the kernel reports.
#include "host/host.hh"
#include "host/posix/instance.hh"
#include "host/posix/posix.hh"

namespace lkl::host {

namespace posix {

void log(void *host, lkl_u32 level, lkl_u64 time_us, const char *text, lkl_u32 bytes) noexcept
{
	const Events &events = PosixInstance::from(host).events();
	if (events.log)
		events.log(level, time_us, {text, bytes});
}

void died(void *host, const char *reason, lkl_u32 bytes) noexcept
{
	const Events &events = PosixInstance::from(host).events();
	if (events.died)
		events.died({reason, bytes});
}

} // namespace posix

const lkl_host_ops &ops()
{
	static constexpr lkl_host_ops table = {
		.size = sizeof(table),
		.version = LKL_HOST_ABI_VERSION,
		.now_ns = posix::now_ns,
		.realtime_ns = posix::realtime_ns,
		.event_create = posix::event_create,
		.event_destroy = posix::event_destroy,
		.event_signal = posix::event_signal,
		.event_wait = posix::event_wait,
		.thread_create = posix::thread_create,
		.thread_join = posix::thread_join,
		.yield = posix::yield,
		.map = posix::map,
		.unmap = posix::unmap,
		.discard = posix::discard,
		.log = posix::log,
		.died = posix::died,
	};
	return table;
}

} // namespace lkl::host
