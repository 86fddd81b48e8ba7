// SPDX-License-Identifier: GPL-2.0
// A disk image, mounted in a kernel of its own.
//
// Unless it is to be written, the image file is opened read-only, and what the kernel
// must write nevertheless, to replay a journal, stays in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <lkl.h>

#include "kernel_log.hh"
#include "result.hh"

namespace lkl::apps {

struct ImageOptions {
	std::string path;
	std::string type;		// of the file system; empty: probed
	std::optional<unsigned> partition;	// 0: the whole image
	std::uint64_t offset = 0;	// bytes before the disk begins
	std::string mount_options;	// of the file system, comma separated
	bool replay_journal = true;
	bool writable = false;
	unsigned memory_mib = 0;	// of the kernel; 0: the library's choice
	unsigned cpus = 0;		// 0: the library's choice
};

/// Made in three steps, between which a tool gives up what it needs no more (see
/// sandbox.hh). Errors' texts name neither tool nor image.
class Image {
public:
	/// Opens the file; it is not read.
	static Result<std::unique_ptr<Image>> open(const ImageOptions &options);
	/// Starts the kernel, still without the image. Begins threads; @log must
	/// outlive the image.
	Result<void> boot(KernelLog &log);
	/// Hands the image to the kernel. From here on its content is at work in this
	/// process. The Error may have several lines, when there are partitions to
	/// choose from.
	Result<void> mount();
	/// Without close(): errors are not seen.
	~Image();
	Image(const Image &) = delete;
	Image &operator=(const Image &) = delete;

	lkl_kernel *kernel() const { return kernel_; }
	/// The directory in the kernel where the file system is mounted.
	const std::string &mount_point() const { return mount_point_; }

	/// Unmount and halt; all that was written is on the disk then, or this fails.
	Result<void> close();

private:
	explicit Image(const ImageOptions &options) : options_(options) {}

	Result<void> open_file();
	Result<void> add_disk();
	Result<unsigned> choose_partition();
	Result<void> mount_partition(unsigned partition);
	std::string probe(unsigned partition);
	std::string partition_list(unsigned partitions);
	std::unexpected<Error> failed(int code);

	const ImageOptions options_;
	int file_ = -1;
	lkl_kernel *kernel_ = nullptr;
	int disk_ = -1;
	std::string mount_point_;
};

} // namespace lkl::apps
