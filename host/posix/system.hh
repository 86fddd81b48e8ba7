// SPDX-License-Identifier: GPL-2.0
// What POSIX has no portable call for. Everything else under host/posix keeps
// to POSIX, so another system is a new implementation of this header:
// system_linux.cc and backing_linux.cc are Linux's.
//
// int results are 0 or a negative Linux errno.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <signal.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "host/host.hh"
#include "host/posix/resource.hh"

namespace lkl::host::posix {

/// The Linux number of this system's @error. The only place where errno values
/// are translated; call it where an error occurs.
int linux_errno(int error);

// ---- waiting ----------------------------------------------------------------

/// Sleep while @word holds @expected, until wake_word() or @deadline_ns of the
/// monotonic clock (LKL_FOREVER: no deadline). May return early for no reason,
/// so the caller looks at @word and the clock again.
void wait_word(const std::atomic<std::uint32_t> &word, std::uint32_t expected,
	       std::uint64_t deadline_ns);
/// Wake the thread in wait_word(); the caller changed @word before.
void wake_word(const std::atomic<std::uint32_t> &word);

// ---- memory -----------------------------------------------------------------

/// Unnamed shareable memory of @bytes, all holes.
Result<Descriptor> create_memory_object(std::uint64_t bytes);
/// Free the pages of that memory in the range; they read as zeroes again.
int free_memory(int fd, std::uint64_t offset, std::uint64_t bytes);

/// An open file and where in it some bytes are.
struct Backing {
	Descriptor file;
	std::uint64_t offset;
};
/// The file that @bytes (whole pages) are mapped from, if they are: read-only,
/// from one file, which was opened again and proven to be the same, and from
/// which code may be mapped too.
std::optional<Backing> find_backing(std::span<const std::byte> bytes);

// ---- signals ----------------------------------------------------------------

/// True for a signal that kill() and the like sent, false for a real fault.
bool sent_by_software(const siginfo_t &info);
/// Bytes of alternate signal stack that the system recommends on this CPU.
std::size_t recommended_signal_stack();
/// Bytes that the delivery of a signal itself takes, vector registers included.
std::size_t minimal_signal_stack();

// ---- files ------------------------------------------------------------------

/// Capacity and logical block of the block device @fd.
struct DeviceShape {
	std::uint64_t bytes;
	std::uint32_t block_bytes;
};
std::optional<DeviceShape> device_shape(int fd);

/// Read what needs no waiting. -1 with EAGAIN where the rest would have to wait,
/// EOPNOTSUPP where the file cannot tell.
ssize_t read_cached(int fd, const iovec *parts, int count, off_t offset);
/// True when @fd's content never leaves memory, so that no read of it waits.
bool lives_in_memory(int fd);

/// Deallocate a range of a file, or of a block device with @device.
/// -EOPNOTSUPP where that cannot be done.
int discard_range(int fd, bool device, std::uint64_t offset, std::uint64_t bytes);
/// Make a range read as zeroes without writing them, deallocating if possible.
int zero_range(int fd, bool device, std::uint64_t offset, std::uint64_t bytes);

/// Claim the block device @fd against the system's own mounts, for as long as the
/// result is open. EBUSY when it is in use.
Result<Descriptor> claim_device(int fd);

} // namespace lkl::host::posix
