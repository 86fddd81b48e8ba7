// SPDX-License-Identifier: GPL-2.0
#include "bench/loop_mount.hh"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "bench/support.hh"

namespace lkl::bench {

namespace {

/// A loop device over @image that goes away with its last user.
int attach(const std::string &image, bool read_only, std::string &name)
{
	const int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
	const int control =
		must(::open("/dev/loop-control", O_RDWR | O_CLOEXEC), "/dev/loop-control");
	const int file = must(::open(image.c_str(), flags), image.c_str());
	loop_config config = {};
	int device;

	config.fd = static_cast<unsigned>(file);
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
	for (;;) {
		const int number = must(::ioctl(control, LOOP_CTL_GET_FREE), "loop device");

		name = "/dev/loop" + std::to_string(number);
		device = must(::open(name.c_str(), flags), name.c_str());
		if (::ioctl(device, LOOP_CONFIGURE, &config) == 0)
			break;
		// Somebody else was faster.
		if (errno != EBUSY)
			die_of_errno(name.c_str());
		::close(device);
	}
	::close(file);
	::close(control);
	return device;
}

} // namespace

std::string LoopMount::obstacle()
{
	if (::geteuid() != 0)
		return "a loop mount to compare with needs root";
	if (::access("/dev/loop-control", W_OK) < 0)
		return "there are no loop devices to compare with";
	return {};
}

LoopMount::LoopMount(const std::string &image, const char *type, bool read_only,
		     const char *options)
{
	char folder[] = "/tmp/lkl-bench-XXXXXX";
	const int device = attach(image, read_only, device_);

	if (!::mkdtemp(folder))
		die_of_errno(folder);
	if (::mount(device_.c_str(), folder, type, read_only ? MS_RDONLY : 0, options) < 0) {
		const int error = errno;

		::rmdir(folder);
		errno = error;
		die_of_errno("mount");
	}
	directory_ = ::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	const int error = errno;

	::umount2(folder, MNT_DETACH);
	::rmdir(folder);
	::close(device);
	errno = error;
	must(directory_, "open of the mounted directory");
}

LoopMount::~LoopMount()
{
	::close(directory_);
}

std::string LoopMount::path() const
{
	return path_of(directory_);
}

} // namespace lkl::bench
