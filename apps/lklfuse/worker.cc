// SPDX-License-Identifier: GPL-2.0
#include "worker.hh"

#include <charconv>

#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/securebits.h>

#include <lkl/syscalls.h>

namespace lkl::apps {

namespace {

constexpr const char *descriptors = "/proc/self/fd";

/// Umask and working directory are the thread's own from here on; its capabilities do
/// not depend on its ids.
int prepare(lkl_kernel *kernel)
{
	if (const int result = lkl_sys_unshare(kernel, CLONE_FS); result < 0)
		return result;
	if (const std::int64_t result = lkl_sys_prctl(
		    kernel, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
	    result < 0)
		return static_cast<int>(result);
	lkl_sys_umask(kernel, 0);
	return lkl_sys_chdir(kernel, descriptors);
}

} // namespace

Worker::Worker(lkl_kernel *kernel) : kernel_(kernel), trouble_(prepare(kernel)) {}

Worker &Worker::mine(lkl_kernel *kernel)
{
	static thread_local Worker worker(kernel);

	return worker;
}

int Worker::become(const Caller &caller)
{
	if (trouble_ < 0 || caller == caller_)
		return trouble_;
	if (caller.uid != caller_.uid)
		lkl_sys_setfsuid(kernel_, caller.uid);
	if (caller.gid != caller_.gid)
		lkl_sys_setfsgid(kernel_, caller.gid);
	if (caller.umask != caller_.umask)
		lkl_sys_umask(kernel_, caller.umask);
	caller_ = caller;
	return 0;
}

std::span<char> Worker::buffer(std::size_t bytes)
{
	if (buffer_.size() < bytes)
		buffer_.resize(bytes);
	return {buffer_.data(), bytes};
}

DescriptorPath::DescriptorPath(int descriptor)
{
	*std::to_chars(text_, text_ + sizeof(text_) - 1, descriptor).ptr = '\0';
}

} // namespace lkl::apps
