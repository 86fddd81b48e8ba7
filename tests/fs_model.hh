// SPDX-License-Identifier: GPL-2.0
// A directory tree in memory, and the comparison of a mounted file system with it.
//
// The model knows only what Linux promises: a time that the kernel set by itself
// is unknown, everything else is exact. What a file system cannot keep is left out
// by its Abilities.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "support_files.hh"

namespace lkl::test {

/// What a type of file system keeps of a file.
struct Abilities {
	const char *type;
	bool permissions;	// mode and owner
	bool links;
	bool symlinks;
	bool devices;
	bool xattrs;
	bool unicode;		// names beyond ASCII with the default mount options
	bool fills_gaps;	// zeroes what lies between old data and an O_APPEND
	unsigned name_bytes;
	std::uint32_t largest_id;
	std::int64_t time_step_ns;
	std::int64_t earliest_s, latest_s;	// of the times that can be set
};

inline const Abilities &abilities_of(const std::string &type)
{
	constexpr std::uint32_t any = 4000000000u;
	static const Abilities known[] = {
		{"ext2", true, true, true, true, true, true, true, 255, any, 1000000000, -2000000000, 2000000000},
		{"ext3", true, true, true, true, true, true, true, 255, any, 1000000000, -2000000000, 2000000000},
		{"ext4", true, true, true, true, true, true, true, 255, any, 1, -2000000000, 14000000000},
		{"xfs", true, true, true, true, true, true, true, 255, any, 1, -2000000000, 14000000000},
		{"btrfs", true, true, true, true, true, true, true, 255, any, 1, -2000000000, 14000000000},
		{"f2fs", true, true, true, true, true, true, true, 255, any, 1, -2000000000, 14000000000},
		{"vfat", false, false, false, false, false, true, true, 200, 0, 2000000000, 400000000, 4000000000},
		// exfat of 6.12 looks at the offset before O_APPEND sets it; ntfs3 of 6.12
		// reads times before 1970 wrong.
		{"exfat", false, false, false, false, false, true, false, 255, 0, 2000000000, 400000000, 4000000000},
		{"ntfs3", true, true, true, false, true, true, true, 255, any, 100, 0, 14000000000},
		{"minix", true, true, true, true, false, true, true, 30, 60000, 1000000000, 0, 4000000000},
		{"nilfs2", true, true, true, true, false, true, true, 255, any, 1, 0, 14000000000},
		{"jfs", true, true, true, true, true, true, true, 255, any, 1, 0, 4000000000},
		{"udf", true, true, true, true, false, true, true, 120, any, 1000, 0, 14000000000},
		{"hfs", false, false, false, false, false, false, true, 31, 0, 1000000000, 0, 2000000000},
		{"affs", false, true, true, false, false, false, true, 30, 0, 1000000000, 300000000, 4000000000},
		{"hfsplus", true, true, true, true, true, false, true, 255, any, 1000000000, 0, 2000000000},
	};

	for (const Abilities &abilities : known)
		if (type == abilities.type)
			return abilities;
	throw std::runtime_error("no abilities are known of " + type);
}

/// One inode of the model.
struct Node {
	unsigned mode;				// with the file's type
	unsigned uid = 0, gid = 0;
	std::uint64_t device = 0;
	std::string data;			// of a file; target of a link
	std::optional<lkl_timespec> modified;	// empty: as the kernel chose
	std::map<std::string, std::string> xattrs;
	std::map<std::string, std::shared_ptr<Node>> entries;

	bool is(unsigned type) const
	{
		return (mode & LKL_S_IFMT) == type;
	}
};

using NodePtr = std::shared_ptr<Node>;

/// A name in the model.
struct Entry {
	std::string path;	// relative to the root, "/a/b"
	NodePtr parent;
	std::string name;
	NodePtr node;
};

/// All names below @directory, parents first.
inline void collect(const NodePtr &directory, const std::string &path, std::vector<Entry> &entries)
{
	for (const auto &[name, node] : directory->entries) {
		entries.push_back({path + "/" + name, directory, name, node});
		if (node->is(LKL_S_IFDIR))
			collect(node, path + "/" + name, entries);
	}
}

/// Extended attributes of @path that the test set (user.*, trusted.*).
inline std::map<std::string, std::string> xattrs_of(lkl_kernel *kernel, const std::string &path)
{
	std::map<std::string, std::string> xattrs;
	std::vector<char> names(LKL_XATTR_LIST_MAX), value(LKL_XATTR_SIZE_MAX);
	const std::int64_t size = lkl_sys_llistxattr(kernel, path.c_str(), names.data(), names.size());

	// The second is hfsplus's word for none.
	if (size == -LKL_EOPNOTSUPP || size == -LKL_ENODATA)
		return xattrs;
	must(size, "llistxattr " + path);
	for (const char *name = names.data(); name < names.data() + size; name += std::strlen(name) + 1) {
		if (std::strncmp(name, "user.", 5) && std::strncmp(name, "trusted.", 8))
			continue;
		const std::int64_t got = must(lkl_sys_lgetxattr(kernel, path.c_str(), name, value.data(),
								value.size()), "lgetxattr " + path);

		xattrs[name] = std::string(value.data(), static_cast<std::size_t>(got));
	}
	return xattrs;
}

/// Compares a mounted tree with the model; the differences, in words.
class Comparison {
public:
	Comparison(lkl_kernel *kernel, std::string root, const Abilities &abilities)
		: kernel_(kernel), root_(std::move(root)), abilities_(abilities)
	{
	}

	std::vector<std::string> run(const NodePtr &model)
	{
		std::vector<Entry> entries;

		collect(model, "", entries);
		for (const Entry &entry : entries)
			if (!entry.node->is(LKL_S_IFDIR))
				links_[entry.node.get()]++;
		directory(model, "");
		return std::move(differences_);
	}

private:
	void differ(const std::string &path, const std::string &what)
	{
		if (differences_.size() < 20)
			differences_.push_back(path + ": " + what);
	}

	template <class T>
	void equal(const std::string &path, const char *what, const T &is, const T &should)
	{
		if (is != should)
			differ(path, std::string(what) + " is " + std::to_string(is) + ", should be " +
					     std::to_string(should));
	}

	void directory(const NodePtr &model, const std::string &path)
	{
		std::multiset<std::string> there = names_in(kernel_, root_ + path);

		// What mkfs made is none of ours.
		if (path.empty())
			for (const char *name : {"lost+found", "System Volume Information", ".nilfs"})
				there.erase(name);
		for (const std::string &name : there)
			if (!model->entries.contains(name))
				differ(path + "/" + name, "should not exist");
		for (const auto &[name, node] : model->entries) {
			const std::size_t count = there.count(name);

			if (count != 1)
				differ(path + "/" + name, "is listed " + std::to_string(count) + " times");
			inode(node, path + "/" + name);
		}
	}

	void inode(const NodePtr &model, const std::string &path)
	{
		lkl_stat stat = {};

		if (lkl_sys_newfstatat(kernel_, LKL_AT_FDCWD, (root_ + path).c_str(), &stat,
				       LKL_AT_SYMLINK_NOFOLLOW) < 0) {
			differ(path, "cannot be seen");
			return;
		}
		if ((stat.st_mode & LKL_S_IFMT) != (model->mode & LKL_S_IFMT)) {
			differ(path, "is another type of file");
			return;
		}
		if (abilities_.permissions) {
			if (!model->is(LKL_S_IFLNK))
				equal(path, "mode", stat.st_mode, model->mode);
			equal(path, "uid", stat.st_uid, model->uid);
			equal(path, "gid", stat.st_gid, model->gid);
		}
		if (abilities_.links && !model->is(LKL_S_IFDIR))
			equal(path, "link count", stat.st_nlink, links_.at(model.get()));
		if (model->is(LKL_S_IFCHR) || model->is(LKL_S_IFBLK))
			equal(path, "device", std::uint64_t(stat.st_rdev), model->device);
		time(*model, stat, path);
		if (abilities_.xattrs && xattrs_of(kernel_, root_ + path) != model->xattrs)
			differ(path, "extended attributes differ");
		if (model->is(LKL_S_IFDIR))
			directory(model, path);
		else if (model->is(LKL_S_IFREG))
			content(*model, stat, path);
		else if (model->is(LKL_S_IFLNK))
			target(*model, path);
	}

	void time(const Node &model, const lkl_stat &stat, const std::string &path)
	{
		if (!model.modified)
			return;
		const std::int64_t is = stat.st_mtime_sec * 1000000000 + std::int64_t(stat.st_mtime_nsec);
		const std::int64_t should = model.modified->tv_sec * 1000000000 + model.modified->tv_nsec;

		if (is > should || should - is >= abilities_.time_step_ns)
			equal(path, "time of modification", is, should);
	}

	void content(const Node &model, const lkl_stat &stat, const std::string &path)
	{
		equal(path, "size", std::int64_t(stat.st_size), std::int64_t(model.data.size()));
		if (stat.st_size != lkl_s64(model.data.size()))
			return;
		const std::string data = get_file(kernel_, root_ + path);

		if (data.size() != model.data.size()) {
			differ(path, "reads as " + std::to_string(data.size()) + " bytes");
			return;
		}
		std::size_t first = 0, last = data.size();

		while (first < last && data[first] == model.data[first])
			first++;
		while (last > first && data[last - 1] == model.data[last - 1])
			last--;
		if (first < last)
			differ(path, "content differs from byte " + std::to_string(first) + " (" +
					     std::to_string(static_cast<unsigned char>(data[first])) +
					     " for " +
					     std::to_string(static_cast<unsigned char>(model.data[first])) +
					     ") to " + std::to_string(last));
	}

	void target(const Node &model, const std::string &path)
	{
		char text[LKL_PATH_MAX];
		const std::int64_t size = lkl_sys_readlinkat(kernel_, LKL_AT_FDCWD, (root_ + path).c_str(), text,
							     sizeof(text));

		if (size < 0 || std::string(text, static_cast<std::size_t>(size)) != model.data)
			differ(path, "link target differs");
	}

	lkl_kernel *kernel_;
	std::string root_;
	const Abilities &abilities_;
	std::unordered_map<const Node *, unsigned> links_;
	std::vector<std::string> differences_;
};

/// Throws unless the tree at @root is the model's.
inline void must_equal(lkl_kernel *kernel, const std::string &root, const NodePtr &model,
		       const Abilities &abilities, const std::string &when)
{
	std::string text;

	for (const std::string &difference : Comparison(kernel, root, abilities).run(model))
		text += "\n  " + difference;
	if (!text.empty())
		throw std::runtime_error(when + ", the file system differs from the model:" + text);
}

} // namespace lkl::test
