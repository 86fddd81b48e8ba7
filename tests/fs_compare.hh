// SPDX-License-Identifier: GPL-2.0
// One tree seen twice: inside an instance and by the host.
//
// Types, modes, owners, sizes, times of modification, link counts, devices, link
// targets, extended attributes (all that both kernels list) and every byte.
#pragma once

#include "support_files.hh"

#include <filesystem>
#include <map>
#include <utility>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace lkl::test {

class TreeComparison {
public:
	/// @skip names what one of the sides cannot know, comma separated.
	TreeComparison(lkl_kernel *kernel, std::string ours, std::string theirs, const std::string &skip)
		: kernel_(kernel), ours_(std::move(ours)), theirs_(std::move(theirs)), skip_("," + skip + ",")
	{
		directory("");
	}

	/// Differences, one per line; empty when there is none.
	const std::string &text() const
	{
		return text_;
	}

	unsigned entries() const
	{
		return entries_;
	}

private:
	bool skips(const char *what) const
	{
		return skip_.find("," + std::string(what) + ",") != std::string::npos;
	}

	void differ(const std::string &path, const std::string &what)
	{
		if (++differences_ <= 30)
			text_ += "\n  " + path + ": " + what;
	}

	template <class A, class B>
	void equal(const std::string &path, const char *what, A inside, B outside)
	{
		if (std::cmp_not_equal(inside, outside))
			differ(path, std::string(what) + " is " + std::to_string(inside) + " inside, " +
					     std::to_string(outside) + " on the host");
	}

	void directory(const std::string &path)
	{
		const std::multiset<std::string> inside = names_in(kernel_, ours_ + path);
		std::multiset<std::string> outside;

		for (const auto &entry : std::filesystem::directory_iterator(theirs_ + path))
			outside.insert(entry.path().filename().string());
		for (const std::string &name : inside)
			if (!outside.contains(name))
				differ(path + "/" + name, "is not seen by the host");
		for (const std::string &name : outside) {
			if (!inside.contains(name))
				differ(path + "/" + name, "is not seen inside");
			else
				entry(path + "/" + name);
		}
	}

	void entry(const std::string &path)
	{
		const lkl_stat inside = stat_of(kernel_, ours_ + path, LKL_AT_SYMLINK_NOFOLLOW);
		struct stat outside = {};

		entries_++;
		if (::lstat((theirs_ + path).c_str(), &outside)) {
			differ(path, "the host cannot see it");
			return;
		}
		equal(path, "type", inside.st_mode & LKL_S_IFMT, outside.st_mode & S_IFMT);
		if ((inside.st_mode & LKL_S_IFMT) != (outside.st_mode & S_IFMT))
			return;
		if (!skips("modes"))
			equal(path, "mode", inside.st_mode & 07777, outside.st_mode & 07777);
		if (!skips("owners")) {
			equal(path, "uid", inside.st_uid, outside.st_uid);
			equal(path, "gid", inside.st_gid, outside.st_gid);
		}
		if (!skips("times")) {
			equal(path, "mtime", inside.st_mtime_sec, outside.st_mtim.tv_sec);
			if (!skips("nanoseconds"))
				equal(path, "mtime ns", inside.st_mtime_nsec, outside.st_mtim.tv_nsec);
		}
		if (!S_ISDIR(outside.st_mode)) {
			equal(path, "size", inside.st_size, outside.st_size);
			if (!skips("links"))
				equal(path, "link count", inside.st_nlink, outside.st_nlink);
		}
		if (S_ISCHR(outside.st_mode) || S_ISBLK(outside.st_mode)) {
			equal(path, "major", lkl_major(inside.st_rdev), major(outside.st_rdev));
			equal(path, "minor", lkl_minor(inside.st_rdev), minor(outside.st_rdev));
		}
		if (!skips("xattrs"))
			xattrs(path);
		if (S_ISDIR(outside.st_mode))
			directory(path);
		else if (S_ISREG(outside.st_mode) && inside.st_size == outside.st_size)
			content(path);
		else if (S_ISLNK(outside.st_mode))
			target(path);
	}

	using Attributes = std::map<std::string, std::string>;

	void xattrs(const std::string &path)
	{
		const std::string inside = ours_ + path, outside = theirs_ + path;
		std::vector<char> names(65536), value(65536);
		Attributes ours, theirs;

		for (std::int64_t at = 0, size = lkl_sys_llistxattr(kernel_, inside.c_str(), names.data(), names.size());
		     at < size; at += std::int64_t(std::strlen(&names[std::size_t(at)])) + 1) {
			const char *const name = &names[std::size_t(at)];
			const std::int64_t got = lkl_sys_lgetxattr(kernel_, inside.c_str(), name, value.data(), value.size());

			ours[name] = std::string(value.data(), std::size_t(std::max<std::int64_t>(got, 0)));
		}
		for (ssize_t at = 0, size = ::llistxattr(outside.c_str(), names.data(), names.size()); at < size;
		     at += ssize_t(std::strlen(&names[std::size_t(at)])) + 1) {
			const char *const name = &names[std::size_t(at)];
			const ssize_t got = ::lgetxattr(outside.c_str(), name, value.data(), value.size());

			theirs[name] = std::string(value.data(), std::size_t(std::max<ssize_t>(got, 0)));
		}
		if (skips("acls"))
			std::erase_if(theirs, [](const auto &attribute) {
				return attribute.first.starts_with("system.posix_acl");
			});
		for (const auto &[name, ours_value] : ours)
			if (!theirs.contains(name) || theirs[name] != ours_value)
				differ(path, "attribute " + name + " differs or is not on the host");
		for (const auto &[name, theirs_value] : theirs)
			if (!ours.contains(name))
				differ(path, "attribute " + name + " is not inside");
	}

	void content(const std::string &path)
	{
		const Fd inside(kernel_, ours_ + path, LKL_O_RDONLY);
		const int outside = ::open((theirs_ + path).c_str(), O_RDONLY | O_CLOEXEC);
		std::vector<char> ours(1 << 18), theirs(1 << 18);
		std::uint64_t offset = 0;

		for (;;) {
			const std::int64_t got = must(lkl_sys_read(kernel_, inside, ours.data(), ours.size()),
						      "read " + path);
			const ssize_t host_got = ::pread(outside, theirs.data(), std::size_t(got), off_t(offset));

			if (!got)
				break;
			if (host_got != got || std::memcmp(ours.data(), theirs.data(), std::size_t(got))) {
				differ(path, "content differs after byte " + std::to_string(offset));
				break;
			}
			offset += std::uint64_t(got);
		}
		::close(outside);
	}

	void target(const std::string &path)
	{
		char inside[4096] = {}, outside[4096] = {};

		lkl_sys_readlinkat(kernel_, LKL_AT_FDCWD, (ours_ + path).c_str(), inside, sizeof(inside) - 1);
		if (::readlink((theirs_ + path).c_str(), outside, sizeof(outside) - 1) < 0 ||
		    std::strcmp(inside, outside))
			differ(path, "link target differs");
	}

	lkl_kernel *kernel_;
	std::string ours_, theirs_, skip_, text_;
	unsigned entries_ = 0, differences_ = 0;
};

} // namespace lkl::test
