// SPDX-License-Identifier: GPL-2.0
// A disk image, mounted in a kernel of its own.
//
// Unless it is to be written, the image is opened read-only, and what the kernel
// must write nevertheless, to replay a journal, stays in memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lkl.h>

#include "disk_source.hh"
#include "kernel_log.hh"
#include "layers.hh"
#include "result.hh"
#include "selector.hh"
#include "volume_table.hh"

namespace lkl::apps {

/// A kernel whose time is virtual, see lkl_options.
struct VirtualStart {
	std::int64_t seconds;			// since 1970, positive
	std::array<std::uint64_t, 4> seed = {};	// all zero: another each time
};

struct ImageOptions {
	SourceOptions source;
	std::vector<std::string> more_disks;	// further images with parts of the volume
	std::string type;		// of the file system; empty: probed
	std::optional<Selector> volume;	// none: the only one there is
	std::uint64_t offset = 0;	// bytes of the first image before its disk begins
	unsigned sector_bytes = 0;	// of the disks; 0: as the images tell
	LayerOptions layers;
	std::string mount_options;	// of the file system, comma separated
	bool replay_journal = true;
	unsigned memory_mib = 0;	// of the kernel; 0: the library's choice
	unsigned cpus = 0;		// 0: the library's choice
	std::optional<VirtualStart> virtual_start;	// none: the host's time
};

/// Made in steps, between which a tool gives up what it needs no more (see
/// sandbox.hh). Errors' texts name neither tool nor image.
class Image {
public:
	/// Opens the files, and starts the programs that their formats and encrypted volumes
	/// may need. No more of an image is read here than what formats are about. By the
	/// main thread.
	static Result<std::unique_ptr<Image>> open(const ImageOptions &options);
	/// Starts the kernel, still without the image. Begins threads; @log must
	/// outlive the image.
	Result<void> boot(KernelLog &log);
	/// Hands the image to the kernel. From here on its content is at work in this
	/// process.
	Result<void> attach();
	/// attach(), and mounts the volume that the options choose. The Error may have
	/// several lines, when there are volumes to choose from.
	Result<void> mount();
	/// Without close(): errors are not seen.
	~Image();
	Image(const Image &) = delete;
	Image &operator=(const Image &) = delete;

	/// Whether a server has the image, so that the sandbox must allow talking to it.
	bool is_served() const;
	/// Of the @number-th image, from 0.
	const std::string &format(std::size_t number) const { return sources_[number]->format(); }
	lkl_kernel *kernel() const { return kernel_; }
	/// The directory in the kernel where the file system is mounted.
	const std::string &mount_point() const { return mount_point_; }
	/// From attach() on.
	VolumeTable &volumes() { return *volumes_; }

	/// The first thing that went wrong below the kernel, which has only a number for
	/// it: corrupt compressed data, a server that is gone.
	std::optional<Error> trouble() const;

	/// Unmount and halt; all that was written is on the disk then, and the server, if
	/// there is one, has ended well, or this fails.
	Result<void> close();

private:
	explicit Image(const ImageOptions &options) : options_(options) {}

	Result<void> add_disk(std::size_t number);
	Result<std::string> plug(std::size_t number, unsigned sector_bytes);
	Result<std::string> type_of(std::size_t place);
	Result<void> mount_volume(std::size_t place);
	std::unexpected<Error> failed(int code);
	Error explained(Error error) const;

	const ImageOptions options_;
	std::optional<LuksKeyHelper> key_helper_;	// until attach()
	std::vector<std::unique_ptr<DiskSource>> sources_;
	lkl_kernel *kernel_ = nullptr;
	KernelLog *log_ = nullptr;
	int disk_ = -1;		// plugged last
	std::optional<VolumeTable> volumes_;
	std::string mount_point_;
};

} // namespace lkl::apps
