// SPDX-License-Identifier: GPL-2.0
#include "tar_attributes.hh"

#include <optional>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

constexpr std::string_view schily_attribute = "SCHILY.xattr.";
constexpr std::string_view libarchive_attribute = "LIBARCHIVE.xattr.";

std::optional<unsigned> hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return std::nullopt;
}

/// "%3D" for '='. GNU tar writes only that and "%25", libarchive more; anything else
/// after '%' is meant as it is. @all: libarchive's.
std::string unescaped(std::string_view name, bool all)
{
	std::string plain;

	for (std::size_t at = 0; at < name.size(); at++) {
		const auto high = at + 2 < name.size() ? hex_digit(name[at + 1]) : std::nullopt;
		const auto low = at + 2 < name.size() ? hex_digit(name[at + 2]) : std::nullopt;
		const char byte = high && low ? static_cast<char>(*high << 4 | *low) : '\0';

		if (name[at] == '%' && high && low && (all || byte == '=' || byte == '%')) {
			plain += byte;
			at += 2;
		} else {
			plain += name[at];
		}
	}
	return plain;
}

/// RFC 4648 without line breaks; padding may be missing, as libarchive leaves it out.
std::optional<std::string> from_base64(std::string_view text)
{
	constexpr std::string_view digits =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	std::string bytes;
	unsigned bits = 0;
	unsigned count = 0;

	while (text.ends_with('='))
		text.remove_suffix(1);
	for (const char c : text) {
		const std::size_t digit = digits.find(c);

		if (digit == digits.npos)
			return std::nullopt;
		bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			bytes += static_cast<char>(bits >> count & 0xff);
		}
	}
	return bytes;
}

/// Archives of libarchive have each attribute twice, and the escapes of its own
/// spelling in both; the name without them counts, whichever comes first.
void set(ArchiveEntry &entry, std::string name, std::string value)
{
	for (auto &[known, content] : entry.attributes)
		if (known == name || (content == value && (unescaped(known, true) == name ||
							   unescaped(name, true) == known))) {
			if (name.size() < known.size())
				known = std::move(name);
			content = std::move(value);
			return;
		}
	entry.attributes.push_back({std::move(name), std::move(value)});
}

} // namespace

bool apply_attribute(std::string_view key, const std::string &value, ArchiveEntry &entry)
{
	if (key.starts_with(schily_attribute)) {
		set(entry, unescaped(key.substr(schily_attribute.size()), false), value);
	} else if (key.starts_with(libarchive_attribute)) {
		std::string name = unescaped(key.substr(libarchive_attribute.size()), true);

		if (std::optional<std::string> bytes = from_base64(value))
			set(entry, std::move(name), std::move(*bytes));
		else
			entry.problems.push_back(
				fmt::format("attribute '{}' is no base64, left out", name));
	} else if (key == "RHT.security.selinux") {
		// Its value has no NUL in the archive, but in the kernel.
		set(entry, "security.selinux", value.ends_with('\0') ? value : value + '\0');
	} else if (key == "SCHILY.acl.access") {
		entry.access_acl = value;
	} else if (key == "SCHILY.acl.default") {
		entry.default_acl = value;
	} else if (key == "SCHILY.acl.ace") {
		entry.problems.push_back("NFSv4 ACL left out: Linux keeps none");
	} else {
		return false;
	}
	return true;
}

} // namespace lkl::apps
