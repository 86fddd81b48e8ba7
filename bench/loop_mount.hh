// SPDX-License-Identifier: GPL-2.0
// An image mounted by the host's kernel through a loop device.
//
// The mount is detached from the name space at once and lives by our descriptor:
// it ends with the object or with the process, however that ends.
#pragma once

#include <string>

namespace lkl::bench {

class LoopMount {
public:
	/// Why there can be none here; empty when there can.
	static std::string obstacle();

	/// Mount @image, of @type, with @options of that type; dies when that fails.
	LoopMount(const std::string &image, const char *type, bool read_only,
		  const char *options = nullptr);
	LoopMount(const LoopMount &) = delete;
	LoopMount &operator=(const LoopMount &) = delete;
	/// Unmounts; all is written to the image then.
	~LoopMount();

	/// The mounted directory, for this process and those that it starts.
	std::string path() const;
	/// What is mounted, for programs that need a path with names: they can mount it once
	/// more, for themselves.
	const std::string &device() const { return device_; }

private:
	int directory_;
	std::string device_;
};

} // namespace lkl::bench
