// SPDX-License-Identifier: GPL-2.0
// Image files and block devices.
#include "host/host.hh"
#include "host/posix/resource.hh"
#include "host/posix/system.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <mutex>

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace lkl::host {

namespace {

using namespace posix;

static_assert(sizeof(Buffer) == sizeof(iovec) &&
	      offsetof(Buffer, bytes) == offsetof(iovec, iov_len));
static_assert(sizeof(off_t) == 8, "files are larger than 2 GiB");

std::unexpected<Error> failure(int code, const std::string &name, const char *what)
{
	return std::unexpected(Error{code, name + ": " + what});
}

/// A position in a scattered transfer that system calls advance piece by piece.
class Cursor {
public:
	explicit Cursor(std::span<const Buffer> buffers) : buffers_(buffers) { skip_empty(); }

	bool at_end() const { return next_ == buffers_.size(); }

	/// The next pieces, as many as one call may take.
	std::span<const iovec> pieces()
	{
		std::size_t count = std::min(buffers_.size() - next_, pieces_.size());
		for (std::size_t i = 0; i < count; i++) {
			const Buffer &buffer = buffers_[next_ + i];
			pieces_[i] = {buffer.data, buffer.bytes};
		}
		pieces_[0].iov_base = static_cast<std::byte *>(pieces_[0].iov_base) + within_;
		pieces_[0].iov_len -= within_;
		return {pieces_.data(), count};
	}

	void advance(std::size_t bytes)
	{
		within_ += bytes;
		skip_empty();
	}

private:
	/// Leave finished buffers behind, so that a transfer of nothing means the end
	/// of the file.
	void skip_empty()
	{
		while (!at_end() && within_ >= buffers_[next_].bytes)
			within_ -= buffers_[next_++].bytes;
	}

	std::span<const Buffer> buffers_;
	std::size_t next_ = 0;		// buffer
	std::size_t within_ = 0;	// bytes of it that are done
	// Left uninitialized: each use fills what it needs.
	std::array<iovec, 256> pieces_;
	static_assert(std::tuple_size_v<decltype(pieces_)> <= IOV_MAX);
};

/// 0 for what can hold an image, else the Linux errno that says why not.
int unfit(const struct stat &status)
{
	if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode))
		return 0;
	return linux_errno(S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
}

class PosixFile final : public File {
public:
	/// @fd is used, and closed with @owned. @name is for messages.
	static Result<std::unique_ptr<File>> create(int fd, Descriptor owned, Access access,
						    const std::string &name);
	~PosixFile() override;

	Result<std::span<const std::byte>> contents() override;
	std::uint64_t bytes() const override { return bytes_; }
	std::uint32_t block_bytes() const override { return block_bytes_; }
	bool read_only() const override { return access_ == Access::read_only; }
	int descriptor() const override { return fd_; }
	std::int64_t read(std::span<const Buffer> buffers, std::uint64_t offset,
			  bool cached_only) override;
	std::int64_t write(std::span<const Buffer> buffers, std::uint64_t offset) override;
	int sync() override;
	int discard(std::uint64_t offset, std::uint64_t bytes) override;
	int zero(std::uint64_t offset, std::uint64_t bytes) override;
	int lock() override;

private:
	PosixFile(int fd, Descriptor owned, Access access, std::string name)
		: fd_(fd), owned_(std::move(owned)), access_(access), name_(std::move(name))
	{
	}

	ssize_t read_pieces(std::span<const iovec> pieces, std::uint64_t offset,
			    bool cached_only);

	int fd_;
	Descriptor owned_;	// empty for a borrowed descriptor
	Access access_;
	std::string name_;
	bool device_ = false;
	std::uint64_t bytes_ = 0;
	std::uint32_t block_bytes_ = 512;
	std::atomic<bool> cache_unknown_ = false;	// read_cached() is no use
	bool in_memory_ = false;

	std::mutex mutex_;	// of what follows
	Mapping contents_;
	Descriptor claim_;
	bool locked_ = false;
};

Result<std::unique_ptr<File>> PosixFile::create(int fd, Descriptor owned, Access access,
						const std::string &name)
{
	std::unique_ptr<PosixFile> file(new PosixFile(fd, std::move(owned), access, name));
	struct stat status {};
	if (fstat(fd, &status) < 0)
		return failure(linux_errno(errno), name, "stat");
	if (int code = unfit(status))
		return failure(code, name, "open");

	file->device_ = S_ISBLK(status.st_mode);
	file->bytes_ = static_cast<std::uint64_t>(status.st_size);
	if (file->device_) {
		std::optional<DeviceShape> shape = device_shape(fd);
		if (!shape)
			return failure(linux_errno(errno), name, "size of the block device");
		file->bytes_ = shape->bytes;
		file->block_bytes_ = shape->block_bytes;
	} else {
		file->in_memory_ = lives_in_memory(fd);
	}
	return file;
}

PosixFile::~PosixFile()
{
	// A borrowed descriptor stays open and would keep the lock.
	if (locked_)
		flock(fd_, LOCK_UN);
}

Result<std::span<const std::byte>> PosixFile::contents()
{
	std::lock_guard guard(mutex_);
	if (!contents_ && bytes_ > 0) {
		Mapping whole(mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd_, 0), bytes_);
		if (!whole)
			return failure(linux_errno(errno), name_, "mmap");
		contents_ = std::move(whole);
	}
	return std::span<const std::byte>(contents_.data(), contents_.bytes());
}

/// One system call's worth.
ssize_t PosixFile::read_pieces(std::span<const iovec> pieces, std::uint64_t offset,
			       bool cached_only)
{
	int count = static_cast<int>(pieces.size());
	off_t at = static_cast<off_t>(offset);
	if (!cached_only || in_memory_)
		return preadv(fd_, pieces.data(), count, at);

	if (!cache_unknown_.load(std::memory_order_relaxed)) {
		ssize_t done = read_cached(fd_, pieces.data(), count, at);
		if (done >= 0 || errno != EOPNOTSUPP)
			return done;
		cache_unknown_.store(true, std::memory_order_relaxed);
	}
	errno = EAGAIN;
	return -1;
}

std::int64_t PosixFile::read(std::span<const Buffer> buffers, std::uint64_t offset,
			     bool cached_only)
{
	std::int64_t total = 0;
	for (Cursor cursor(buffers); !cursor.at_end();) {
		ssize_t done = read_pieces(cursor.pieces(), offset, cached_only);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return total > 0 ? total : -linux_errno(errno);
		if (done == 0)
			break;
		cursor.advance(static_cast<std::size_t>(done));
		offset += static_cast<std::uint64_t>(done);
		total += done;
	}
	return total;
}

std::int64_t PosixFile::write(std::span<const Buffer> buffers, std::uint64_t offset)
{
	if (read_only())
		return -linux_errno(EBADF);
	std::int64_t total = 0;
	for (Cursor cursor(buffers); !cursor.at_end();) {
		std::span<const iovec> pieces = cursor.pieces();
		ssize_t done = pwritev(fd_, pieces.data(), static_cast<int>(pieces.size()),
				       static_cast<off_t>(offset));
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -linux_errno(errno);
		if (done == 0)
			return -linux_errno(ENOSPC);
		cursor.advance(static_cast<std::size_t>(done));
		offset += static_cast<std::uint64_t>(done);
		total += done;
	}
	return total;
}

int PosixFile::sync()
{
	while (!read_only() && fdatasync(fd_) < 0) {
		if (errno != EINTR)
			return -linux_errno(errno);
	}
	return 0;
}

int PosixFile::discard(std::uint64_t offset, std::uint64_t bytes)
{
	if (read_only())
		return -linux_errno(EBADF);
	return bytes ? discard_range(fd_, device_, offset, bytes) : 0;
}

int PosixFile::zero(std::uint64_t offset, std::uint64_t bytes)
{
	if (read_only())
		return -linux_errno(EBADF);
	return bytes ? zero_range(fd_, device_, offset, bytes) : 0;
}

int PosixFile::lock()
{
	std::lock_guard guard(mutex_);
	if (flock(fd_, (read_only() ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		locked_ = true;
	else if (errno == EWOULDBLOCK)
		return -linux_errno(EBUSY);
	else if (errno != EOPNOTSUPP && errno != ENOSYS && errno != ENOLCK)
		return -linux_errno(errno);

	// The system itself locks what it has mounted in its own way.
	if (device_ && !read_only() && !claim_) {
		Result<Descriptor> claim = claim_device(fd_);
		if (!claim)
			return -claim.error().code;
		claim_ = std::move(*claim);
	}
	return 0;
}

} // namespace

Result<std::unique_ptr<File>> File::open(const std::string &path, Access access)
{
	// Looked at before it is opened, which for a tape or a fifo does something
	// already; and without waiting in case it turns into a fifo in between.
	struct stat status {};
	if (stat(path.c_str(), &status) < 0)
		return failure(linux_errno(errno), path, "open");
	if (int code = unfit(status))
		return failure(code, path, "open");
	int flags = (access == Access::read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY |
		    (S_ISREG(status.st_mode) ? O_NONBLOCK : 0);
	Descriptor owned(::open(path.c_str(), flags));
	if (!owned)
		return failure(linux_errno(errno), path, "open");
	int fd = owned.get();
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return PosixFile::create(fd, std::move(owned), access, path);
}

Result<std::unique_ptr<File>> File::borrow(int fd, Access access)
{
	std::string name = "descriptor " + std::to_string(fd);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return failure(linux_errno(errno), name, "use");
	int mode = flags & O_ACCMODE;
	if (mode == O_WRONLY || (mode == O_RDONLY && access == Access::read_write))
		return failure(linux_errno(EBADF), name, "access mode");
	// Linux appends then, whatever offset it is told.
	if (access == Access::read_write && (flags & O_APPEND))
		return failure(linux_errno(EINVAL), name, "opened for appending");
	return PosixFile::create(fd, Descriptor(), access, name);
}

Result<std::unique_ptr<File>> File::scratch(std::uint64_t bytes)
{
	Result<Descriptor> owned = create_memory_object(bytes);
	if (!owned)
		return std::unexpected(std::move(owned.error()));
	int fd = owned->get();
	return PosixFile::create(fd, std::move(*owned), Access::read_write, "memory");
}

} // namespace lkl::host
