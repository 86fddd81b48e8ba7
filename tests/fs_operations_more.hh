// SPDX-License-Identifier: GPL-2.0
// The rest of the operations of fs_operations.hh: links, attributes, storage, and
// what should be refused.
#pragma once

#include "fs_operations.hh"

namespace lkl::test {

inline void Exercise::append()
{
	if (const Entry *entry = pick(files)) {
		const std::string data = fresh_data(left());
		const Fd file(kernel_, at(entry->path), LKL_O_WRONLY | (abilities_.fills_gaps ? LKL_O_APPEND : 0));

		must(lkl_sys_lseek(kernel_, file, 0, LKL_SEEK_END), "lseek");
		write_all(kernel_, file, data);
		pwrite_model(*entry->node, entry->node->data.size(), data);
		done();
	}
}

inline void Exercise::exchange()
{
	const Entry *one = pick(files), *other = pick(files);

	if (!one || one->node == other->node)
		return;
	const int result = lkl_sys_renameat2(kernel_, LKL_AT_FDCWD, at(one->path).c_str(), LKL_AT_FDCWD,
					     at(other->path).c_str(), LKL_RENAME_EXCHANGE);

	if (!offered(result == -LKL_EINVAL ? -LKL_EOPNOTSUPP : result, "exchange"))
		return;
	one->parent->entries[one->name] = other->node;
	other->parent->entries[other->name] = one->node;
	one->parent->modified.reset();
	other->parent->modified.reset();
	done();
}

inline void Exercise::rmdir()
{
	if (const Entry *entry = pick(directories)) {
		const int result = lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, at(entry->path).c_str(), LKL_AT_REMOVEDIR);

		if (!entry->node->entries.empty()) {
			if (result != -LKL_ENOTEMPTY)
				throw std::runtime_error("a full directory: " + std::to_string(result));
			return;
		}
		must(result, "rmdir");
		entry->parent->entries.erase(entry->name);
		entry->parent->modified.reset();
		done();
	}
}

inline void Exercise::symlink()
{
	if (!abilities_.symlinks)
		return;
	const auto [path, directory] = pick_directory();
	const std::string name = fresh_name();
	// Short targets live in the inode, long ones in blocks.
	std::string target = "to";

	for (std::uint64_t parts = random_.below(random_.below(4) ? 3 : 40) + 1; parts; parts--)
		target += "/" + std::string(1 + random_.below(15), 't');
	must(lkl_sys_symlinkat(kernel_, target.c_str(), LKL_AT_FDCWD, at(path + "/" + name).c_str()), "symlink");
	directory->entries[name] = fresh_node(LKL_S_IFLNK | 0777);
	directory->entries[name]->data = target;
	directory->modified.reset();
	done();
}

inline void Exercise::link()
{
	const Entry *entry = pick(files);

	if (!abilities_.links || !entry)
		return;
	const auto [path, directory] = pick_directory();
	const std::string name = fresh_name();

	must(lkl_sys_linkat(kernel_, LKL_AT_FDCWD, at(entry->path).c_str(), LKL_AT_FDCWD,
			    at(path + "/" + name).c_str(), 0), "link");
	directory->entries[name] = entry->node;
	directory->modified.reset();
	done();
}

inline void Exercise::mknod()
{
	if (!abilities_.devices)
		return;
	static constexpr unsigned types[] = {LKL_S_IFIFO, LKL_S_IFCHR, LKL_S_IFBLK, LKL_S_IFSOCK};
	const auto [path, directory] = pick_directory();
	const std::string name = fresh_name();
	const unsigned type = types[random_.below(std::size(types))];
	const bool has_number = type == LKL_S_IFCHR || type == LKL_S_IFBLK;
	const std::uint32_t device = has_number ? lkl_makedev(random_.below(250), random_.below(250)) : 0;

	must(lkl_sys_mknodat(kernel_, LKL_AT_FDCWD, at(path + "/" + name).c_str(), type | 0640, device), "mknod");
	directory->entries[name] = fresh_node(type | 0640);
	directory->entries[name]->device = device;
	directory->modified.reset();
	done();
}

inline void Exercise::chmod()
{
	const Entry *entry = pick(all & ~links);

	if (!abilities_.permissions || !entry)
		return;
	const unsigned mode = (entry->node->is(LKL_S_IFDIR) ? 0700 : 0400) | unsigned(random_.below(01000));

	must(lkl_sys_fchmodat(kernel_, LKL_AT_FDCWD, at(entry->path).c_str(), mode), "chmod");
	entry->node->mode = (entry->node->mode & LKL_S_IFMT) | mode;
	done();
}

inline void Exercise::chown()
{
	const Entry *entry = pick(all);

	if (!abilities_.permissions || !entry)
		return;
	const unsigned uid = unsigned(random_.below(abilities_.largest_id));
	const unsigned gid = unsigned(random_.below(abilities_.largest_id));

	must(lkl_sys_fchownat(kernel_, LKL_AT_FDCWD, at(entry->path).c_str(), uid, gid, LKL_AT_SYMLINK_NOFOLLOW),
	     "chown");
	entry->node->uid = uid;
	entry->node->gid = gid;
	done();
}

inline void Exercise::utimens()
{
	if (const Entry *entry = pick(files | directories)) {
		const std::uint64_t span = std::uint64_t(abilities_.latest_s - abilities_.earliest_s);
		const lkl_s64 seconds = abilities_.earliest_s + lkl_s64(random_.below(span));
		const lkl_timespec times[2] = {{0, LKL_UTIME_OMIT}, {seconds, lkl_s64(random_.below(1000000000))}};

		must(lkl_sys_utimensat(kernel_, LKL_AT_FDCWD, at(entry->path).c_str(), times, 0), "utimensat");
		entry->node->modified = times[1];
		done();
	}
}

inline void Exercise::set_xattr()
{
	const Entry *entry = pick(files | directories);

	if (!abilities_.xattrs || !entry)
		return;
	const std::string name = (random_.below(3) ? "user.k" : "trusted.k") + std::to_string(random_.below(4));
	std::string value(random_.below(random_.below(4) ? 60 : 150), '\0');

	random_.fill(value.data(), value.size());
	if (!offered(lkl_sys_setxattr(kernel_, at(entry->path).c_str(), name.c_str(), value.data(), value.size(), 0),
		     "setxattr " + name))
		return;
	entry->node->xattrs[name] = value;
	done();
}

inline void Exercise::remove_xattr()
{
	for (const Entry *entry : of_type(files | directories))
		if (!entry->node->xattrs.empty()) {
			const std::string name = entry->node->xattrs.begin()->first;

			must(lkl_sys_removexattr(kernel_, at(entry->path).c_str(), name.c_str()), "removexattr");
			entry->node->xattrs.erase(name);
			done();
			return;
		}
}

inline void Exercise::allocate()
{
	const Entry *entry = pick(files);

	if (!entry)
		return;
	const bool keep_size = random_.below(2);
	const std::uint64_t offset = random_.below(entry->node->data.size() + 1);
	const std::uint64_t bytes = 1 + random_.below(std::min<std::uint64_t>(left(), 100000) + 1);
	const Fd file(kernel_, at(entry->path), LKL_O_RDWR);

	// Even a refusal may come after the time was set.
	entry->node->modified.reset();
	if (!offered(lkl_sys_fallocate(kernel_, file, keep_size ? LKL_FALLOC_FL_KEEP_SIZE : 0, lkl_s64(offset),
				       lkl_s64(bytes)), "fallocate"))
		return;
	if (!keep_size && entry->node->data.size() < offset + bytes)
		entry->node->data.resize(offset + bytes);
	done();
}

inline void Exercise::punch()
{
	const Entry *entry = pick(files);

	if (!entry || entry->node->data.empty())
		return;
	std::string &data = entry->node->data;
	const bool zero = random_.below(2);
	const std::uint64_t offset = random_.below(data.size());
	const std::uint64_t bytes = 1 + random_.below(data.size() - offset);
	const Fd file(kernel_, at(entry->path), LKL_O_RDWR);

	entry->node->modified.reset();
	if (!offered(lkl_sys_fallocate(kernel_, file, LKL_FALLOC_FL_KEEP_SIZE |
				       (zero ? LKL_FALLOC_FL_ZERO_RANGE : LKL_FALLOC_FL_PUNCH_HOLE),
				       lkl_s64(offset), lkl_s64(bytes)), zero ? "zero range" : "punch hole"))
		return;
	std::fill_n(data.begin() + std::ptrdiff_t(offset), bytes, '\0');
	done();
}

inline void Exercise::fsync()
{
	if (const Entry *entry = pick(files)) {
		const Fd file(kernel_, at(entry->path), LKL_O_RDWR);

		must(random_.below(2) ? lkl_sys_fsync(kernel_, file) : lkl_sys_fdatasync(kernel_, file), "fsync");
		done();
	}
}

inline void Exercise::copy()
{
	const Entry *from = pick(files), *to = pick(files);

	if (!from || from->node == to->node || from->node->data.size() > left())
		return;
	const Fd in(kernel_, at(from->path), LKL_O_RDONLY), out(kernel_, at(to->path), LKL_O_RDWR | LKL_O_TRUNC);
	const int cloned = lkl_sys_ioctl(kernel_, out, LKL_FICLONE,
					 reinterpret_cast<void *>(static_cast<std::uintptr_t>(int(in))));

	// Where blocks cannot be shared, the kernel copies; where it cannot, we do.
	if (cloned == -LKL_EOPNOTSUPP || cloned == -LKL_ENOTTY || cloned == -LKL_EINVAL) {
		lkl_s64 in_offset = 0, out_offset = 0;
		std::int64_t copied;

		do
			copied = lkl_sys_copy_file_range(kernel_, in, &in_offset, out, &out_offset, 1 << 20, 0);
		while (copied > 0);
		if (copied == -LKL_EINVAL && in_offset == 0)
			write_all(kernel_, out, read_all(kernel_, in));
		else
			must(copied, "copy_file_range");
	} else {
		must(cloned, "FICLONE");
		counts_["copy by sharing"]++;
	}
	to->node->data = from->node->data;
	to->node->modified.reset();
	done();
}

inline void Exercise::hold()
{
	const Entry *entry = pick(files);

	if (!entry)
		return;
	if (held_.size() >= 6)
		held_.pop_front();
	held_.push_back({Fd(kernel_, at(entry->path), LKL_O_RDWR), entry->node});
	done();
}

inline void Exercise::use_held()
{
	if (held_.empty())
		return;
	Held &held = *std::next(held_.begin(), std::ptrdiff_t(random_.below(held_.size())));
	const std::string data = fresh_data(left());

	check_range(held.fd, *held.node);
	pwrite_all(held.fd, 0, data);
	pwrite_model(*held.node, 0, data);
	check_range(held.fd, *held.node);
	done();
}

inline void Exercise::many()
{
	const auto [path, directory] = pick_directory();
	const unsigned first = serial_;

	// Enough for a directory to grow by blocks, and to shrink again.
	for (unsigned i = 0; i < 120; i++)
		put_file(kernel_, at(path + "/m" + std::to_string(serial_++)), std::to_string(i));
	const std::size_t listed = names_in(kernel_, at(path), 1024).size();

	if (listed < directory->entries.size() + 120)
		throw std::runtime_error("only " + std::to_string(listed) + " names are listed");
	for (unsigned i = 0; i < 120; i++)
		must(lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, at(path + "/m" + std::to_string(first + i)).c_str(), 0),
		     "unlink");
	directory->modified.reset();
	done();
}

inline void Exercise::forget()
{
	must(lkl_sys_sync(kernel_), "sync");
	put_file(kernel_, "/proc/sys/vm/drop_caches", "3");
	done();
}

inline void Exercise::temporary()
{
	const auto [path, directory] = pick_directory();
	const int fd = lkl_sys_openat(kernel_, LKL_AT_FDCWD, (at(path) + "/").c_str(), LKL_O_TMPFILE | LKL_O_RDWR, 0600);

	if (!offered(fd, "O_TMPFILE"))
		return;
	const Fd file(kernel_, fd);
	const std::string data = fresh_data(left()), name = fresh_name();

	write_all(kernel_, file, data);
	if (random_.below(2)) {
		must(lkl_sys_linkat(kernel_, file, "", LKL_AT_FDCWD, at(path + "/" + name).c_str(), LKL_AT_EMPTY_PATH),
		     "linkat");
		directory->entries[name] = fresh_node(LKL_S_IFREG | 0600);
		directory->entries[name]->data = data;
		directory->modified.reset();
	}
	done();
}

inline void Exercise::refused()
{
	const Entry *entry = pick(all);

	if (!entry)
		return;
	const std::string path = at(entry->path);
	const auto expect = [](std::int64_t result, std::int64_t should, const char *what) {
		if (result != should)
			throw std::runtime_error(std::string(what) + " gave " + std::to_string(result));
	};

	expect(lkl_sys_openat(kernel_, LKL_AT_FDCWD, path.c_str(), LKL_O_CREAT | LKL_O_EXCL | LKL_O_RDWR, 0600),
	       -LKL_EEXIST, "exclusive creation");
	expect(lkl_sys_mkdirat(kernel_, LKL_AT_FDCWD, path.c_str(), 0700), -LKL_EEXIST, "mkdir");
	expect(lkl_sys_openat(kernel_, LKL_AT_FDCWD, (root_ + "/never-made").c_str(), LKL_O_RDONLY, 0), -LKL_ENOENT,
	       "open of what never was");
	if (entry->node->is(LKL_S_IFDIR))
		expect(lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, path.c_str(), 0), -LKL_EISDIR, "unlink of a directory");
	else
		expect(lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, path.c_str(), LKL_AT_REMOVEDIR), -LKL_ENOTDIR,
		       "rmdir of a file");
	done();
}

} // namespace lkl::test
