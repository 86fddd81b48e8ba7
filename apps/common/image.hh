// SPDX-License-Identifier: GPL-2.0
// A disk image, mounted read-only in a kernel of its own.
//
// The image file is opened read-only. What the kernel must write nevertheless, to
// replay a journal, stays in memory.
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
	unsigned memory_mib = 0;	// of the kernel; 0: the library's choice
	unsigned cpus = 0;		// 0: the library's choice
};

class Image {
public:
	/// Boots and mounts. The Error's text names neither tool nor image; it may
	/// have several lines, when there are partitions to choose from. @log must
	/// outlive the image.
	static Result<std::unique_ptr<Image>> open(const ImageOptions &options, KernelLog &log);
	/// Without close(): errors are not seen.
	~Image();
	Image(const Image &) = delete;
	Image &operator=(const Image &) = delete;

	lkl_kernel *kernel() const { return kernel_; }
	/// The directory in the kernel where the file system is mounted.
	const std::string &mount_point() const { return mount_point_; }

	/// Unmount and halt.
	Result<void> close();

private:
	explicit Image(std::string path) : path_(std::move(path)) {}

	Result<void> boot(const ImageOptions &options, KernelLog &log);
	Result<void> add_disk(const ImageOptions &options);
	Result<unsigned> choose_partition(const ImageOptions &options);
	Result<void> mount(const ImageOptions &options, unsigned partition);
	std::string probe(unsigned partition);
	std::string partition_list(unsigned partitions);
	std::unexpected<Error> failed(int code);

	const std::string path_;
	lkl_kernel *kernel_ = nullptr;
	int disk_ = -1;
	std::string mount_point_;
};

} // namespace lkl::apps
