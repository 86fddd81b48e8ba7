// SPDX-License-Identifier: GPL-2.0
// lkl.hh - the Linux kernel as a library, C++ API
//
// Header only, over lkl.h: the same rules for threads, and the C functions may be
// used beside it (Kernel::get()). Objects are move-only and own what they name;
// their destructors clean up and cannot report, so call close(), unmount() or
// halt() where the result matters. Nothing here throws but std::bad_alloc.
//
//	lkl::Kernel kernel = TRY(lkl::Kernel::create());
//	lkl::Disk disk = TRY(kernel.add_disk({.path = "disk.img"}));
//	lkl::Mount mount = TRY(disk.mount());
//	lkl::File file = TRY(kernel.open(mount.path() + "/etc/fstab"));
//	std::string text = TRY(file.read_all());
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lkl.h>
#include <lkl/syscalls.h>

namespace lkl {
inline namespace v1 {

/// A Linux errno and a sentence about what failed.
class Error {
public:
	Error(int code, std::string message) : code_(code), message_(std::move(message)) {}

	/// Positive: LKL_ENOENT.
	int code() const { return code_; }
	/// What was attempted, the errno's text, the kernel's complaint if any.
	const std::string &message() const { return message_; }

private:
	int code_;
	std::string message_;
};

template <class T> using Result = std::expected<T, Error>;

/// lkl_options, in C++ terms. The defaults are the library's.
struct Options {
	unsigned cpus = 0;
	std::uint64_t memory_bytes = 0;
	std::string command_line = {};
	std::string kernel_path = {};
	/// Each line of the kernel log; see lkl_log_fn for what it may do.
	std::function<void(int level, std::uint64_t time_us, std::string_view line)> log = {};
	std::int32_t spin_us = 0;
	std::uint64_t virtual_start_ns = 0;
	std::array<std::uint64_t, 4> seed = {};
};

/// lkl_disk for files and block devices; for callbacks use lkl_disk_add().
struct DiskOptions {
	std::string path = {};
	int fd = -1;			// used when path is empty; stays the caller's
	bool read_only = false;
	bool overlay = false;		// writes stay in memory
	bool lock = true;
	bool stop_at_error = false;	// see LKL_DISK_STOP_AT_ERROR
	std::uint32_t block_bytes = 0;
	std::uint64_t offset = 0;
	std::uint64_t bytes = 0;
	std::string serial = {};
};

/// lkl_mount, for a disk that is known.
struct MountOptions {
	unsigned partition = 0;
	std::uint32_t flags = 0;	// LKL_MS_*
	std::string type = {};		// empty: probed
	std::string options = {};
	std::string target = {};	// empty: chosen
};

namespace detail {

inline std::unexpected<Error> failed(lkl_kernel *kernel, std::int64_t result)
{
	return std::unexpected(Error(static_cast<int>(-result), lkl_last_error(kernel)));
}

inline const char *or_null(const std::string &text)
{
	return text.empty() ? nullptr : text.c_str();
}

} // namespace detail

/// An open descriptor of the kernel. Any thread, as far as Linux allows it; must
/// not outlive the Kernel.
class File {
public:
	File(lkl_kernel *kernel, int fd) : kernel_(kernel), fd_(fd) {}
	File(File &&other) noexcept
		: kernel_(other.kernel_), fd_(std::exchange(other.fd_, -1))
	{
	}
	File &operator=(File &&other) noexcept
	{
		std::swap(kernel_, other.kernel_);
		std::swap(fd_, other.fd_);
		return *this;
	}
	~File() { (void)close(); }

	int fd() const { return fd_; }
	/// Give the descriptor away.
	int release() { return std::exchange(fd_, -1); }

	/// Bytes read: 0 at the end, may be fewer than asked for.
	Result<std::size_t> read(std::span<std::byte> buffer)
	{
		return count(lkl_sys_read(kernel_, fd_, buffer.data(), buffer.size()));
	}
	Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset)
	{
		return count(lkl_sys_pread64(kernel_, fd_, buffer.data(), buffer.size(),
					     static_cast<lkl_s64>(offset)));
	}
	/// Everything from the current position to the end.
	Result<std::string> read_all()
	{
		std::string content;
		std::vector<std::byte> piece(64 * 1024);

		for (;;) {
			Result<std::size_t> bytes = read(piece);

			if (!bytes)
				return std::unexpected(bytes.error());
			if (*bytes == 0)
				return content;
			content.append(reinterpret_cast<const char *>(piece.data()), *bytes);
		}
	}

	/// All of @buffer, in as many calls as it takes.
	Result<void> write(std::span<const std::byte> buffer)
	{
		while (!buffer.empty()) {
			std::int64_t bytes = lkl_sys_write(kernel_, fd_, buffer.data(),
							   buffer.size());

			if (bytes < 0)
				return detail::failed(kernel_, bytes);
			buffer = buffer.subspan(static_cast<std::size_t>(bytes));
		}
		return {};
	}
	Result<void> write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

	Result<std::uint64_t> seek(std::int64_t offset, int whence = LKL_SEEK_SET)
	{
		return count(lkl_sys_lseek(kernel_, fd_, offset, whence));
	}
	Result<lkl_stat> stat() const
	{
		lkl_stat stat = {};
		int result = lkl_sys_fstat(kernel_, fd_, &stat);

		if (result < 0)
			return detail::failed(kernel_, result);
		return stat;
	}
	Result<void> sync() { return done(lkl_sys_fsync(kernel_, fd_)); }
	/// Idempotent; the descriptor is gone whatever the result.
	Result<void> close()
	{
		int fd = std::exchange(fd_, -1);

		return fd < 0 ? Result<void>() : done(lkl_sys_close(kernel_, fd));
	}

private:
	Result<std::size_t> count(std::int64_t result) const
	{
		if (result < 0)
			return detail::failed(kernel_, result);
		return static_cast<std::size_t>(result);
	}
	Result<void> done(std::int64_t result) const
	{
		if (result < 0)
			return detail::failed(kernel_, result);
		return {};
	}

	lkl_kernel *kernel_;
	int fd_;
};

/// A mounted file system, unmounted by unmount() or the destructor. Must not
/// outlive the Kernel.
class Mount {
public:
	Mount(lkl_kernel *kernel, std::string path) : kernel_(kernel), path_(std::move(path)) {}
	Mount(Mount &&other) noexcept
		: kernel_(std::exchange(other.kernel_, nullptr)), path_(std::move(other.path_))
	{
	}
	Mount &operator=(Mount &&other) noexcept
	{
		std::swap(kernel_, other.kernel_);
		std::swap(path_, other.path_);
		return *this;
	}
	~Mount() { (void)unmount(); }

	const std::string &path() const { return path_; }

	/// When this succeeded, everything is in the image. It stays mounted when busy.
	Result<void> unmount()
	{
		if (!kernel_)
			return {};
		if (int result = lkl_umount(kernel_, path_.c_str()); result < 0)
			return detail::failed(kernel_, result);
		kernel_ = nullptr;
		return {};
	}

private:
	lkl_kernel *kernel_;
	std::string path_;
};

/// A plugged disk, removed by remove() or the destructor. Must not outlive the
/// Kernel.
class Disk {
public:
	Disk(lkl_kernel *kernel, int number) : kernel_(kernel), number_(number) {}
	Disk(Disk &&other) noexcept
		: kernel_(std::exchange(other.kernel_, nullptr)), number_(other.number_)
	{
	}
	Disk &operator=(Disk &&other) noexcept
	{
		std::swap(kernel_, other.kernel_);
		std::swap(number_, other.number_);
		return *this;
	}
	~Disk() { (void)remove(); }

	int number() const { return number_; }

	/// "/dev/vda", "/dev/vda1"
	Result<std::string> device(unsigned partition = 0) const
	{
		char path[64];
		int result = lkl_disk_device(kernel_, number_, partition, path, sizeof(path));

		if (result < 0)
			return detail::failed(kernel_, result);
		return path;
	}
	/// The highest partition number; 0 without a partition table.
	Result<unsigned> partitions() const
	{
		int result = lkl_disk_partitions(kernel_, number_);

		if (result < 0)
			return detail::failed(kernel_, result);
		return static_cast<unsigned>(result);
	}
	/// The kernel's name of the file system there.
	Result<std::string> probe(unsigned partition = 0) const
	{
		char type[64];
		int result = lkl_probe(kernel_, number_, partition, type, sizeof(type));

		if (result < 0)
			return detail::failed(kernel_, result);
		return type;
	}
	Result<Mount> mount(const MountOptions &options = {}) const
	{
		lkl_mount mount = {};
		std::vector<char> path(LKL_PATH_MAX);

		mount.size = sizeof(mount);
		mount.disk = number_;
		mount.partition = options.partition;
		mount.flags = options.flags;
		mount.type = detail::or_null(options.type);
		mount.options = detail::or_null(options.options);
		mount.target = detail::or_null(options.target);
		if (int result = lkl_mount_disk(kernel_, &mount, path.data(), path.size()); result < 0)
			return detail::failed(kernel_, result);
		return Mount(kernel_, path.data());
	}

	/// Flushed and unplugged when this succeeded. It stays while mounted.
	Result<void> remove()
	{
		if (!kernel_)
			return {};
		if (int result = lkl_disk_remove(kernel_, number_); result < 0)
			return detail::failed(kernel_, result);
		kernel_ = nullptr;
		return {};
	}

private:
	lkl_kernel *kernel_;
	int number_;
};

/// A running kernel; halted and freed by the destructor.
class Kernel {
public:
	/// Create and start one.
	static Result<Kernel> create(Options options = {})
	{
		Kernel kernel;
		lkl_options raw = {};
		lkl_kernel *created = nullptr;

		if (options.log)
			kernel.log_ = std::make_unique<Log>(std::move(options.log));
		raw.size = sizeof(raw);
		raw.cpus = options.cpus;
		raw.memory_bytes = options.memory_bytes;
		raw.command_line = detail::or_null(options.command_line);
		raw.kernel_path = detail::or_null(options.kernel_path);
		raw.log = kernel.log_ ? receive : nullptr;
		raw.log_user = kernel.log_.get();
		raw.spin_us = options.spin_us;
		raw.virtual_start_ns = options.virtual_start_ns;
		std::ranges::copy(options.seed, raw.seed);
		if (int result = lkl_create(&raw, &created); result < 0)
			return detail::failed(nullptr, result);
		kernel.kernel_.reset(created);
		if (int result = lkl_start(created); result < 0)
			return detail::failed(created, result);
		return kernel;
	}

	Kernel(Kernel &&other) noexcept = default;
	Kernel &operator=(Kernel &&other) noexcept
	{
		// The old kernel's halt still logs.
		kernel_ = std::move(other.kernel_);
		log_ = std::move(other.log_);
		return *this;
	}

	/// For the functions of lkl.h and <lkl/syscalls.h>.
	lkl_kernel *get() const { return kernel_.get(); }

	Result<void> halt()
	{
		if (int result = lkl_halt(get()); result < 0)
			return detail::failed(get(), result);
		return {};
	}
	/// False once it panicked.
	bool alive() const { return lkl_health(get()) == 0; }

	Result<Disk> add_disk(const DiskOptions &options) const
	{
		lkl_disk disk = {};

		disk.size = sizeof(disk);
		disk.flags = (options.read_only ? LKL_DISK_READ_ONLY : 0) |
			     (options.overlay ? LKL_DISK_OVERLAY : 0) |
			     (options.lock ? 0 : LKL_DISK_NO_LOCK) |
			     (options.stop_at_error ? LKL_DISK_STOP_AT_ERROR : 0);
		disk.path = detail::or_null(options.path);
		disk.fd = options.fd;
		disk.block_bytes = options.block_bytes;
		disk.offset = options.offset;
		disk.bytes = options.bytes;
		disk.serial = detail::or_null(options.serial);

		int result = lkl_disk_add(get(), &disk);

		if (result < 0)
			return detail::failed(get(), result);
		return Disk(get(), result);
	}

	Result<File> open(const std::string &path, int flags = LKL_O_RDONLY,
			  lkl_u32 mode = 0666) const
	{
		int fd = lkl_sys_openat(get(), LKL_AT_FDCWD, path.c_str(), flags | LKL_O_CLOEXEC, mode);

		if (fd < 0) {
			Error error = detail::failed(get(), fd).error();

			return std::unexpected(Error(error.code(), path + ": " + error.message()));
		}
		return File(get(), fd);
	}

	/// The newest log lines of @level or more urgent.
	std::string log_tail(int level = 7, std::size_t bytes = 64 * 1024) const
	{
		std::string lines(bytes, '\0');

		lines.resize(lkl_log_tail(get(), level, lines.data(), lines.size()));
		return lines;
	}

private:
	using Log = std::function<void(int, std::uint64_t, std::string_view)>;

	struct Destroy {
		void operator()(lkl_kernel *kernel) const { lkl_destroy(kernel); }
	};

	Kernel() = default;

	static void receive(void *log, int level, std::uint64_t time_us, const char *line)
	{
		(*static_cast<Log *>(log))(level, time_us, line);
	}

	std::unique_ptr<Log> log_;	// the kernel's, so destroyed after it
	std::unique_ptr<lkl_kernel, Destroy> kernel_;
};

} // namespace v1
} // namespace lkl
