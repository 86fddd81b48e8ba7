// SPDX-License-Identifier: GPL-2.0
#include "bench/tree.hh"

#include <array>
#include <cmath>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bench/support.hh"

namespace lkl::bench {

namespace {

constexpr std::size_t mib = 1 << 20;

constexpr unsigned small_files = 29'958;
constexpr unsigned large_files = 34, sparse_files = 8;
constexpr std::size_t large_bytes = 8 * mib, sparse_bytes = 64 * mib;
// Sizes of small files are as many in each octave: 13 KB on average.
constexpr double least_bytes = 256, size_octaves = 8.2;

constexpr unsigned files_per_folder = 15;
constexpr unsigned folders_per_folder = 10;

// One in so many small files has it; no two numbers have a common divisor, so
// that files carry all combinations.
constexpr unsigned in_attributes = 10, in_acls = 19, in_capabilities = 301;
constexpr unsigned in_hard_links = 59, in_symbolic_links = 31;

/// An ACL as the kernel takes it (linux/posix_acl_xattr.h).
struct Acl {
	struct Entry {
		std::uint16_t tag, permissions;
		std::uint32_t id;
	};

	std::uint32_t version = 2;
	std::array<Entry, 5> entries = {{
		{0x01, 6, 0xffffffff},	// the owner
		{0x02, 4, 1000},	// a user
		{0x04, 4, 0xffffffff},	// the group
		{0x10, 6, 0xffffffff},	// mask
		{0x20, 0, 0xffffffff},	// others
	}};
};
static_assert(sizeof(Acl) == 4 + 5 * 8);

/// cap_net_raw+ep (struct vfs_cap_data, revision 2).
constexpr std::array<std::uint32_t, 5> capability = {0x02000001, 1 << 13, 0, 0, 0};

class Tree {
public:
	explicit Tree(int root) : root_(root), content_(noise(large_bytes + mib, 1)) {}

	void make()
	{
		for (unsigned number = 0; number < small_files; number++) {
			const std::string path =
				folder_of(number) + "/file" + std::to_string(number);

			write_file(path, small_size());
			decorate(path, number);
		}
		make_folder("large");
		for (unsigned number = 0; number < large_files; number++)
			write_file("large/file" + std::to_string(number), large_bytes);
		for (unsigned number = 0; number < sparse_files; number++)
			write_sparse("large/sparse" + std::to_string(number));
	}

private:
	std::size_t small_size()
	{
		return static_cast<std::size_t>(least_bytes *
						std::exp2(random_.fraction() * size_octaves));
	}

	/// The folder of file @number, made with its first file; folders are nested.
	std::string folder_of(unsigned number)
	{
		const unsigned folder = number / files_per_folder;
		const bool fresh = number % files_per_folder == 0;
		const std::array<unsigned, 2> sizes = {folders_per_folder * folders_per_folder,
						       folders_per_folder};
		std::string path;

		for (unsigned size : sizes) {
			path += "folder" + std::to_string(folder / size);
			if (fresh && folder % size == 0)
				make_folder(path);
			path += "/";
		}
		path += "folder" + std::to_string(folder);
		if (fresh)
			make_folder(path);
		return path;
	}

	void make_folder(const std::string &path)
	{
		must(::mkdirat(root_, path.c_str(), 0755), path.c_str());
	}

	/// @bytes of noise, other noise for each file.
	void write_file(const std::string &path, std::size_t bytes)
	{
		const int file = create(path);
		const std::size_t from = random_.next() % mib;

		must(::write(file, &content_[from], bytes), path.c_str());
		finish(file);
	}

	/// Two pieces of data far apart.
	void write_sparse(const std::string &path)
	{
		const int file = create(path);

		must(::ftruncate(file, static_cast<off_t>(sparse_bytes)), path.c_str());
		must(::pwrite(file, content_.data(), mib / 4, 0), path.c_str());
		must(::pwrite(file, content_.data(), mib / 4, sparse_bytes / 2), path.c_str());
		finish(file);
	}

	int create(const std::string &path)
	{
		const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;

		return must(::openat(root_, path.c_str(), flags, 0644), path.c_str());
	}

	/// An owner and a time.
	void finish(int file)
	{
		const std::uint64_t value = random_.next();
		const auto when = static_cast<time_t>(1'600'000'000 + value % 100'000'000);
		const auto fraction = static_cast<long>(value % 1'000'000'000);
		const timespec times[2] = {{when, fraction}, {when, fraction}};

		must(::fchown(file, value % 7 ? 0 : 1000, value % 11 ? 0 : 1000), "fchown");
		must(::futimens(file, times), "futimens");
		must(::close(file), "close");
	}

	void decorate(const std::string &path, unsigned number)
	{
		const Acl acl;
		const std::string value = "value of " + path;
		const std::string hard = path + ".hard", symbolic = path + ".symbolic";
		const int file = must(::openat(root_, path.c_str(), O_RDONLY | O_CLOEXEC),
				      path.c_str());
		const auto set = [file](const char *name, const void *data, std::size_t bytes) {
			must(::fsetxattr(file, name, data, bytes, 0), name);
		};

		if (number % in_attributes == 0)
			set("user.comment", value.data(), value.size());
		if (number % in_acls == 0)
			set("system.posix_acl_access", &acl, sizeof(acl));
		if (number % in_capabilities == 0)
			set("security.capability", capability.data(), sizeof(capability));
		::close(file);
		if (number % in_hard_links == 0)
			must(::linkat(root_, path.c_str(), root_, hard.c_str(), 0), "link");
		if (number % in_symbolic_links == 0)
			must(::symlinkat(value.c_str(), root_, symbolic.c_str()), "symlink");
	}

	const int root_;
	const std::vector<char> content_;
	Random random_{1};
};

} // namespace

void make_tree(const std::string &root)
{
	const int directory =
		must(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), root.c_str());

	Tree(directory).make();
	::close(directory);
}

} // namespace lkl::bench
