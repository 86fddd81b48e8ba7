// SPDX-License-Identifier: GPL-2.0
#include "acl_text.hh"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

// include/uapi/linux/posix_acl_xattr.h and posix_acl.h: a 32-bit version, then
// entries of tag and permissions (16 bits each) and id (32), little-endian.
constexpr std::uint32_t version = 2;
constexpr std::size_t header_bytes = 4;
constexpr std::size_t entry_bytes = 8;
constexpr std::uint32_t no_id = 0xffffffff;	// of entries that are about nobody by name

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

/// Only a whole number that can be an id.
std::optional<std::uint32_t> id_number(std::string_view text)
{
	std::uint32_t id = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);

	if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
	    id == no_id)
		return std::nullopt;
	return id;
}

std::string_view trimmed(std::string_view text)
{
	constexpr std::string_view blanks = " \t\r";

	text = text.substr(0, text.find('#'));
	text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
	return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Up to @end, which goes too.
std::string_view take(std::string_view &text, std::string_view end)
{
	const std::string_view part = text.substr(0, text.find_first_of(end));

	text.remove_prefix(std::min(part.size() + 1, text.size()));
	return part;
}

/// "\040" for what acl_to_text(3) would not write plainly.
std::string unquoted(std::string_view name)
{
	const auto octal = [&](std::size_t at) {
		return at < name.size() && name[at] >= '0' && name[at] <= '7';
	};
	std::string plain;

	for (std::size_t at = 0; at < name.size(); at++) {
		if (name[at] == '\\' && octal(at + 1) && octal(at + 2) && octal(at + 3)) {
			plain += static_cast<char>((name[at + 1] - '0') << 6 |
						   (name[at + 2] - '0') << 3 | (name[at + 3] - '0'));
			at += 3;
		} else {
			plain += name[at];
		}
	}
	return plain;
}

struct AclEntry {
	std::uint32_t tag;
	std::uint32_t permissions;
	std::uint32_t id;
};

std::optional<std::uint32_t> parse_tag(std::string_view text, bool named)
{
	if (text == "user" || text == "u")
		return named ? user : user_object;
	if (text == "group" || text == "g")
		return named ? group : group_object;
	if (text == "mask" || text == "m")
		return mask;
	if (text == "other" || text == "o")
		return other;
	return std::nullopt;
}

std::optional<std::uint32_t> parse_permissions(std::string_view text)
{
	std::uint32_t bits = 0;

	for (const char c : text) {
		if (c != 'r' && c != 'w' && c != 'x' && c != '-')
			return std::nullopt;
		bits |= c == 'r' ? 4 : c == 'w' ? 2 : c == 'x' ? 1 : 0;
	}
	return bits;
}

/// Nothing when it is about somebody unknown, who is noted.
Result<std::optional<AclEntry>> parse_entry(std::string_view text, const IdNames &names,
					    std::vector<std::string> &unknown)
{
	const std::string whole(text);
	const std::string_view kind = take(text, ":");
	const bool bare = text.find(':') == text.npos;	// Solaris' "mask:rw-"
	const std::string name = bare ? "" : unquoted(take(text, ":"));
	const auto permissions = parse_permissions(take(text, ":"));
	const auto tag = parse_tag(kind, !name.empty());

	if (!tag || !permissions)
		return failure(fmt::format("no ACL entry: '{}'", whole));
	if (*tag != user && *tag != group)
		return AclEntry{*tag, *permissions, no_id};

	std::optional<std::uint32_t> id = id_number(name);
	if (!id)
		id = *tag == user ? names.user_id(name) : names.group_id(name);
	if (!id)
		id = id_number(text);
	if (!id) {
		unknown.push_back(name);
		return std::nullopt;
	}
	return AclEntry{*tag, *permissions, *id};
}

void append_little_endian(std::string &bytes, std::uint32_t value, std::size_t count)
{
	for (; count; count--, value >>= 8)
		bytes += static_cast<char>(value & 0xff);
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

Result<ParsedAcl> parse_acl(std::string_view text, const IdNames &names)
{
	std::vector<AclEntry> entries;
	ParsedAcl parsed;

	while (!text.empty()) {
		const std::string_view entry = trimmed(take(text, ",\n"));

		if (entry.empty())
			continue;
		if (const auto known = TRY(parse_entry(entry, names, parsed.unknown)))
			entries.push_back(*known);
	}

	// The kernel wants them by their tags, and those of one tag in any order.
	std::ranges::stable_sort(entries, {}, &AclEntry::tag);
	append_little_endian(parsed.value, version, header_bytes);
	for (const AclEntry &entry : entries) {
		append_little_endian(parsed.value, entry.tag, 2);
		append_little_endian(parsed.value, entry.permissions, 2);
		append_little_endian(parsed.value, entry.id, 4);
	}
	return parsed;
}

} // namespace lkl::apps
