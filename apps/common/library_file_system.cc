// SPDX-License-Identifier: GPL-2.0
#include "library_file_system.hh"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>

#include <lkl/syscalls.h>

namespace lkl::apps {

namespace {

// Holds the largest attribute value and list, and some 2,000 directory records.
constexpr std::size_t buffer_bytes = 128 * 1024;
static_assert(buffer_bytes >= LKL_XATTR_SIZE_MAX && buffer_bytes >= LKL_XATTR_LIST_MAX);

/// Trees deeper than the usual limit of 1024 open files are legitimate.
constexpr lkl_rlimit64 open_files = {1 << 20, 1 << 20};

FileType type_of_mode(unsigned mode)
{
	switch (mode & LKL_S_IFMT) {
	case LKL_S_IFREG: return FileType::regular;
	case LKL_S_IFDIR: return FileType::directory;
	case LKL_S_IFLNK: return FileType::symbolic_link;
	case LKL_S_IFCHR: return FileType::character_device;
	case LKL_S_IFBLK: return FileType::block_device;
	case LKL_S_IFIFO: return FileType::fifo;
	case LKL_S_IFSOCK: return FileType::socket;
	default: return FileType::unknown;
	}
}

/// A record's type is the mode's type shifted down (include/linux/fs_types.h).
FileType type_of_record(unsigned type)
{
	return type_of_mode(type << 12);
}

Timestamp timestamp(const lkl_statx_timestamp &time)
{
	// ntfs3 gives negative ones to times before 1970.
	const auto nanoseconds = static_cast<std::int32_t>(time.tv_nsec);

	if (nanoseconds < 0)
		return {time.tv_sec - 1, static_cast<std::uint32_t>(nanoseconds + 1'000'000'000)};
	return {time.tv_sec, time.tv_nsec};
}

std::uint64_t device_number(std::uint32_t major, std::uint32_t minor)
{
	return static_cast<std::uint64_t>(major) << 32 | minor;
}

/// hfsplus in 6.12 lists the names that Macintoshes gave without their last letter. What is
/// meant is found by trying: all that exist are in the list, under this name.
void add_macintosh_names(const std::string &listed,
			 const LibraryFileSystem::HasAttribute &is_there,
			 std::set<std::string> &names)
{
	bool any = false;
	const auto attempt = [&](const std::string &name) {
		if (is_there(name))
			names.insert(name), any = true;
	};

	attempt(listed);
	for (char letter = ' '; letter <= '~'; letter++)
		attempt(listed + letter);
	if (!any)
		names.insert(listed);
}

} // namespace

LibraryFileSystem::LibraryFileSystem(lkl_kernel *kernel, KernelLog &log, Handle root)
    : kernel_(kernel), log_(log), root_(root), buffer_(buffer_bytes)
{
}

LibraryFileSystem::~LibraryFileSystem()
{
	lkl_sys_chdir(kernel_, "/");
	lkl_sys_close(kernel_, root_);
}

Result<std::unique_ptr<LibraryFileSystem>> LibraryFileSystem::open(lkl_kernel *kernel,
								   KernelLog &log, const char *path)
{
	// A refusal only means that the usual limit stays.
	lkl_sys_prlimit64(kernel, 0, LKL_RLIMIT_NOFILE, &open_files, nullptr);

	const int root = lkl_sys_openat(kernel, LKL_AT_FDCWD, path,
					LKL_O_RDONLY | LKL_O_DIRECTORY | LKL_O_CLOEXEC, 0);
	if (root < 0)
		return failure(std::string("open root directory: ") + lkl_strerror(root) +
				       log.complaint(),
			       -root);
	return std::unique_ptr<LibraryFileSystem>(new LibraryFileSystem(kernel, log, root));
}

std::unexpected<Error> LibraryFileSystem::failed(const char *what, std::int64_t code)
{
	const int error = static_cast<int>(-code);

	return failure(std::string(what) + ": " + lkl_strerror(error) + log_.complaint(), error);
}

std::optional<Error> LibraryFileSystem::broken()
{
	if (lkl_health(kernel_) == 0)
		return std::nullopt;

	// After what was attempted, which does not matter here.
	const std::string text = lkl_last_error(kernel_);
	return Error{LKL_EIO, text.substr(std::min(text.find("the kernel died"), text.size()))};
}

Result<FileSystem::Handle> LibraryFileSystem::open(Handle parent, const char *name, int flags)
{
	const int handle = lkl_sys_openat(kernel_, parent, name,
					  flags | LKL_O_RDONLY | LKL_O_NOFOLLOW | LKL_O_NOATIME |
						  LKL_O_NONBLOCK | LKL_O_CLOEXEC,
					  0);

	if (handle < 0)
		return failed("open", handle);
	return handle;
}

Result<FileSystem::Handle> LibraryFileSystem::open_in_root(const std::string &path)
{
	lkl_open_how how{};

	how.flags = LKL_O_RDONLY | LKL_O_DIRECTORY | LKL_O_CLOEXEC;
	how.resolve = LKL_RESOLVE_IN_ROOT;
	const int handle = lkl_sys_openat2(kernel_, root_, path.c_str(), &how, sizeof(how));

	if (handle < 0)
		return failed("open", handle);
	return handle;
}

Result<FileSystem::Handle> LibraryFileSystem::open_directory(Handle parent, const char *name)
{
	return open(parent, name, LKL_O_DIRECTORY);
}

Result<FileSystem::Handle> LibraryFileSystem::open_file(Handle parent, const char *name)
{
	return open(parent, name, 0);
}

void LibraryFileSystem::close(Handle handle)
{
	if (handle == working_directory_)
		working_directory_ = -1;
	lkl_sys_close(kernel_, handle);
}

Result<void> LibraryFileSystem::list(Handle directory, Listing &listing)
{
	lkl_u64 last_inode = 0;
	std::string last_name;

	for (;;) {
		const std::int64_t got =
			lkl_sys_getdents64(kernel_, directory, buffer_.data(), buffer_.size());

		if (got < 0)
			return failed("read directory", got);
		if (got == 0)
			return {};
		for (std::int64_t at = 0; at < got;) {
			const char *record = buffer_.data() + at;
			lkl_dirent64 head;

			// Only the fixed part is sure to be there.
			std::memcpy(&head, record, LKL_DIRENT64_NAME);

			const std::string_view name(record + LKL_DIRENT64_NAME);
			// In a damaged directory udf gives the last good entry for ever.
			if (at == 0 && head.d_ino == last_inode && name == last_name)
				return failed("read directory", -LKL_EIO);
			at += head.d_reclen;
			if (at >= got)
				last_inode = head.d_ino, last_name = name;
			if (name != "." && name != "..")
				listing.add(head.d_ino, type_of_record(head.d_type), name);
		}
	}
}

Result<Metadata> LibraryFileSystem::stat(Handle parent, const char *name)
{
	lkl_statx stat;
	const int result = lkl_sys_statx(kernel_, parent, name,
					 LKL_AT_SYMLINK_NOFOLLOW | LKL_AT_NO_AUTOMOUNT,
					 LKL_STATX_BASIC_STATS, &stat);

	if (result < 0)
		return failed("stat", result);

	Metadata meta;
	meta.type = type_of_mode(stat.stx_mode);
	meta.permissions = stat.stx_mode & 07777;
	meta.uid = stat.stx_uid;
	meta.gid = stat.stx_gid;
	meta.links = stat.stx_nlink;
	meta.size = stat.stx_size;
	meta.allocated = stat.stx_blocks * 512;
	meta.modified = timestamp(stat.stx_mtime);
	meta.accessed = timestamp(stat.stx_atime);
	meta.changed = timestamp(stat.stx_ctime);
	meta.id = {device_number(stat.stx_dev_major, stat.stx_dev_minor), stat.stx_ino};
	meta.device_major = stat.stx_rdev_major;
	meta.device_minor = stat.stx_rdev_minor;
	return meta;
}

Result<std::string> LibraryFileSystem::read_link(Handle parent, const char *name)
{
	char target[LKL_PATH_MAX];
	const std::int64_t got =
		lkl_sys_readlinkat(kernel_, parent, name, target, static_cast<int>(sizeof(target)));

	if (got < 0)
		return failed("read link", got);
	return std::string(target, static_cast<std::size_t>(got));
}

/// The calls for attributes of symbolic links take a path but no directory.
Result<void> LibraryFileSystem::enter(Handle directory)
{
	if (directory == working_directory_)
		return {};

	const int result = lkl_sys_fchdir(kernel_, directory);

	if (result < 0)
		return failed("enter directory", result);
	working_directory_ = directory;
	return {};
}

Result<std::string> LibraryFileSystem::attribute_names(Handle parent, const char *name)
{
	TRY(enter(parent));
	return names_from(lkl_sys_llistxattr(kernel_, name, buffer_.data(), LKL_XATTR_LIST_MAX),
			  [&](const std::string &attribute) {
				  return lkl_sys_lgetxattr(kernel_, name, attribute.c_str(), nullptr, 0) >= 0;
			  });
}

Result<std::string> LibraryFileSystem::attribute_names(Handle handle)
{
	return names_from(lkl_sys_flistxattr(kernel_, handle, buffer_.data(), LKL_XATTR_LIST_MAX),
			  [&](const std::string &attribute) {
				  return lkl_sys_fgetxattr(kernel_, handle, attribute.c_str(), nullptr, 0) >= 0;
			  });
}

Result<std::string> LibraryFileSystem::names_from(std::int64_t got, const HasAttribute &is_there)
{
	// ENODATA is what hfsplus says of a file that has none.
	if (got == -LKL_EOPNOTSUPP || got == -LKL_ENODATA)
		return std::string();
	if (got < 0)
		return failed("list extended attributes", got);

	// That of hfsplus in 6.12 overwrites itself where a shorter name follows a longer one.
	if (got > 0 && buffer_[static_cast<std::size_t>(got) - 1])
		return failure("list extended attributes: the kernel's list is damaged");

	// ntfs3 keeps owner, mode and device in these, and lists them beside.
	std::string names;
	std::set<std::string> of_macintosh;
	for (std::string_view left(buffer_.data(), static_cast<std::size_t>(got)); !left.empty();) {
		const std::string_view name = left.substr(0, left.find('\0') + 1);

		if (name.starts_with("osx."))
			add_macintosh_names(std::string(name.data()), is_there, of_macintosh);
		else if (!name.starts_with("$LX"))
			names += name;
		left.remove_prefix(name.empty() ? left.size() : name.size());
	}
	for (const std::string &name : of_macintosh)
		names.append(name.c_str(), name.size() + 1);
	return names;
}

Result<std::string> LibraryFileSystem::attribute(Handle parent, const char *name,
						 const char *attribute)
{
	TRY(enter(parent));
	return value_from(lkl_sys_lgetxattr(kernel_, name, attribute, buffer_.data(),
					    LKL_XATTR_SIZE_MAX),
			  attribute);
}

Result<std::string> LibraryFileSystem::attribute(Handle handle, const char *attribute)
{
	return value_from(lkl_sys_fgetxattr(kernel_, handle, attribute, buffer_.data(),
					    LKL_XATTR_SIZE_MAX),
			  attribute);
}

Result<std::string> LibraryFileSystem::value_from(std::int64_t got, const char *attribute)
{
	if (got < 0)
		return failed(attribute, got);
	return std::string(buffer_.data(), static_cast<std::size_t>(got));
}

Result<std::size_t> LibraryFileSystem::read(Handle file, std::span<std::byte> buffer,
					    std::uint64_t offset)
{
	std::size_t done = 0;

	while (done < buffer.size()) {
		const std::int64_t got =
			lkl_sys_pread64(kernel_, file, buffer.data() + done, buffer.size() - done,
					static_cast<lkl_s64>(offset + done));

		if (got < 0 && done == 0)
			return failed("read", got);
		if (got <= 0)
			break;
		done += static_cast<std::size_t>(got);
	}
	return done;
}

Result<std::optional<std::uint64_t>> LibraryFileSystem::seek(Handle file, std::uint64_t offset,
							     int whence)
{
	const std::int64_t found =
		lkl_sys_lseek(kernel_, file, static_cast<lkl_s64>(offset), whence);

	if (found == -LKL_ENXIO)
		return std::nullopt;
	if (found < 0)
		return failed("find holes", found);
	return static_cast<std::uint64_t>(found);
}

Result<std::optional<std::uint64_t>> LibraryFileSystem::next_data(Handle file,
								  std::uint64_t offset)
{
	return seek(file, offset, LKL_SEEK_DATA);
}

Result<std::optional<std::uint64_t>> LibraryFileSystem::next_hole(Handle file,
								  std::uint64_t offset)
{
	return seek(file, offset, LKL_SEEK_HOLE);
}

void LibraryFileSystem::forget(Handle file, std::uint64_t offset, std::uint64_t bytes)
{
	lkl_sys_fadvise64(kernel_, file, static_cast<lkl_s64>(offset),
			  static_cast<lkl_s64>(bytes), LKL_POSIX_FADV_DONTNEED);
}

Result<std::uint64_t> LibraryFileSystem::used_bytes()
{
	lkl_statfs stat;
	const int result = lkl_sys_fstatfs(kernel_, root_, &stat);

	if (result < 0)
		return failed("statfs", result);
	return static_cast<std::uint64_t>(stat.f_blocks - stat.f_bfree) *
	       static_cast<std::uint64_t>(stat.f_bsize);
}

std::size_t LibraryFileSystem::name_bytes()
{
	lkl_statfs stat;

	if (lkl_sys_fstatfs(kernel_, root_, &stat) < 0)
		return FileSystem::name_bytes();
	return static_cast<std::size_t>(stat.f_namelen);
}

} // namespace lkl::apps
