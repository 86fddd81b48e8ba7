// SPDX-License-Identifier: GPL-2.0
// What a thread is in the library's kernel while it serves requests.
//
// It works with all capabilities, as who may do what is decided by the host's kernel; but
// files that it makes are the caller's. That is the kernel's business there: setgid
// directories, umask and default ACLs count as always. So the thread has the caller's
// fsuid, fsgid and umask while it makes something. It keeps them afterwards, as they have
// no effect on anything else and the next caller is likely to be the same.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <lkl.h>

namespace lkl::apps {

struct Caller {
	std::uint32_t uid, gid, umask;

	bool operator==(const Caller &) const = default;
};

class Worker {
public:
	/// The calling thread's. In a process there is one kernel that has workers.
	static Worker &mine(lkl_kernel *kernel);

	/// From now on the thread makes files as @caller. 0 or a negative errno.
	int become(const Caller &caller);
	/// Memory for the data of one request, valid until the next call.
	std::span<char> buffer(std::size_t bytes);

	/// 0, or why the thread is no worker: a negative errno.
	int trouble() const { return trouble_; }

private:
	explicit Worker(lkl_kernel *kernel);

	lkl_kernel *const kernel_;
	int trouble_;
	Caller caller_ = {0, 0, 0};
	std::vector<char> buffer_;
};

/// A path by which the calling worker opens and changes the very file that is open as
/// @descriptor, by O_PATH too. Only for the calls that take no descriptor of that kind.
class DescriptorPath {
public:
	explicit DescriptorPath(int descriptor);

	const char *c_str() const { return text_; }

private:
	char text_[16];
};

} // namespace lkl::apps
