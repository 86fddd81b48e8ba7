// SPDX-License-Identifier: GPL-2.0
// One tree seen twice: inside an instance and by the host.
//
// Types, modes, owners, sizes, times of modification, link counts, devices, link
// targets, extended attributes (all that both kernels list) and every byte.
#pragma once

#include "support_files.hh"

#include <filesystem>
#include <map>
#include <optional>
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
		if (!S_ISDIR(outside.st_mode) && !skips("links"))
			equal(path, "link count", inside.st_nlink, outside.st_nlink);
		if (!S_ISDIR(outside.st_mode) && !S_ISLNK(outside.st_mode))
			equal(path, "size", inside.st_size, outside.st_size);
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
			target(path, inside.st_size, outside.st_size);
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

	void target(const std::string &path, std::int64_t inside_size, std::int64_t outside_size)
	{
		char inside[4096] = {}, outside[4096] = {};

		lkl_sys_readlinkat(kernel_, LKL_AT_FDCWD, (ours_ + path).c_str(), inside, sizeof(inside) - 1);
		if (const std::optional<std::string> stored = reparse_target(theirs_ + path)) {
			if (*stored != inside || inside_size != std::int64_t(std::strlen(inside)))
				differ(path, "link target is " + std::string(inside) + " inside, stored is " + *stored);
			return;
		}
		if (!skips("link-sizes"))
			equal(path, "size", inside_size, outside_size);
		if (::readlink((theirs_ + path).c_str(), outside, sizeof(outside) - 1) < 0 ||
		    std::strcmp(inside, outside))
			differ(path, "link target differs");
	}

	/// ntfs-3g resolves a link by itself and shows one that leads nowhere as an error
	/// text, but hands out the reparse point ([MS-FSCC] 2.1.2.4): its print name.
	static std::optional<std::string> reparse_target(const std::string &path)
	{
		constexpr std::uint32_t symlink_tag = 0xa000000c;
		constexpr std::size_t print_name_offset = 12, print_name_bytes = 14, names = 20;
		std::vector<unsigned char> data(65536);
		const ssize_t size = ::lgetxattr(path.c_str(), "system.ntfs_reparse_data", data.data(), data.size());
		const auto le16 = [&](std::size_t at) { return std::size_t(data[at] | data[at + 1] << 8); };
		std::string target;

		if (size < ssize_t(names) || (le16(0) | le16(2) << 16) != symlink_tag)
			return std::nullopt;
		const std::size_t begin = names + le16(print_name_offset), end = begin + le16(print_name_bytes);

		if (end > std::size_t(size))
			return "a print name beyond the reparse point";
		// The exercise's targets are ASCII.
		for (std::size_t at = begin; at < end; at += 2)
			target += le16(at) == '\\' ? '/' : le16(at) < 0x80 ? char(le16(at)) : '?';
		return target;
	}

	lkl_kernel *kernel_;
	std::string ours_, theirs_, skip_, text_;
	unsigned entries_ = 0, differences_ = 0;
};

} // namespace lkl::test
