// SPDX-License-Identifier: GPL-2.0
#include "lvm_label.hh"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "wire.hh"

namespace lkl::apps {

namespace {

constexpr std::size_t sector = 512;
constexpr std::size_t label_sectors = 4;	// it is in one of the first four
constexpr std::size_t uuid_bytes = 32;
constexpr std::size_t header_bytes = 512;	// of a metadata area
/// More than any group has; areas are a few MiB at most.
constexpr std::uint64_t longest_metadata = 256 << 20;

/// CRC-32 with LVM2's start value and without the usual inversions.
std::uint32_t checksum(std::string_view bytes)
{
	std::uint32_t crc = 0xf597a6cf;

	for (const char byte : bytes) {
		crc ^= static_cast<unsigned char>(byte);
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/// 32 characters in groups of 6-4-4-4-4-4-6.
std::string with_dashes(std::string_view id)
{
	constexpr std::array<std::size_t, 7> groups = {6, 4, 4, 4, 4, 4, 6};
	std::string text;

	for (const std::size_t length : groups) {
		text.append(text.empty() ? "" : "-").append(id.substr(0, length));
		id.remove_prefix(length);
	}
	return text;
}

/// The current text in the area at @start, which is a ring behind its header.
Result<std::string> read_area(const KernelDevice &device, std::uint64_t start, std::uint64_t bytes)
{
	const std::string header = TRY(device.read_text(start, header_bytes));

	if (header.empty() || header.substr(4, 16) != "\x20LVM2\x20x[5A%r0N*>")
		return failure("no metadata area where the label says");
	if (checksum(std::string_view(header).substr(4)) != wire32(header, 0))
		return failure("the metadata area's header has a wrong checksum");

	const std::uint64_t offset = wire64(header, 40);
	const std::uint64_t length = wire64(header, 48);
	const bool ignored = wire32(header, 60) & 1;
	if (offset == 0 || length == 0 || ignored)
		return std::string();
	if (offset < header_bytes || offset >= bytes || length > bytes - header_bytes ||
	    length > longest_metadata)
		return failure("the metadata lies outside its area");

	const std::uint64_t first = std::min(length, bytes - offset);
	std::string text = TRY(device.read_text(start + offset, first));
	text += TRY(device.read_text(start + header_bytes, length - first));
	if (text.size() != length || checksum(text) != wire32(header, 56))
		return failure("the metadata has a wrong checksum");
	return text;
}

} // namespace

Result<std::optional<LvmLabel>> read_lvm_label(const KernelDevice &device)
{
	const std::string start = TRY(device.read_text(0, label_sectors * sector));

	for (std::size_t at = 0; at + sector <= start.size(); at += sector) {
		const std::string label = start.substr(at, sector);

		if (!label.starts_with("LABELONE") || label.substr(24, 8) != "LVM2 001")
			continue;
		if (checksum(std::string_view(label).substr(20)) != wire32(label, 16))
			continue;

		LvmLabel found;
		found.device = device.path();

		// The header: the name, the size, then two lists, each with an empty end:
		// of the areas for data and for metadata.
		std::size_t field = wire32(label, 20);
		if (field + uuid_bytes + 8 > sector)
			continue;
		found.uuid = with_dashes(std::string_view(label).substr(field, uuid_bytes));
		field += uuid_bytes + 8;
		for (int list = 0; list < 2; list++) {
			for (; field + 16 <= sector && wire64(label, field); field += 16) {
				if (list == 0 || !found.metadata.empty())
					continue;
				auto text = read_area(device, wire64(label, field),
						      wire64(label, field + 8));
				if (text)
					found.metadata = std::move(*text);
				else
					found.trouble = text.error().text;
			}
			field += 16;
		}
		return found;
	}
	return std::nullopt;
}

} // namespace lkl::apps
