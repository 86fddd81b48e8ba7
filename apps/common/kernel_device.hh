// SPDX-License-Identifier: GPL-2.0
// A device node of the library's kernel, open: what the volume layers read their
// labels from and give their ioctls to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <lkl.h>

#include "kernel_log.hh"
#include "result.hh"

namespace lkl::apps {

/// The kernel's answer @code to the attempt at @what, with what it logged meanwhile.
std::unexpected<Error> kernel_failure(KernelLog &log, std::string_view what, std::int64_t code);

/// Must not outlive the kernel.
class KernelDevice {
public:
	static Result<KernelDevice> open(lkl_kernel *kernel, KernelLog &log,
					 const std::string &path, bool writable = false);
	KernelDevice(KernelDevice &&other) noexcept;
	KernelDevice &operator=(KernelDevice &&) = delete;
	~KernelDevice();

	const std::string &path() const { return path_; }
	/// Of a block device: all of it.
	Result<std::uint64_t> bytes() const;
	/// Of a block device, as the kernel numbers it.
	Result<std::pair<std::uint32_t, std::uint32_t>> number() const;

	/// Exactly @buffer's size, or an Error.
	Result<void> read(std::span<std::byte> buffer, std::uint64_t offset) const;
	/// The same as a string; empty where the device ends before.
	Result<std::string> read_text(std::uint64_t offset, std::size_t bytes) const;
	/// @what names the attempt in the Error.
	Result<void> ioctl(std::string_view what, std::uint32_t command, void *argument) const;

private:
	KernelDevice(lkl_kernel *kernel, KernelLog &log, std::string path, int fd);

	lkl_kernel *kernel_;
	KernelLog *log_;
	std::string path_;
	int fd_;
};

/// The content of a small file of the kernel's, such as one in /sys.
Result<std::string> read_kernel_file(lkl_kernel *kernel, KernelLog &log, const std::string &path);
Result<void> write_kernel_file(lkl_kernel *kernel, KernelLog &log, const std::string &path,
			       std::string_view text);

} // namespace lkl::apps
