// SPDX-License-Identifier: GPL-2.0
#include "acl_text.hh"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

// include/uapi/linux/posix_acl_xattr.h and posix_acl.h: a 32-bit version, then
// entries of tag and permissions (16 bits each) and id (32), little-endian.
constexpr std::uint32_t version = 2;
constexpr std::size_t header_bytes = 4;
constexpr std::size_t entry_bytes = 8;

enum Tag : std::uint32_t {
	user_object = 0x01,
	user = 0x02,
	group_object = 0x04,
	group = 0x08,
	mask = 0x10,
	other = 0x20,
};

std::uint32_t little_endian(std::string_view bytes)
{
	std::uint32_t value = 0;

	for (std::size_t at = bytes.size(); at-- > 0;)
		value = value << 8 | static_cast<unsigned char>(bytes[at]);
	return value;
}

/// A name that would read as a number or part the text is not used: an image may
/// call its users anything.
std::string name_or_number(std::string_view name, std::uint32_t id)
{
	const auto plain = [](unsigned char c) {
		return c > ' ' && c < 0x7f && c != ',' && c != '#' && c != '\\';
	};
	const bool number = !name.empty() && name[0] >= '0' && name[0] <= '9';

	return name.empty() || number || !std::ranges::all_of(name, plain) ? std::to_string(id)
									   : std::string(name);
}

} // namespace

bool is_raw_acl(std::string_view name)
{
	return name == acl_access_attribute || name == acl_default_attribute ||
	       name == "trusted.SGI_ACL_FILE" || name == "trusted.SGI_ACL_DEFAULT";
}

Result<std::string> acl_text(std::string_view value, const IdNames &names)
{
	if (value.size() < header_bytes || (value.size() - header_bytes) % entry_bytes ||
	    little_endian(value.substr(0, header_bytes)) != version)
		return failure("ACL of an unknown form");

	std::string text;
	for (value.remove_prefix(header_bytes); !value.empty(); value.remove_prefix(entry_bytes)) {
		const std::uint32_t tag = little_endian(value.substr(0, 2));
		const std::uint32_t bits = little_endian(value.substr(2, 2));
		const std::uint32_t id = little_endian(value.substr(4, 4));

		switch (tag) {
		case user_object: text += "user::"; break;
		case user: text += fmt::format("user:{}:", name_or_number(names.user(id), id)); break;
		case group_object: text += "group::"; break;
		case group: text += fmt::format("group:{}:", name_or_number(names.group(id), id)); break;
		case mask: text += "mask::"; break;
		case other: text += "other::"; break;
		default: return failure("ACL entry of an unknown kind");
		}
		text += bits & 4 ? 'r' : '-';
		text += bits & 2 ? 'w' : '-';
		text += bits & 1 ? 'x' : '-';
		text += '\n';
	}
	return text;
}

} // namespace lkl::apps
