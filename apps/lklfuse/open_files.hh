// SPDX-License-Identifier: GPL-2.0
// Files that programs have open: descriptors of the library's kernel. All are closed at the
// end, when a mount may have been in use.
#pragma once

#include <mutex>
#include <unordered_set>

#include <lkl/syscalls.h>

namespace lkl::apps {

class OpenFiles {
public:
	explicit OpenFiles(lkl_kernel *kernel) : kernel_(kernel) {}
	OpenFiles(const OpenFiles &) = delete;
	OpenFiles &operator=(const OpenFiles &) = delete;
	~OpenFiles()
	{
		for (const int descriptor : descriptors_)
			lkl_sys_close(kernel_, descriptor);
	}

	/// Takes @descriptor over.
	void add(int descriptor)
	{
		const std::lock_guard lock(mutex_);

		descriptors_.insert(descriptor);
	}
	/// What close() says.
	int close(int descriptor)
	{
		{
			const std::lock_guard lock(mutex_);

			descriptors_.erase(descriptor);
		}
		return lkl_sys_close(kernel_, descriptor);
	}

private:
	lkl_kernel *const kernel_;
	std::mutex mutex_;
	std::unordered_set<int> descriptors_;
};

} // namespace lkl::apps
