// SPDX-License-Identifier: GPL-2.0
// The types of file systems of the library's kernel, for filesystems_test.sh.
//
//   fs_types list      /proc/filesystems
//   fs_types mount     those without a disk that could be mounted, or used

#include "support_files.hh"

using namespace lkl::test;

namespace {

void types()
{
	const Instance kernel;

	std::fputs(get_file(kernel, "/proc/filesystems").c_str(), stdout);
}

/// Whether a file below @folder holds what is put into it.
bool keeps_a_file(lkl_kernel *kernel, const std::string &folder)
{
	put_file(kernel, folder + "/file", "content");
	return get_file(kernel, folder + "/file") == "content";
}

void mounts()
{
	const Instance kernel;
	const auto mounted = [&](const char *type, const char *options = "") {
		const std::string folder = std::string("/of-") + type;

		make_directory(kernel, folder);
		return lkl_sys_mount(kernel, "none", folder.c_str(), type, 0, options) >= 0;
	};
	const auto report = [](const char *type, bool good) {
		if (good)
			std::puts(type);
	};

	lkl_sys_umask(kernel, 022);
	report("sysfs", mounted("sysfs") && exists(kernel, "/of-sysfs/devices/system/cpu"));
	report("proc", mounted("proc") && get_file(kernel, "/of-proc/version").starts_with("Linux"));
	report("devtmpfs", mounted("devtmpfs") && exists(kernel, "/of-devtmpfs/null"));
	report("ramfs", mounted("ramfs") && keeps_a_file(kernel, "/of-ramfs"));

	const bool tmpfs = mounted("tmpfs") && keeps_a_file(kernel, "/of-tmpfs");
	report("tmpfs", tmpfs);
	for (const char *name : {"/of-tmpfs/lower", "/of-tmpfs/upper", "/of-tmpfs/work"})
		make_directory(kernel, name);
	put_file(kernel, "/of-tmpfs/lower/below", "below");
	report("overlay", mounted("overlay", "lowerdir=/of-tmpfs/lower,upperdir=/of-tmpfs/upper,workdir=/of-tmpfs/work") &&
				  get_file(kernel, "/of-overlay/below") == "below" && keeps_a_file(kernel, "/of-overlay") &&
				  exists(kernel, "/of-tmpfs/upper/file"));

	const Pipe pipe(kernel);
	char byte = 0;

	write_all(kernel, pipe.writer, "x");
	report("pipefs", lkl_sys_read(kernel, pipe.reader, &byte, 1) == 1 && byte == 'x');
	report("sockfs", lkl_sys_socket(kernel, LKL_AF_UNIX, LKL_SOCK_STREAM, 0) >= 0);
}

} // namespace

int main(int argc, char **argv)
{
	const std::string verb = argc == 2 ? argv[1] : "";

	Watchdog::begin("fs_types " + verb);
	try {
		if (verb == "list") {
			types();
		} else if (verb == "mount") {
			mounts();
		} else {
			std::fprintf(stderr, "usage: fs_types list | mount\n");
			return 2;
		}
	} catch (const std::exception &failure) {
		std::fprintf(stderr, "fs_types: %s\n", failure.what());
		return 1;
	}
	return 0;
}
