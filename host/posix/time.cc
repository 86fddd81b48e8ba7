// SPDX-License-Identifier: GPL-2.0
// The clocks. Deadlines of event_wait() are times of the monotonic one.
#include "host/posix/posix.hh"

#include <time.h>

namespace lkl::host::posix {

namespace {

lkl_u64 read_clock(clockid_t clock)
{
	timespec now{};
	clock_gettime(clock, &now);
	return static_cast<lkl_u64>(now.tv_sec) * 1'000'000'000 +
	       static_cast<lkl_u64>(now.tv_nsec);
}

} // namespace

lkl_u64 now_ns(void *) noexcept
{
	return read_clock(CLOCK_MONOTONIC);
}

lkl_u64 realtime_ns(void *) noexcept
{
	return read_clock(CLOCK_REALTIME);
}

} // namespace lkl::host::posix
