// SPDX-License-Identifier: GPL-2.0
#include "md_superblock.hh"

#include <array>

#include <fmt/format.h>

#include "wire.hh"

namespace lkl::apps {

namespace {

constexpr std::uint32_t magic = 0xa92b4efc;
constexpr std::uint64_t sector = 512;
constexpr std::uint32_t feature_reshape = 4;
constexpr std::uint64_t in_sync = ~std::uint64_t{0};

/// Bytes 0 to 255, followed by a role for each device.
constexpr std::size_t head_bytes = 256;
/// The kernel reads no more than one page.
constexpr std::size_t most_roles = (4096 - head_bytes) / 2;

std::uint32_t checksum(std::string bytes)
{
	std::uint64_t sum = 0;

	bytes.replace(216, 4, 4, '\0');
	for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4)
		sum += wire32(bytes, at);
	if (bytes.size() % 4)
		sum += wire16(bytes, bytes.size() - 2);
	return static_cast<std::uint32_t>(sum) + static_cast<std::uint32_t>(sum >> 32);
}

/// Four groups of eight hexadecimal digits, the way mdadm writes it.
std::string uuid_text(const std::string &bytes)
{
	std::string text;

	for (std::size_t i = 0; i < bytes.size(); i++)
		text += fmt::format("{}{:02x}", i && i % 4 == 0 ? ":" : "",
				    static_cast<unsigned char>(bytes[i]));
	return text;
}

/// Version 1 at @offset, where a superblock says of itself that it is.
Result<std::optional<MdMember>> read_version_1(const KernelDevice &device, std::uint64_t offset,
					       std::uint32_t minor)
{
	const std::string head = TRY(device.read_text(offset, head_bytes));

	if (head.empty() || wire32(head, 0) != magic || wire32(head, 4) != 1 ||
	    wire64(head, 144) != offset / sector)
		return std::nullopt;

	const std::uint32_t roles = wire32(head, 220);
	if (roles > most_roles)
		return std::nullopt;
	const std::string whole = TRY(device.read_text(offset, head_bytes + 2 * roles));
	if (whole.empty() || checksum(whole) != wire32(whole, 216))
		return std::nullopt;

	MdMember member;
	const std::uint32_t number = wire32(whole, 160);
	member.device = device.path();
	member.uuid = uuid_text(whole.substr(16, 16));
	member.name = whole.substr(32, 32).c_str();
	member.major = 1;
	member.minor = minor;
	member.level = static_cast<std::int32_t>(wire32(whole, 72));
	member.layout = wire32(whole, 76);
	member.bytes = wire64(whole, 80) * sector;
	member.disks = wire32(whole, 92);
	member.events = wire64(whole, 200);
	member.clean = wire64(whole, 208) == in_sync;
	member.reshaping = wire32(whole, 8) & feature_reshape;
	if (number < roles)
		member.role = wire16(whole, head_bytes + 2 * number);
	return member;
}

/// Version 0.90, in the byte order of the machine that wrote it: only ours.
Result<std::optional<MdMember>> read_version_0(const KernelDevice &device, std::uint64_t offset)
{
	constexpr std::size_t bytes = 4096, disk_bytes = 128, this_disk = bytes - disk_bytes;
	const std::string block = TRY(device.read_text(offset, bytes));
	const auto word = [&](std::size_t index) { return wire32(block, 4 * index); };

	if (block.empty() || word(0) != magic || word(1) != 0)
		return std::nullopt;

	MdMember member;
	member.device = device.path();
	for (const std::size_t part : {5, 13, 14, 15})
		member.uuid += fmt::format("{}{:08x}", member.uuid.empty() ? "" : ":", word(part));
	member.minor = word(2);
	member.level = static_cast<std::int32_t>(word(7));
	member.bytes = std::uint64_t{word(8)} << 10;
	member.disks = word(10);
	member.clean = word(33) & 1;
	member.events = wire64(block, 4 * 39);
	member.layout = word(64);
	member.reshaping = member.minor > 90 && wire64(block, 4 * 44) != in_sync;
	// Active and in sync, or neither.
	if ((wire32(block, this_disk + 16) & 6) == 6)
		member.role = wire32(block, this_disk + 12);
	return member;
}

} // namespace

std::string MdMember::version() const
{
	return fmt::format("{}.{}", major, minor);
}

Result<std::optional<MdMember>> read_md_member(const KernelDevice &device)
{
	const std::uint64_t sectors = TRY(device.bytes()) / sector;

	if (sectors < 128)
		return std::nullopt;

	auto found = TRY(read_version_1(device, 4096, 2));
	if (!found)
		found = TRY(read_version_1(device, 0, 1));
	if (!found)
		found = TRY(read_version_1(device, ((sectors - 16) & ~std::uint64_t{7}) * sector, 0));
	if (!found)
		found = TRY(read_version_0(device, ((sectors & ~std::uint64_t{127}) - 128) * sector));
	if (found)
		found->device_bytes = sectors * sector;
	return found;
}

bool is_md_member(const KernelDevice &device)
{
	const auto member = read_md_member(device);

	return member && *member;
}

} // namespace lkl::apps
