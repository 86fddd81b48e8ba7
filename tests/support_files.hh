// SPDX-License-Identifier: GPL-2.0
// Files inside an instance, for the end-to-end tests: descriptors that close
// themselves, whole files as strings, directory listings.
//
// Everything here throws std::runtime_error on failure; tests that expect one
// call lkl_sys_* themselves.
#pragma once

#include <set>
#include <utility>

#include "support.hh"

namespace lkl::test {

/// A descriptor of an instance, closed at the end of its life.
class Fd {
public:
	Fd(lkl_kernel *kernel, std::int64_t fd, std::string_view what = "descriptor")
		: kernel_(kernel), fd_(static_cast<int>(must(fd, what)))
	{
	}

	/// Open or create @path.
	Fd(lkl_kernel *kernel, const std::string &path, int flags, unsigned mode = 0644)
		: Fd(kernel, lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), flags, mode), path)
	{
	}

	Fd(Fd &&other) noexcept : kernel_(other.kernel_), fd_(std::exchange(other.fd_, -1)) {}
	Fd &operator=(Fd &&) = delete;

	~Fd()
	{
		if (fd_ >= 0)
			lkl_sys_close(kernel_, fd_);
	}

	operator int() const
	{
		return fd_;
	}

	/// Close now, telling the result.
	int close()
	{
		return lkl_sys_close(kernel_, std::exchange(fd_, -1));
	}

private:
	lkl_kernel *kernel_;
	int fd_;
};

/// Both ends of a pipe.
struct Pipe {
	explicit Pipe(lkl_kernel *kernel, int flags = 0) : Pipe(kernel, make(kernel, flags)) {}

	Fd reader, writer;

private:
	using Ends = std::pair<int, int>;

	Pipe(lkl_kernel *kernel, Ends ends) : reader(kernel, ends.first), writer(kernel, ends.second)
	{
	}

	static Ends make(lkl_kernel *kernel, int flags)
	{
		int ends[2];

		must(lkl_sys_pipe2(kernel, ends, flags), "pipe2");
		return {ends[0], ends[1]};
	}
};

/// Write all of @data at the descriptor's position.
inline void write_all(lkl_kernel *kernel, int fd, std::string_view data)
{
	while (!data.empty())
		data.remove_prefix(static_cast<std::size_t>(
			must(lkl_sys_write(kernel, fd, data.data(), data.size()), "write")));
}

/// Read until the end of the file, or until @limit bytes came.
inline std::string read_all(lkl_kernel *kernel, int fd, std::size_t limit = SIZE_MAX)
{
	std::string data;
	std::vector<char> piece(1 << 16);

	while (data.size() < limit) {
		const std::size_t want = std::min(piece.size(), limit - data.size());
		const std::int64_t got = must(lkl_sys_read(kernel, fd, piece.data(), want), "read");

		if (!got)
			break;
		data.append(piece.data(), static_cast<std::size_t>(got));
	}
	return data;
}

inline void put_file(lkl_kernel *kernel, const std::string &path, std::string_view content)
{
	const Fd file(kernel, path, LKL_O_WRONLY | LKL_O_CREAT | LKL_O_TRUNC);

	write_all(kernel, file, content);
}

inline std::string get_file(lkl_kernel *kernel, const std::string &path)
{
	const Fd file(kernel, path, LKL_O_RDONLY);

	return read_all(kernel, file);
}

inline void make_directory(lkl_kernel *kernel, const std::string &path, unsigned mode = 0755)
{
	must(lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, path.c_str(), mode), "mkdir " + path);
}

inline lkl_stat stat_of(lkl_kernel *kernel, const std::string &path, int flags = 0)
{
	lkl_stat stat = {};

	must(lkl_sys_newfstatat(kernel, LKL_AT_FDCWD, path.c_str(), &stat, flags), "stat " + path);
	return stat;
}

inline bool exists(lkl_kernel *kernel, const std::string &path)
{
	lkl_stat stat;

	return lkl_sys_newfstatat(kernel, LKL_AT_FDCWD, path.c_str(), &stat,
				  LKL_AT_SYMLINK_NOFOLLOW) == 0;
}

/// Names in directory @path without "." and "..", read @piece bytes at a time.
inline std::multiset<std::string> names_in(lkl_kernel *kernel, const std::string &path,
					   unsigned piece = 32768)
{
	const Fd directory(kernel, path, LKL_O_RDONLY | LKL_O_DIRECTORY);
	std::multiset<std::string> names;
	std::vector<char> buffer(piece);

	while (const std::int64_t got = must(
		       lkl_sys_getdents64(kernel, directory, buffer.data(), piece), "getdents64")) {
		for (std::int64_t at = 0; at < got;) {
			std::uint16_t length;
			const char *name = &buffer[static_cast<std::size_t>(at) + LKL_DIRENT64_NAME];

			std::memcpy(&length, &buffer[static_cast<std::size_t>(at) + 16], sizeof(length));
			if (std::strcmp(name, ".") && std::strcmp(name, ".."))
				names.insert(name);
			at += length;
		}
	}
	return names;
}

/// A fresh tmpfs, as big as the instance's memory allows, mounted at /t.
inline std::string workspace(lkl_kernel *kernel)
{
	make_directory(kernel, "/t");
	must(lkl_sys_mount(kernel, "none", "/t", "tmpfs", 0, "size=90%"), "mount tmpfs");
	return "/t";
}

} // namespace lkl::test
