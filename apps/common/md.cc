// SPDX-License-Identifier: GPL-2.0
#include "md.hh"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include <lkl/syscalls.h>

namespace lkl::apps {

namespace {

// The interface of include/uapi/linux/raid/md_u.h.

struct WireArray {
	std::int32_t major_version, minor_version;
	std::int32_t rest[16];
};
static_assert(sizeof(WireArray) == 72);

struct WireDisk {
	std::int32_t number, major, minor, role, state;
};
static_assert(sizeof(WireDisk) == 20);

constexpr std::uint32_t command(std::uint32_t number, std::uint32_t bytes)
{
	return 1u << 30 | bytes << 16 | 9u << 8 | number;
}

constexpr std::uint32_t add_disk = command(0x21, sizeof(WireDisk));
constexpr std::uint32_t set_array = command(0x23, sizeof(WireArray));
constexpr std::uint32_t run_array = command(0x30, 12);
constexpr std::uint32_t stop_array = 9u << 8 | 0x32;

constexpr const char *being_reshaped = "it is being reshaped; let mdadm finish that first";

constexpr const char *parameters = "/sys/module/md_mod/parameters/";

/// Of raid10: how many copies there are, as its layout says.
std::uint32_t copies(std::uint32_t layout)
{
	return std::max(1u, layout & 0xff) * std::max(1u, layout >> 8 & 0xff);
}

} // namespace

MdArray::MdArray(std::vector<MdMember> found)
{
	std::uint64_t newest = 0;

	for (const MdMember &member : found)
		if (member.role < MdMember::faulty)
			newest = std::max(newest, member.events);
	// A superblock at the end of a disk is at the end of its last partition too, which
	// is the member.
	std::ranges::sort(found, [](const MdMember &a, const MdMember &b) {
		return std::tuple(a.role, b.events, a.device_bytes) <
		       std::tuple(b.role, a.events, b.device_bytes);
	});
	for (MdMember &member : found) {
		// One behind is what a crash between two updates leaves; md takes it.
		if (member.role == MdMember::faulty)
			left_out_.push_back({member.device, "it had failed"});
		else if (member.events + 1 < newest)
			left_out_.push_back({member.device, "it missed changes"});
		else if (!current_.empty() && member.role != MdMember::spare &&
			 current_.back().role == member.role)
			left_out_.push_back({member.device, "the same as " + current_.back().device});
		else
			current_.push_back(std::move(member));
	}
	// There is always one to tell what the array is.
	if (current_.empty())
		current_.push_back(std::move(found.front()));
}

Result<std::vector<MdArray>> MdArray::find(lkl_kernel *kernel, KernelLog &log,
					   std::span<const std::string> devices)
{
	std::map<std::string, std::vector<MdMember>> by_uuid;
	std::vector<MdArray> arrays;

	for (const std::string &path : devices) {
		const auto device = KernelDevice::open(kernel, log, path);
		if (!device)
			continue;

		auto member = read_md_member(*device);
		if (member && *member)
			by_uuid[(*member)->uuid].push_back(std::move(**member));
	}
	for (auto &[uuid, members] : by_uuid)
		arrays.push_back(MdArray(std::move(members)));
	return arrays;
}

std::string MdArray::name() const
{
	const std::string &full = current_.front().name;
	const std::string name = full.substr(full.rfind(':') + 1);

	return name.empty() ? uuid() : name;
}

std::string MdArray::level() const
{
	const std::int32_t level = current_.front().level;

	return level == md_level_linear ? "linear" : fmt::format("raid{}", level);
}

std::uint64_t MdArray::bytes() const
{
	const MdMember &any = current_.front();

	switch (any.level) {
	case 1: return any.bytes;
	case 4: case 5: return any.disks > 1 ? any.bytes * (any.disks - 1) : 0;
	case 6: return any.disks > 2 ? any.bytes * (any.disks - 2) : 0;
	default: return 0;
	}
}

std::uint32_t MdArray::missing() const
{
	const auto present = static_cast<std::uint32_t>(std::ranges::count_if(
		current_, [](const MdMember &member) { return member.role < MdMember::faulty; }));
	const std::uint32_t disks = current_.front().disks;

	return disks > present ? disks - present : 0;
}

/// Of a raid10 in its usual layouts, neighbours hold the copies; the kernel knows best,
/// and is asked where this may be too hopeful.
bool MdArray::enough() const
{
	const MdMember &any = current_.front();
	const std::uint32_t missing = this->missing();

	if (missing == 0)
		return true;
	switch (any.level) {
	case 1: return missing < any.disks;
	case 4: case 5: return missing <= 1;
	case 6: return missing <= 2;
	case 10: return missing <= any.disks - any.disks / copies(any.layout);
	default: return false;
	}
}

std::string MdArray::inventory() const
{
	std::vector<std::string> there;
	std::set<std::uint32_t> roles;
	std::vector<std::string> absent;

	for (const MdMember &member : current_) {
		if (member.role >= MdMember::faulty)
			continue;
		there.push_back(fmt::format("{} (number {})", member.device, member.role));
		roles.insert(member.role);
	}
	for (std::uint32_t role = 0; role < current_.front().disks; role++)
		if (!roles.contains(role))
			absent.push_back(fmt::format("{}", role));

	std::string text =
		fmt::format("{} of its {} members are there: {}; missing: number {}", there.size(),
			    current_.front().disks, fmt::join(there, ", "), fmt::join(absent, ", "));
	for (std::size_t i = 0; i < left_out_.size(); i++)
		text += fmt::format("{}{} ({})", i ? ", " : "; not used: ", left_out_[i].device,
				    left_out_[i].why);
	return text;
}

std::string MdArray::trouble() const
{
	if (current_.front().reshaping)
		return being_reshaped;
	return missing() ? inventory() : "";
}

Result<std::string> MdArray::run(lkl_kernel *kernel, KernelLog &log, bool writable,
				 bool degraded) const
{
	const MdMember &any = current_.front();
	const std::string what = fmt::format("array '{}' ({})", name(), level());

	if (!enough())
		return failure(fmt::format("{}: {}; give the images of the missing ones too", what,
					   inventory()));
	if (writable && missing() && !degraded)
		return failure(fmt::format("{}: {}; it can be read, but to write to it the missing "
					   "ones are needed",
					   what, inventory()));
	if (any.reshaping)
		return failure(fmt::format("{}: {}", what, being_reshaped));

	// Started for reading, md neither synchronizes nor marks the array as in use
	// before the first write; one that was not stopped properly still has its data.
	const std::string base = parameters;
	TRY(write_kernel_file(kernel, log, base + "start_ro", "1"));
	TRY(write_kernel_file(kernel, log, base + "start_dirty_degraded", writable ? "0" : "1"));

	// A name of our own, made on request.
	static constexpr const char *prefix = "md_";
	const std::string node = prefix + uuid().substr(0, 8) + uuid().substr(9, 8);
	TRY(write_kernel_file(kernel, log, base + "new_array", node));
	const KernelDevice array = TRY(KernelDevice::open(kernel, log, "/dev/" + node, true));

	WireArray version = {};
	version.major_version = static_cast<std::int32_t>(any.major);
	version.minor_version = static_cast<std::int32_t>(any.minor);
	Result<void> done = array.ioctl("set up " + what, set_array, &version);
	for (const MdMember &member : current_) {
		if (!done || member.role >= MdMember::faulty)
			continue;
		const auto [major, minor] =
			TRY(TRY(KernelDevice::open(kernel, log, member.device)).number());
		WireDisk disk = {0, static_cast<std::int32_t>(major), static_cast<std::int32_t>(minor),
				 0, 0};

		done = array.ioctl("add " + member.device, add_disk, &disk);
	}
	if (done)
		done = array.ioctl("run " + what, run_array, nullptr);
	if (!done) {
		(void)array.ioctl("stop", stop_array, nullptr);
		return std::unexpected(Error{done.error().code, done.error().text + "; " + inventory()});
	}
	// Levels without copies have nothing to synchronize, and no such file.
	if (!writable)
		(void)write_kernel_file(kernel, log, "/sys/block/" + node + "/md/sync_action", "frozen");
	return "/dev/" + node;
}

} // namespace lkl::apps
