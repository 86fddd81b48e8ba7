// SPDX-License-Identifier: GPL-2.0
// Writes files into the ext4 file system on an image of any format, through the parts of
// the tools that open images. Links the library without a kernel, so that names one.
//
// usage: source_writer KERNEL IMAGE COUNT [--backing-files]
//
// Makes COUNT files /fN of 100 KiB that consist of N and newlines, and removes /gone, if
// it is there, giving its blocks back. Prints each name once it is synced; then unmounts.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include <lkl/syscalls.h>

#include "apps/common/disk_source.hh"

using namespace lkl::apps;

namespace {

std::unexpected<Error> failed(lkl_kernel *kernel)
{
	return failure(lkl_last_error(kernel));
}

Result<void> write_file(lkl_kernel *kernel, const std::string &directory, const std::string &name)
{
	std::string text;
	const int file = lkl_sys_openat(kernel, LKL_AT_FDCWD, (directory + "/f" + name).c_str(),
					LKL_O_WRONLY | LKL_O_CREAT | LKL_O_TRUNC, 0644);

	while (text.size() < 100 << 10)
		text += name + "\n";
	if (file < 0 ||
	    lkl_sys_write(kernel, file, text.data(), text.size()) != static_cast<std::int64_t>(text.size()) ||
	    lkl_sys_fsync(kernel, file) < 0 || lkl_sys_close(kernel, file) < 0)
		return failed(kernel);
	std::printf("f%s\n", name.c_str());
	std::fflush(stdout);
	return {};
}

/// Remove /gone, and tell the disk which of its blocks nobody needs.
Result<void> give_back(lkl_kernel *kernel, const std::string &directory)
{
	lkl_fstrim_range everything = {0, ~0ull, 0};

	if (lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, (directory + "/gone").c_str(), 0) == -LKL_ENOENT)
		return {};

	const int root = lkl_sys_openat(kernel, LKL_AT_FDCWD, directory.c_str(), LKL_O_RDONLY, 0);

	if (root < 0 || lkl_sys_sync(kernel) < 0)
		return failed(kernel);

	const int trimmed = lkl_sys_ioctl(kernel, root, LKL_FITRIM, &everything);

	lkl_sys_close(kernel, root);
	// A disk may have no use for it.
	return trimmed < 0 && trimmed != -LKL_EOPNOTSUPP ? failed(kernel) : Result<void>();
}

Result<void> work(lkl_kernel *kernel, DiskSource &source, int count)
{
	lkl_disk disk = {};
	lkl_mount mount = {};
	char path[256];

	disk.size = sizeof(disk);
	TRY(source.describe(disk, 0));
	mount.size = sizeof(mount);
	mount.disk = lkl_disk_add(kernel, &disk);
	mount.type = "ext4";
	if (mount.disk < 0 || lkl_mount_disk(kernel, &mount, path, sizeof(path)) < 0)
		return failed(kernel);
	for (int i = 0; i < count; i++)
		TRY(write_file(kernel, path, std::to_string(i)));
	TRY(give_back(kernel, path));
	if (lkl_umount(kernel, path) < 0 || lkl_halt(kernel) < 0)
		return failed(kernel);
	return {};
}

Result<void> run(const char *image, const char *kernel_path, int count, bool backing_files)
{
	const std::unique_ptr<DiskSource> source =
		TRY(DiskSource::open({image, true, std::nullopt, "", backing_files}));
	lkl_options options = {};
	lkl_kernel *kernel = nullptr;

	options.size = sizeof(options);
	options.kernel_path = kernel_path;
	if (lkl_create(&options, &kernel) < 0 || lkl_start(kernel) < 0)
		return failed(kernel);

	const Result<void> done = work(kernel, *source, count);
	const std::optional<Error> trouble = source->trouble();
	lkl_destroy(kernel);
	if (trouble)
		return std::unexpected(*trouble);
	TRY(done);
	return source->close();
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 4) {
		std::fprintf(stderr, "usage: source_writer KERNEL IMAGE COUNT [--backing-files]\n");
		return 2;
	}

	const Result<void> done = run(argv[2], argv[1], std::atoi(argv[3]), argc > 4);

	if (!done)
		std::fprintf(stderr, "source_writer: %s: %s\n", argv[2], done.error().text.c_str());
	return done ? 0 : 2;
}
