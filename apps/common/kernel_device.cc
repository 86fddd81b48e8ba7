// SPDX-License-Identifier: GPL-2.0
#include "kernel_device.hh"

#include <utility>

#include <fmt/format.h>

#include <lkl/syscalls.h>

namespace lkl::apps {

std::unexpected<Error> kernel_failure(KernelLog &log, std::string_view what, std::int64_t code)
{
	const int error = static_cast<int>(-code);

	return failure(fmt::format("{}: {}{}", what, lkl_strerror(error), log.complaint()), error);
}

KernelDevice::KernelDevice(lkl_kernel *kernel, KernelLog &log, std::string path, int fd)
    : kernel_(kernel), log_(&log), path_(std::move(path)), fd_(fd)
{
}

KernelDevice::KernelDevice(KernelDevice &&other) noexcept
    : kernel_(other.kernel_), log_(other.log_), path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1))
{
}

KernelDevice::~KernelDevice()
{
	if (fd_ >= 0)
		lkl_sys_close(kernel_, fd_);
}

Result<KernelDevice> KernelDevice::open(lkl_kernel *kernel, KernelLog &log,
					const std::string &path, bool writable)
{
	const int flags = (writable ? LKL_O_RDWR : LKL_O_RDONLY) | LKL_O_CLOEXEC;
	const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), flags, 0);

	if (fd < 0)
		return kernel_failure(log, "open " + path, fd);
	return KernelDevice(kernel, log, path, fd);
}

Result<std::uint64_t> KernelDevice::bytes() const
{
	const std::int64_t end = lkl_sys_lseek(kernel_, fd_, 0, LKL_SEEK_END);

	if (end < 0)
		return kernel_failure(*log_, "size of " + path_, end);
	return static_cast<std::uint64_t>(end);
}

/// The kernel's user-space encoding of a device number (include/linux/kdev_t.h).
Result<std::pair<std::uint32_t, std::uint32_t>> KernelDevice::number() const
{
	lkl_stat stat = {};

	if (const int result = lkl_sys_fstat(kernel_, fd_, &stat); result < 0)
		return kernel_failure(*log_, "stat " + path_, result);

	const auto rdev = static_cast<std::uint32_t>(stat.st_rdev);
	return std::pair((rdev & 0xfff00) >> 8, (rdev & 0xff) | ((rdev >> 12) & 0xfff00));
}

Result<void> KernelDevice::read(std::span<std::byte> buffer, std::uint64_t offset) const
{
	while (!buffer.empty()) {
		const std::int64_t got = lkl_sys_pread64(kernel_, fd_, buffer.data(), buffer.size(),
							 static_cast<std::int64_t>(offset));

		if (got < 0)
			return kernel_failure(*log_, "read " + path_, got);
		if (got == 0)
			return failure(fmt::format("read {}: it ends at byte {}", path_, offset));
		buffer = buffer.subspan(static_cast<std::size_t>(got));
		offset += static_cast<std::uint64_t>(got);
	}
	return {};
}

Result<std::string> KernelDevice::read_text(std::uint64_t offset, std::size_t bytes) const
{
	const std::uint64_t size = TRY(this->bytes());

	if (offset > size || bytes > size - offset)
		return std::string();

	std::string text(bytes, '\0');
	TRY(read(std::as_writable_bytes(std::span(text)), offset));
	return text;
}

Result<void> KernelDevice::ioctl(std::string_view what, std::uint32_t command, void *argument) const
{
	const int result = lkl_sys_ioctl(kernel_, fd_, command, argument);

	return result < 0 ? kernel_failure(*log_, what, result) : Result<void>();
}

Result<std::string> read_kernel_file(lkl_kernel *kernel, KernelLog &log, const std::string &path)
{
	const int file =
		lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), LKL_O_RDONLY | LKL_O_CLOEXEC, 0);
	std::string content;
	char piece[4096];
	std::int64_t got;

	if (file < 0)
		return kernel_failure(log, "open " + path, file);
	while ((got = lkl_sys_read(kernel, file, piece, sizeof(piece))) > 0)
		content.append(piece, static_cast<std::size_t>(got));
	lkl_sys_close(kernel, file);
	if (got < 0)
		return kernel_failure(log, "read " + path, got);
	return content;
}

Result<void> write_kernel_file(lkl_kernel *kernel, KernelLog &log, const std::string &path,
			       std::string_view text)
{
	const int file =
		lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), LKL_O_WRONLY | LKL_O_CLOEXEC, 0);

	if (file < 0)
		return kernel_failure(log, "open " + path, file);

	const std::int64_t result = lkl_sys_write(kernel, file, text.data(), text.size());
	lkl_sys_close(kernel, file);
	if (result < 0)
		return kernel_failure(log, "write " + path, result);
	return {};
}

} // namespace lkl::apps
