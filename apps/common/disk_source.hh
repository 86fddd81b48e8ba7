// SPDX-License-Identifier: GPL-2.0
// Where the bytes of a disk come from: a raw file or block device, a compressed file, a
// virtual machine's disk (through qemu-nbd), a server (nbd://).
//
// Opened before the sandbox is entered; after that a source needs no file that is not
// open, and no program.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <lkl.h>

#include "disk_format.hh"
#include "result.hh"

namespace lkl::apps {

struct SourceOptions {
	std::string path;		// file, block device, or URI nbd://, nbd+unix://
	bool writable = false;
	std::optional<DiskFormat> format;	// none: as the content says
	std::string snapshot;		// of a qcow2 image, its name or id; empty: its present
	/// Open the files that the image names too: backing files, extents. Somebody
	/// else's image can name any file of the user's.
	bool backing_files = false;
	/// A program that decodes the image gets a sandbox of its own.
	bool confined = true;
};

/// Whether @path is one of those that name a server.
bool is_nbd_uri(std::string_view path);

/// Errors' texts do not name the path. Reading and writing are the library's business,
/// on any of its threads.
class DiskSource {
public:
	/// By the thread with whose end the process ends: a server that was started for
	/// the disk ends with that thread, whatever ends it.
	static Result<std::unique_ptr<DiskSource>> open(const SourceOptions &options);
	virtual ~DiskSource() = default;

	/// As users call it; "nbd" of what a server has.
	const std::string &format() const { return format_; }
	/// Complete @disk so that lkl_disk_add() plugs the bytes from @offset on. The
	/// source must outlive the disk.
	virtual Result<void> describe(lkl_disk &disk, std::uint64_t offset) = 0;
	/// With what the library begins its messages about the disk.
	virtual std::string label() const = 0;
	/// Somebody serves the bytes through a socket, so the sandbox must allow using it.
	virtual bool is_served() const { return false; }
	/// The first error in reading or writing, which the kernel knows by number only.
	virtual std::optional<Error> trouble() const { return std::nullopt; }
	/// When the disk is unplugged: everything written is durable where this
	/// succeeds, and whoever served it has ended well. Once.
	virtual Result<void> close() { return {}; }

private:
	static Result<std::unique_ptr<DiskSource>> open_file(const SourceOptions &options);

	std::string format_;
};

} // namespace lkl::apps
