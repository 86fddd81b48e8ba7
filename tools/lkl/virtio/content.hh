// SPDX-License-Identifier: GPL-2.0
// What a disk contains: the host side of a block device.
//
// Any thread, several at once; requests in flight together that touch the same
// bytes may take effect in either order. Ranges are inside [0, bytes()), which
// the device checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "host/host.hh"
#include "lkl.h"

namespace lkl::virtio {

class Content {
public:
	virtual ~Content() = default;

	virtual std::uint64_t bytes() const = 0;
	virtual std::uint32_t block_bytes() const = 0;
	virtual bool read_only() const = 0;

	/// Fill @buffers from @offset. Returns their bytes or a negative errno. With
	/// @cached_only it stops, with fewer bytes or -EAGAIN, rather than wait.
	virtual std::int64_t read(std::span<const host::Buffer> buffers, std::uint64_t offset,
				  bool cached_only) = 0;
	/// The rest return 0 or a negative errno, and may wait.
	virtual int write(std::span<const host::Buffer> buffers, std::uint64_t offset) = 0;
	/// What was written before is durable.
	virtual int flush() = 0;
	/// The range is not needed; it may read as anything.
	virtual int discard(std::uint64_t offset, std::uint64_t bytes) = 0;
	/// The range reads as zeroes.
	virtual int zero(std::uint64_t offset, std::uint64_t bytes) = 0;

	/// A host descriptor that shows these bytes, and where in it they begin; -1
	/// when there is none.
	virtual int descriptor() const = 0;
	virtual std::uint64_t descriptor_offset() const = 0;
};

/// Bytes [@offset, @offset + @bytes) of @file. @block_bytes 0: the file's.
std::unique_ptr<Content> file_content(std::unique_ptr<host::File> file, std::uint64_t offset,
				      std::uint64_t bytes, std::uint32_t block_bytes);

/// A disk of @bytes served by the application; @read_only also without ops.write.
std::unique_ptr<Content> user_content(const lkl_disk_ops &ops, void *user, std::uint64_t bytes,
				      std::uint32_t block_bytes, bool read_only);

/// Sum of their sizes.
std::uint64_t total_bytes(std::span<const host::Buffer> buffers);

} // namespace lkl::virtio
