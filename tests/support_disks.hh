// SPDX-License-Identifier: GPL-2.0
// Disk images, host commands and disks served from memory, for end-to-end tests.
#pragma once

#include <map>

#include "support_files.hh"

#include <sys/stat.h>
#include <sys/wait.h>

namespace lkl::test {

/// What a shell command did: its exit status and everything it wrote.
struct Shell {
	int status;
	std::string output;

	explicit operator bool() const
	{
		return status == 0;
	}
};

inline Shell run_on_host(const std::string &command)
{
	Shell shell = {-1, {}};
	char piece[4096];
	FILE *const pipe = ::popen(("exec 2>&1 </dev/null; " + command).c_str(), "r");

	if (!pipe)
		return shell;
	while (const std::size_t got = std::fread(piece, 1, sizeof(piece), pipe))
		shell.output.append(piece, got);
	const int status = ::pclose(pipe);

	shell.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	return shell;
}

/// The same where failure is none of the test's subject.
inline std::string must_on_host(const std::string &command)
{
	const Shell shell = run_on_host(command);

	if (!shell)
		throw std::runtime_error(command + ": " + shell.output);
	return shell.output;
}

inline bool host_has(const std::string &program)
{
	return bool(run_on_host("PATH=$PATH:/usr/sbin:/sbin command -v " + program));
}

/// An image file in the host's memory, removed at the end.
class Image {
public:
	explicit Image(std::uint64_t bytes)
	{
		const int fd = ::mkstemp(path_);

		if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)))
			throw std::runtime_error("cannot make an image file");
		::close(fd);
	}

	/// Filled by @command, in which "IMG" stands for the path.
	Image(std::uint64_t bytes, const std::string &command) : Image(bytes)
	{
		run(command);
	}

	Image(const Image &) = delete;
	Image &operator=(const Image &) = delete;

	~Image()
	{
		::unlink(path_);
	}

	const char *path() const
	{
		return path_;
	}

	std::string run(std::string command) const
	{
		for (std::size_t at; (at = command.find("IMG")) != std::string::npos;)
			command.replace(at, 3, path_);
		return must_on_host("PATH=$PATH:/usr/sbin:/sbin; " + command);
	}

	std::string content() const
	{
		return read_host_file(path_);
	}

	void set_content(std::string_view content) const
	{
		const int fd = ::open(path_, O_WRONLY | O_TRUNC | O_CLOEXEC);

		if (fd < 0 || ::write(fd, content.data(), content.size()) != ssize_t(content.size()))
			throw std::runtime_error("cannot fill an image file");
		::close(fd);
	}

	/// Bytes of storage that the host gave the file.
	std::uint64_t allocated() const
	{
		struct stat stat = {};

		::stat(path_, &stat);
		return static_cast<std::uint64_t>(stat.st_blocks) * 512;
	}

private:
	char path_[40] = "/dev/shm/lkl-image-XXXXXX";
};

inline lkl_disk disk_of(const char *path, unsigned flags = 0)
{
	lkl_disk disk = {};

	disk.size = sizeof(disk);
	disk.flags = flags;
	disk.path = path;
	disk.fd = -1;
	return disk;
}

inline int add_disk(lkl_kernel *kernel, const lkl_disk &disk)
{
	const int number = lkl_disk_add(kernel, &disk);

	if (number < 0)
		throw std::runtime_error(std::string("lkl_disk_add: ") + lkl_last_error(kernel));
	return number;
}

/// Add the disk and mount @partition of it; the directory.
inline std::string mount_disk(lkl_kernel *kernel, int disk, unsigned partition = 0, unsigned flags = 0,
			      const char *options = nullptr)
{
	lkl_mount mount = {};
	char path[256];

	mount.size = sizeof(mount);
	mount.disk = disk;
	mount.partition = partition;
	mount.flags = flags;
	mount.options = options;
	if (lkl_mount_disk(kernel, &mount, path, sizeof(path)) < 0)
		throw std::runtime_error(std::string("lkl_mount_disk: ") + lkl_last_error(kernel));
	return path;
}

inline std::string device_of(lkl_kernel *kernel, int disk, unsigned partition = 0)
{
	char path[64];

	must(lkl_disk_device(kernel, disk, partition, path, sizeof(path)), "lkl_disk_device");
	return path;
}

/// A disk in memory that counts, delays, fails, and knows what was made durable.
class MemoryDisk {
public:
	explicit MemoryDisk(std::size_t bytes) : data_(bytes, '\0') {}
	explicit MemoryDisk(std::string content) : data_(std::move(content)) {}

	lkl_disk disk(unsigned flags = 0)
	{
		lkl_disk disk = disk_of(nullptr, flags);

		disk.ops = &ops;
		disk.user = this;
		disk.bytes = data_.size();
		return disk;
	}

	std::string content() const
	{
		const std::lock_guard guard(mutex_);

		return data_;
	}

	/// What a power cut now would leave: the writes before the last flush.
	std::string durable() const
	{
		const std::lock_guard guard(mutex_);
		std::string durable = data_;

		// Undo what came later, the newest first.
		for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo)
			durable.replace(undo->first, undo->second.size(), undo->second);
		return durable;
	}

	std::atomic<unsigned> reads = 0, writes = 0, flushes = 0, in_flight = 0, most_in_flight = 0;
	/// Requests from this one on fail, one by one counted; -1: none does.
	std::atomic<int> fail_reads_after = -1, fail_writes_after = -1, fail_flushes_after = -1;
	/// Whether a failing disk goes on failing.
	std::atomic<bool> fail_forever = true;
	std::atomic<unsigned> delay_us = 0;

private:
	bool fails(std::atomic<int> &after)
	{
		if (after < 0)
			return false;
		if (after > 0) {
			after--;
			return false;
		}
		if (!fail_forever)
			after = -1;
		return true;
	}

	void enter()
	{
		const unsigned now = ++in_flight;

		for (unsigned most = most_in_flight; most < now && !most_in_flight.compare_exchange_weak(most, now);)
			;
		if (delay_us)
			std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
	}

	static int read(void *user, void *buf, std::size_t bytes, std::uint64_t offset)
	{
		MemoryDisk *self = static_cast<MemoryDisk *>(user);

		self->enter();
		self->reads++;
		int result = 0;

		if (offset > self->data_.size() || bytes > self->data_.size() - offset) {
			ADD_FAILURE() << "read of " << bytes << " bytes at " << offset << " is outside";
			result = -LKL_EIO;
		} else if (self->fails(self->fail_reads_after)) {
			result = -LKL_EIO;
		} else {
			const std::lock_guard guard(self->mutex_);

			std::memcpy(buf, self->data_.data() + offset, bytes);
		}
		self->in_flight--;
		return result;
	}

	static int write(void *user, const void *buf, std::size_t bytes, std::uint64_t offset)
	{
		MemoryDisk *self = static_cast<MemoryDisk *>(user);

		self->enter();
		self->writes++;
		int result = 0;

		if (offset > self->data_.size() || bytes > self->data_.size() - offset) {
			ADD_FAILURE() << "write of " << bytes << " bytes at " << offset << " is outside";
			result = -LKL_EIO;
		} else if (self->fails(self->fail_writes_after)) {
			result = -LKL_EIO;
		} else {
			const std::lock_guard guard(self->mutex_);

			self->undo_.emplace_back(offset, self->data_.substr(offset, bytes));
			std::memcpy(self->data_.data() + offset, buf, bytes);
		}
		self->in_flight--;
		return result;
	}

	static int flush(void *user)
	{
		MemoryDisk *self = static_cast<MemoryDisk *>(user);

		self->flushes++;
		if (self->fails(self->fail_flushes_after))
			return -LKL_EIO;
		const std::lock_guard guard(self->mutex_);

		self->undo_.clear();
		return 0;
	}

	static constexpr lkl_disk_ops ops = {sizeof(lkl_disk_ops), 0, read, write, flush,
					     nullptr, nullptr, nullptr, nullptr};

	mutable std::mutex mutex_;
	std::string data_;
	std::vector<std::pair<std::size_t, std::string>> undo_;
};

/// The content of an ext4 image made by mke2fs with @options.
inline std::string ext4_content(std::uint64_t bytes, const std::string &options = "")
{
	return Image(bytes, "mkfs.ext4 -q -F " + options + " IMG").content();
}

} // namespace lkl::test
