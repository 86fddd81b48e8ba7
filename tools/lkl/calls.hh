// SPDX-License-Identifier: GPL-2.0
// System calls that the library makes for itself.
//
// Two sources of the calling task: init, by whoever owns it (start and halt), or
// the calling thread's own, as in lkl_syscall().
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <lkl/abi.h>

#include "host/host.hh"

struct lkl_kernel;

namespace lkl {

class Calls {
public:
	Calls(const lkl_image &image, lkl_thread *init) : image_(&image), init_(init) {}
	explicit Calls(lkl_kernel &kernel) : kernel_(&kernel) {}

	/// System call @nr with integers, enumerators and pointers; its result.
	template <class... Args> std::int64_t operator()(std::int64_t nr, Args... args) const
	{
		const std::int64_t words[6] = {word(args)...};

		return call(nr, words);
	}

	/// The whole of a small file (of proc or sysfs).
	Result<std::string> read_file(const std::string &path) const;
	/// Names in a directory, without . and ..
	Result<std::vector<std::string>> list(const std::string &path) const;
	/// A directory and those above it; existing ones are fine.
	Result<void> make_directories(const std::string &path) const;
	/// Write back everything of the file system or device at @path, and learn of
	/// writes that failed before.
	Result<void> flush(const std::string &path, std::int64_t nr) const;

private:
	static std::int64_t word(std::integral auto value) { return static_cast<std::int64_t>(value); }
	static std::int64_t word(std::nullptr_t) { return 0; }
	static std::int64_t word(const void *pointer)
	{
		return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(pointer));
	}

	std::int64_t call(std::int64_t nr, const std::int64_t *words) const;

	const lkl_image *image_ = nullptr;
	lkl_thread *init_ = nullptr;
	lkl_kernel *kernel_ = nullptr;
};

/// An open descriptor, closed at the end of its scope.
class OpenFile {
public:
	static Result<OpenFile> open(const Calls &calls, const std::string &path, unsigned flags);
	OpenFile(OpenFile &&other) noexcept
		: calls_(other.calls_), fd_(std::exchange(other.fd_, -1))
	{
	}
	OpenFile &operator=(OpenFile &&) = delete;
	~OpenFile();

	int fd() const { return fd_; }

private:
	OpenFile(const Calls &calls, int fd) : calls_(calls), fd_(fd) {}

	Calls calls_;
	int fd_;
};

/// A line of /proc/self/mounts.
struct MountEntry {
	std::string source;
	std::string target;
	std::string type;
};

/// The mounts that the caller sees, in the order they were made.
Result<std::vector<MountEntry>> mounts(const Calls &calls);

} // namespace lkl
