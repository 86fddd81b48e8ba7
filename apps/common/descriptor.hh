// SPDX-License-Identifier: GPL-2.0
// An open file of the host, closed when its owner goes.
#pragma once

#include <unistd.h>

#include <utility>

namespace lkl::apps {

class Descriptor {
public:
	/// -1: none.
	explicit Descriptor(int fd = -1) : fd_(fd) {}
	Descriptor(Descriptor &&other) noexcept : fd_(other.release()) {}
	Descriptor &operator=(Descriptor &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~Descriptor()
	{
		if (fd_ >= 0)
			::close(fd_);
	}

	int get() const { return fd_; }
	/// Give it away.
	int release() { return std::exchange(fd_, -1); }
	void close() { *this = Descriptor(); }
	explicit operator bool() const { return fd_ >= 0; }

private:
	int fd_;
};

} // namespace lkl::apps
