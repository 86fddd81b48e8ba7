// SPDX-License-Identifier: GPL-2.0
// Host services: what the library (tools/lkl) asks of the host it runs on.
//
// Declared once here, implemented by same-named files under host/posix and
// host/win32. No operating-system header is included, so the library's sources
// see none. Everything the *kernel* asks for is in lkl/host_ops.h; an Instance
// below is the `void *host` that its ops receive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <lkl/host_ops.h>

namespace lkl {

/// A Linux errno (positive) with what was being done to what.
struct Error {
	int code;
	std::string context;	// "disk.img: open", without the errno's text
};

template <class T> using Result = std::expected<T, Error>;

namespace host {

/// One piece of a scattered transfer. Same layout as struct iovec.
struct Buffer {
	void *data;
	std::size_t bytes;
};

/// What the kernel reports to its host. Called CPU held, see host_ops.h: the
/// callbacks must not block, throw or call the library. They outlive the Instance.
struct Events {
	std::function<void(unsigned level, std::uint64_t time_us, std::string_view line)> log;
	std::function<void(std::string_view reason)> died;
};

/// The RAM, address space and clock of one kernel instance.
///
/// Move-free (the kernel holds its address), made by create(), released by the
/// destructor, which must run after lkl_image.halt() returned.
class Instance {
public:
	/// Reserve @ram_bytes of RAM (shared object, 2 MiB aligned, untouched
	/// pages cost nothing) and @vmalloc_bytes of address space, both > 0 and
	/// rounded up to map_granule(). The error names what the host refused.
	static Result<std::unique_ptr<Instance>> create(std::uint64_t ram_bytes,
							std::uint64_t vmalloc_bytes,
							Events events);
	virtual ~Instance() = default;

	virtual std::span<std::byte> ram() = 0;
	virtual std::uint64_t vmalloc_base() const = 0;
	virtual std::uint64_t vmalloc_bytes() const = 0;
	/// Smallest unit of lkl_host_ops.map(), bytes.
	virtual std::uint32_t map_granule() const = 0;

	/// Place @source's bytes at RAM offset @at, copy-on-write from the file
	/// behind @source where the host can (nothing is then read before it is
	/// touched), by copy elsewhere. The first is possible for read-only
	/// mappings of files, whose bytes must never have been written through
	/// memory, when @source and @at have the same offset in a page. Each byte
	/// of RAM is placed once, before boot; writable until protect().
	///
	/// The whole pages of a place()d range have no second view: ops().map()
	/// of them is -EINVAL and discard() does nothing.
	virtual Result<void> place(std::uint64_t at, std::span<const std::byte> source) = 0;
	/// Set LKL_PROT_* on RAM [@at, @at + @bytes), page multiples.
	virtual Result<void> protect(std::uint64_t at, std::uint64_t bytes,
				     std::uint32_t prot) = 0;
	/// From now on faults with an instruction pointer inside the @image
	/// placed at RAM offset @at, or a stack pointer in this instance's memory,
	/// go to image->fault(); the first call in the process installs the
	/// handler, which passes on what no image handles to whatever was
	/// installed before. An application that installs its own later must
	/// chain to it. A second call replaces the first; the destructor ends it.
	virtual Result<void> watch_faults(const lkl_image *image, std::uint64_t at,
					  std::uint64_t bytes) = 0;
};

/// The ops table of this host; its `host` argument is an Instance.
const lkl_host_ops &ops();

/// Prepare the calling host thread to enter kernels: the signals of faults are
/// unblocked and it has an alternate signal stack, its own if that is big enough.
/// Cheap when done before; the stack is taken back when the thread ends.
void enter_thread();

/// A random-access file, device or pipe-less descriptor holding an image.
///
/// Safe from any thread at once. Offsets and sizes in bytes.
class File {
public:
	enum class Access { read_only, read_write };

	/// Open @path. Directories are EISDIR, character devices, fifos and
	/// sockets EINVAL.
	static Result<std::unique_ptr<File>> open(const std::string &path, Access access);
	/// Use host descriptor @fd, which stays the caller's and must outlive the
	/// File. EBADF when it was not opened for @access, EINVAL when it appends.
	static Result<std::unique_ptr<File>> borrow(int fd, Access access);
	/// A new one of @bytes in memory, all holes, without a name.
	static Result<std::unique_ptr<File>> scratch(std::uint64_t bytes);
	/// Map a whole file read-only (a kernel image); lives as long as the File.
	virtual Result<std::span<const std::byte>> contents() = 0;
	virtual ~File() = default;

	/// Size when it was opened.
	virtual std::uint64_t bytes() const = 0;
	/// Logical block size of a block device, 512 for files.
	virtual std::uint32_t block_bytes() const = 0;
	virtual bool read_only() const = 0;
	/// The host descriptor behind it, for a library that wants one (libblkid,
	/// which changes nothing and does not close it); -1 where there is none.
	virtual int descriptor() const { return -1; }

	/// Read at @offset until all buffers are full or the file ends. Returns
	/// the bytes read, or a negative errno when none were. With @cached_only
	/// stops with -EAGAIN (or a short count) where the host would have to wait,
	/// or cannot tell.
	virtual std::int64_t read(std::span<const Buffer> buffers, std::uint64_t offset,
				  bool cached_only) = 0;
	/// Write all of @buffers at @offset. Returns their bytes, or a negative errno
	/// and then some may have been written. -EBADF when read_only().
	virtual std::int64_t write(std::span<const Buffer> buffers, std::uint64_t offset) = 0;
	/// Make completed writes durable. 0 or a negative errno.
	virtual int sync() = 0;
	/// Give the range's storage back; it reads as zeroes afterwards for
	/// zero(), as anything for discard(). -EOPNOTSUPP where it cannot,
	/// -EBADF when read_only(). The size stays.
	virtual int discard(std::uint64_t offset, std::uint64_t bytes) = 0;
	virtual int zero(std::uint64_t offset, std::uint64_t bytes) = 0;
	/// Advisory lock against other users of the file: shared for read_only,
	/// exclusive for read_write, then also against the host having the block
	/// device mounted. 0, also where the file system knows no locks, or -EBUSY
	/// at once. Held until destruction. A lock that the owner of a borrowed
	/// descriptor holds through it is taken over and released.
	virtual int lock() = 0;
};

} // namespace host
} // namespace lkl
