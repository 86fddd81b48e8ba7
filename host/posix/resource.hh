// SPDX-License-Identifier: GPL-2.0
// Owners of the two things the POSIX host keeps asking its system for.
#pragma once

#include <cstddef>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace lkl::host::posix {

/// A descriptor, closed by the destructor; empty when get() is negative.
class Descriptor {
public:
	Descriptor() = default;
	explicit Descriptor(int fd) : fd_(fd) {}
	Descriptor(Descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	Descriptor &operator=(Descriptor &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~Descriptor()
	{
		if (fd_ >= 0)
			close(fd_);
	}

	int get() const { return fd_; }
	explicit operator bool() const { return fd_ >= 0; }

private:
	int fd_ = -1;
};

/// A range of address space, unmapped by the destructor; empty when data() is null.
class Mapping {
public:
	Mapping() = default;
	/// Takes what mmap() returned; MAP_FAILED makes it empty.
	Mapping(void *start, std::size_t bytes)
		: start_(start == MAP_FAILED ? nullptr : static_cast<std::byte *>(start)),
		  bytes_(bytes)
	{
	}
	Mapping(Mapping &&other) noexcept
		: start_(std::exchange(other.start_, nullptr)), bytes_(other.bytes_)
	{
	}
	Mapping &operator=(Mapping &&other) noexcept
	{
		std::swap(start_, other.start_);
		std::swap(bytes_, other.bytes_);
		return *this;
	}
	~Mapping()
	{
		if (start_)
			munmap(start_, bytes_);
	}

	std::byte *data() const { return start_; }
	std::size_t bytes() const { return bytes_; }
	explicit operator bool() const { return start_ != nullptr; }

private:
	std::byte *start_ = nullptr;
	std::size_t bytes_ = 0;
};

} // namespace lkl::host::posix
