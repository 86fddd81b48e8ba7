// SPDX-License-Identifier: GPL-2.0
// system.hh for Linux; find_backing() is in backing_linux.cc.
#include "host/posix/system.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>

namespace lkl::host::posix {

namespace {

/// Newer than the C library's headers. Without it, kernels set to
/// vm.memfd_noexec=2 refuse; it does not forbid executable mappings.
constexpr unsigned memfd_noexec_seal = 0x0008;

int result_of(int returned)
{
	return returned < 0 ? -linux_errno(errno) : 0;
}

std::unexpected<Error> failure(std::string context)
{
	return std::unexpected(Error{linux_errno(errno), std::move(context)});
}

long futex(const std::atomic<std::uint32_t> &word, int operation, std::uint32_t value,
	   const timespec *deadline)
{
	static_assert(sizeof(word) == sizeof(std::uint32_t));
	return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, deadline,
		       nullptr, FUTEX_BITSET_MATCH_ANY);
}

/// The range argument of the BLK* requests.
int device_request(int fd, unsigned long request, std::uint64_t offset, std::uint64_t bytes)
{
	std::array<std::uint64_t, 2> range = {offset, bytes};
	return result_of(ioctl(fd, request, range.data()));
}

int file_request(int fd, int mode, std::uint64_t offset, std::uint64_t bytes)
{
	int result;
	do {
		result = result_of(fallocate(fd, mode | FALLOC_FL_KEEP_SIZE,
					     static_cast<off_t>(offset),
					     static_cast<off_t>(bytes)));
	} while (result == -EINTR);
	return result == -ENOSYS ? -EOPNOTSUPP : result;
}

} // namespace

int linux_errno(int error)
{
	return error;
}

void wait_word(const std::atomic<std::uint32_t> &word, std::uint32_t expected,
	       std::uint64_t deadline_ns)
{
	constexpr std::uint64_t second = 1'000'000'000;
	timespec deadline{};
	deadline.tv_sec = static_cast<time_t>(deadline_ns / second);
	deadline.tv_nsec = static_cast<long>(deadline_ns % second);
	// The bitset form is the one that takes an absolute time of CLOCK_MONOTONIC.
	futex(word, FUTEX_WAIT_BITSET, expected,
	      deadline_ns == LKL_FOREVER ? nullptr : &deadline);
}

void wake_word(const std::atomic<std::uint32_t> &word)
{
	futex(word, FUTEX_WAKE, 1, nullptr);
}

Result<Descriptor> create_memory_object(std::uint64_t bytes)
{
	int fd = memfd_create("lkl-ram", MFD_CLOEXEC | memfd_noexec_seal);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("lkl-ram", MFD_CLOEXEC);
	if (fd < 0)
		return failure("memfd_create");
	Descriptor object(fd);
	// A memfd is a file to ulimit -f too, and growing it past that limit does not
	// fail but kills the process (SIGXFSZ).
	rlimit limit{};
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    bytes > limit.rlim_cur)
		return std::unexpected(Error{EFBIG, "file size limit (ulimit -f)"});
	if (ftruncate(fd, static_cast<off_t>(bytes)) < 0)
		return failure("ftruncate");
	return object;
}

int free_memory(int fd, std::uint64_t offset, std::uint64_t bytes)
{
	return file_request(fd, FALLOC_FL_PUNCH_HOLE, offset, bytes);
}

bool sent_by_software(const siginfo_t &info)
{
	return info.si_code <= 0;
}

std::size_t recommended_signal_stack()
{
	return static_cast<std::size_t>(std::max<long>(sysconf(_SC_SIGSTKSZ), 8192));
}

std::size_t minimal_signal_stack()
{
	return static_cast<std::size_t>(std::max<long>(sysconf(_SC_MINSIGSTKSZ), 2048));
}

std::optional<DeviceShape> device_shape(int fd)
{
	std::uint64_t bytes = 0;
	int block = 0;
	if (ioctl(fd, BLKGETSIZE64, &bytes) < 0 || ioctl(fd, BLKSSZGET, &block) < 0)
		return std::nullopt;
	return DeviceShape{bytes, static_cast<std::uint32_t>(block)};
}

ssize_t read_cached(int fd, const iovec *parts, int count, off_t offset)
{
	return preadv2(fd, parts, count, offset, RWF_NOWAIT);
}

bool lives_in_memory(int fd)
{
	struct statfs fs {};
	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

int discard_range(int fd, bool device, std::uint64_t offset, std::uint64_t bytes)
{
	if (device)
		return device_request(fd, BLKDISCARD, offset, bytes);
	return file_request(fd, FALLOC_FL_PUNCH_HOLE, offset, bytes);
}

int zero_range(int fd, bool device, std::uint64_t offset, std::uint64_t bytes)
{
	if (device)
		return device_request(fd, BLKZEROOUT, offset, bytes);
	int result = file_request(fd, FALLOC_FL_PUNCH_HOLE, offset, bytes);
	if (result == -EOPNOTSUPP)
		result = file_request(fd, FALLOC_FL_ZERO_RANGE, offset, bytes);
	return result;
}

Result<Descriptor> claim_device(int fd)
{
	// The claim belongs to an open of its own: O_EXCL without O_CREAT is Linux's
	// way to exclude mounts, swap, md and others who open so.
	std::string path = "/proc/self/fd/" + std::to_string(fd);
	Descriptor claim(::open(path.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
	if (!claim)
		return failure("exclusive open");
	return claim;
}

} // namespace lkl::host::posix
