// SPDX-License-Identifier: GPL-2.0
#include "shutdown.hh"

#include <algorithm>
#include <array>
#include <string_view>

#include "lkl.h"
#include "try.hh"

namespace lkl {

namespace {

// File systems that hold nothing beyond the kernel's life.
bool is_volatile(const std::string &type)
{
	static constexpr std::array<std::string_view, 8> types = {
		"rootfs", "ramfs", "tmpfs", "proc", "sysfs", "devtmpfs", "devpts", "cgroup2",
	};

	return std::find(types.begin(), types.end(), type) != types.end();
}

struct Problems {
	int first = 0;
	std::string list;

	void add(std::int64_t error, const std::string &what)
	{
		if (!first)
			first = static_cast<int>(-error);
		list += (list.empty() ? "" : "; ") + what;
	}
};

// Unmount one; a negative errno and nothing done when it is busy.
std::int64_t unmount_one(const Calls &calls, const MountEntry &mount, Problems &problems)
{
	Result<void> flushed = calls.flush(mount.target, LKL_SYS_syncfs);
	std::int64_t result = calls(LKL_SYS_umount2, mount.target.c_str(), LKL_UMOUNT_NOFOLLOW);

	if (result < 0)
		return result;
	if (!flushed)
		problems.add(-flushed.error().code,
			     fmt::format("{}: some writes failed", mount.target));
	return 0;
}

// What stays busy is at least made consistent.
void make_read_only(const Calls &calls, const MountEntry &mount, std::int64_t error,
		    Problems &problems)
{
	std::int64_t result = calls(LKL_SYS_mount, nullptr, mount.target.c_str(), nullptr,
				    LKL_MS_REMOUNT | LKL_MS_RDONLY, nullptr);

	problems.add(error, fmt::format("unmount {} ({}): {}{}", mount.target, mount.source,
					lkl_strerror(static_cast<int>(error)),
					result < 0 ? ", and it stays writable" : ", made read-only"));
}

/// The head of every request to device-mapper (include/uapi/linux/dm-ioctl.h), which is
/// all of this one: to remove the device with the name.
struct RemoveMapped {
	std::uint32_t version[3] = {4, 0, 0};
	std::uint32_t data_size = sizeof(RemoveMapped);
	std::uint32_t unused[8] = {};
	char name[128] = {};
	char uuid[136] = {};
};
static_assert(sizeof(RemoveMapped) == 312);

constexpr std::uint32_t remove_mapped = 3u << 30 | sizeof(RemoveMapped) << 16 | 0xfdu << 8 | 4;

Result<void> stop_mapped(const Calls &calls, const std::string &device)
{
	const std::string name = TRY(calls.read_file("/sys/block/" + device + "/dm/name"));
	OpenFile control = TRY(OpenFile::open(calls, "/dev/mapper/control", LKL_O_RDWR));
	RemoveMapped request;

	name.copy(request.name, std::min(name.find('\n'), sizeof(request.name) - 1));

	const std::int64_t result = calls(LKL_SYS_ioctl, control.fd(), remove_mapped, &request);
	if (result < 0)
		return fail(result, "stop {}", device);
	return {};
}

Result<void> stop_array(const Calls &calls, const std::string &device)
{
	constexpr std::string_view stopped = "clear";
	OpenFile state = TRY(OpenFile::open(calls, "/sys/block/" + device + "/md/array_state",
					    LKL_O_WRONLY));
	const std::int64_t result =
		calls(LKL_SYS_write, state.fd(), stopped.data(), stopped.size());

	if (result < 0)
		return fail(result, "stop {}", device);
	return {};
}

Result<void> stop_stacked(const Calls &calls, const std::string &device)
{
	return device.starts_with("md") ? stop_array(calls, device) : stop_mapped(calls, device);
}

// RAID arrays and device-mapper devices mark what they are made of as in order at their
// end. Arrays would do so while the kernel halts, when nobody serves the disks any more.
void stop_all_stacked(const Calls &calls, Problems &problems)
{
	std::vector<std::string> left =
		calls.list("/sys/block").value_or(std::vector<std::string>());

	std::erase_if(left, [](const std::string &name) {
		return !name.starts_with("md") && !name.starts_with("dm-");
	});
	// One may be made of another.
	for (std::size_t before = left.size() + 1; !left.empty() && left.size() < before;) {
		before = left.size();
		std::erase_if(left, [&](const std::string &device) {
			return stop_stacked(calls, device).has_value();
		});
	}
	for (const std::string &device : left)
		if (const Result<void> stopped = stop_stacked(calls, device); !stopped)
			problems.add(-stopped.error().code,
				     fmt::format("{}: {}", stopped.error().context,
						 lkl_strerror(stopped.error().code)));
}

} // namespace

Result<void> shut_down(const Calls &calls)
{
	Problems problems;

	calls(LKL_SYS_close_range, 0, ~0u, 0);
	calls(LKL_SYS_chdir, "/");
	calls(LKL_SYS_sync);

	std::vector<MountEntry> left = TRY(mounts(calls));

	std::erase_if(left, [](const MountEntry &mount) { return is_volatile(mount.type); });
	std::reverse(left.begin(), left.end());

	// Last mounted, first unmounted; again as long as that makes others free.
	for (std::size_t before = left.size() + 1; !left.empty() && left.size() < before;) {
		before = left.size();
		std::erase_if(left, [&](const MountEntry &mount) {
			return unmount_one(calls, mount, problems) == 0;
		});
	}
	for (const MountEntry &mount : left)
		make_read_only(calls, mount, unmount_one(calls, mount, problems), problems);
	stop_all_stacked(calls, problems);
	calls(LKL_SYS_sync);
	if (problems.first)
		return fail(problems.first, "halt: {}", problems.list);
	return {};
}

} // namespace lkl
