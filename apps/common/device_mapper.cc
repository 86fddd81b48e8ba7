// SPDX-License-Identifier: GPL-2.0
#include "device_mapper.hh"

#include <cstring>

#include <fmt/format.h>

#include "secret.hh"

namespace lkl::apps {

namespace {

// The interface of include/uapi/linux/dm-ioctl.h, version 4.

struct WireHead {
	std::uint32_t version[3] = {4, 0, 0};
	std::uint32_t data_size = 0;
	std::uint32_t data_start = 0;
	std::uint32_t target_count = 0;
	std::int32_t open_count = 0;
	std::uint32_t flags = 0;
	std::uint32_t event = 0;
	std::uint32_t padding = 0;
	std::uint64_t device = 0;
	char name[128] = {};
	char uuid[129] = {};
	char data[7] = {};
};
static_assert(sizeof(WireHead) == 312);

struct WireTarget {
	std::uint64_t start;
	std::uint64_t sectors;
	std::int32_t status;
	std::uint32_t next;	// bytes to the next one; when read, from the first one
	char type[16];
};
static_assert(sizeof(WireTarget) == 40);

constexpr std::uint32_t command(std::uint32_t number)
{
	return 3u << 30 | static_cast<std::uint32_t>(sizeof(WireHead)) << 16 | 0xfdu << 8 | number;
}

constexpr std::uint32_t create_device = command(3);
constexpr std::uint32_t remove_device = command(4);
constexpr std::uint32_t resume_device = command(6);	// "suspend", without its flag
constexpr std::uint32_t device_status = command(7);
constexpr std::uint32_t load_table = command(9);
constexpr std::uint32_t table_status = command(12);

constexpr std::uint32_t flag_read_only = 1 << 0;
constexpr std::uint32_t flag_buffer_full = 1 << 8;
constexpr std::uint32_t flag_secure_data = 1 << 15;

constexpr std::size_t alignment = 8;

Result<WireHead> head_for(const std::string &name)
{
	WireHead head;

	if (name.empty() || name.size() >= sizeof(head.name))
		return failure(fmt::format("'{}' is no name for a mapped device", name));
	name.copy(head.name, sizeof(head.name) - 1);
	head.data_size = sizeof(head);
	head.data_start = sizeof(head);
	return head;
}

std::string path_of(const WireHead &head)
{
	const auto number = static_cast<std::uint32_t>(head.device);

	return fmt::format("/dev/dm-{}", (number & 0xff) | ((number >> 12) & 0xfff00));
}

} // namespace

Result<DeviceMapper> DeviceMapper::open(lkl_kernel *kernel, KernelLog &log)
{
	return DeviceMapper(kernel, log,
			    TRY(KernelDevice::open(kernel, log, "/dev/mapper/control", true)));
}

Result<std::string> DeviceMapper::create(const std::string &name,
					 std::span<const MapperTarget> table, bool read_only)
{
	WireHead head = TRY(head_for(name));

	TRY(control_.ioctl("create " + name, create_device, &head));
	const std::string path = path_of(head);

	Result<void> done = load(name, table, read_only);
	if (done) {
		WireHead resume = TRY(head_for(name));

		resume.flags = read_only ? flag_read_only : 0;
		done = control_.ioctl("start " + name, resume_device, &resume);
	}
	if (!done) {
		(void)remove(name);
		return std::unexpected(done.error());
	}
	return path;
}

Result<void> DeviceMapper::load(const std::string &name, std::span<const MapperTarget> table,
				bool read_only) const
{
	const WireHead named = TRY(head_for(name));
	std::size_t bytes = sizeof(WireHead);

	for (const MapperTarget &target : table)
		bytes += sizeof(WireTarget) + target.parameters.size() + alignment;

	Secret request(bytes);
	char *const start = request.data();
	char *at = start + sizeof(WireHead);
	for (const MapperTarget &target : table) {
		const std::size_t text = target.parameters.size() + 1;
		const std::size_t used =
			(sizeof(WireTarget) + text + alignment - 1) / alignment * alignment;
		WireTarget wire = {target.start, target.sectors, 0,
				   static_cast<std::uint32_t>(used), {}};

		target.type.copy(wire.type, sizeof(wire.type) - 1);
		std::memcpy(at, &wire, sizeof(wire));
		std::memcpy(at + sizeof(wire), target.parameters.c_str(), text);
		at += used;
	}

	WireHead head = named;
	head.data_size = static_cast<std::uint32_t>(bytes);
	head.target_count = static_cast<std::uint32_t>(table.size());
	head.flags = (read_only ? flag_read_only : 0) | flag_secure_data;
	std::memcpy(start, &head, sizeof(head));
	return control_.ioctl("set up " + name, load_table, start);
}

std::optional<std::string> DeviceMapper::path(const std::string &name) const
{
	auto head = head_for(name);

	if (!head || !control_.ioctl("look for " + name, device_status, &*head))
		return std::nullopt;
	return path_of(*head);
}

Result<std::vector<std::string>> DeviceMapper::status(const std::string &name) const
{
	for (std::size_t bytes = 16 << 10;; bytes *= 2) {
		std::string answer(bytes, '\0');
		WireHead head = TRY(head_for(name));

		head.data_size = static_cast<std::uint32_t>(bytes);
		std::memcpy(answer.data(), &head, sizeof(head));
		TRY(control_.ioctl("state of " + name, table_status, answer.data()));
		std::memcpy(&head, answer.data(), sizeof(head));
		if (head.flags & flag_buffer_full)
			continue;

		std::vector<std::string> states;
		std::size_t at = head.data_start;
		for (std::uint32_t i = 0; i < head.target_count; i++) {
			WireTarget wire;

			std::memcpy(&wire, answer.data() + at, sizeof(wire));
			states.emplace_back(answer.data() + at + sizeof(wire));
			at = head.data_start + wire.next;
		}
		return states;
	}
}

Result<void> DeviceMapper::remove(const std::string &name) const
{
	WireHead head = TRY(head_for(name));

	return control_.ioctl("remove " + name, remove_device, &head);
}

} // namespace lkl::apps
