// SPDX-License-Identifier: GPL-2.0
#include "id_names.hh"

#include <algorithm>
#include <charconv>

namespace lkl::apps {

namespace {

constexpr std::size_t largest_file = 16 << 20;	// an image may claim any size

std::string_view take_until(std::string_view &text, char end)
{
	const std::string_view part = text.substr(0, text.find(end));

	text.remove_prefix(std::min(part.size() + 1, text.size()));
	return part;
}

} // namespace

IdNames IdNames::of(FileSystem &files)
{
	IdNames names;

	names.users_ = parse(read_small_file(files, "etc", "passwd", largest_file).value_or(""));
	names.groups_ = parse(read_small_file(files, "etc", "group", largest_file).value_or(""));
	return names;
}

/// Both files have lines "NAME:PASSWORD:ID:..."; the first name of an id counts, and
/// the first id of a name.
IdNames::Names IdNames::parse(std::string_view lines)
{
	Names names;

	while (!lines.empty()) {
		std::string_view line = take_until(lines, '\n');
		const std::string_view name = take_until(line, ':');
		take_until(line, ':');
		const std::string_view number = take_until(line, ':');
		std::uint32_t id = 0;
		const auto [end, error] =
			std::from_chars(number.data(), number.data() + number.size(), id);

		if (error == std::errc() && end == number.data() + number.size() && !name.empty()) {
			names.by_id.try_emplace(id, name);
			names.by_name.try_emplace(std::string(name), id);
		}
	}
	return names;
}

std::string_view IdNames::find(const Names &names, std::uint32_t id)
{
	const auto found = names.by_id.find(id);

	return found == names.by_id.end() ? std::string_view() : found->second;
}

std::optional<std::uint32_t> IdNames::find(const Names &names, std::string_view name)
{
	const auto found = names.by_name.find(std::string(name));

	return found == names.by_name.end() ? std::nullopt : std::optional(found->second);
}

} // namespace lkl::apps
