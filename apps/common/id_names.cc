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

template <class Names>
std::optional<std::uint32_t> id_of(const Names &names, std::string_view name)
{
	for (const auto &[id, known] : names)
		if (known == name)
			return id;
	return std::nullopt;
}

} // namespace

IdNames IdNames::of(FileSystem &files)
{
	IdNames names;

	names.users_ = parse(read_small_file(files, "etc", "passwd", largest_file).value_or(""));
	names.groups_ = parse(read_small_file(files, "etc", "group", largest_file).value_or(""));
	return names;
}

/// Both files have lines "NAME:PASSWORD:ID:..."; the first name of an id counts.
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

		if (error == std::errc() && end == number.data() + number.size() && !name.empty())
			names.try_emplace(id, name);
	}
	return names;
}

std::string_view IdNames::find(const Names &names, std::uint32_t id)
{
	const auto found = names.find(id);

	return found == names.end() ? std::string_view() : found->second;
}

std::optional<std::uint32_t> IdNames::user_id(std::string_view name) const
{
	return id_of(users_, name);
}

std::optional<std::uint32_t> IdNames::group_id(std::string_view name) const
{
	return id_of(groups_, name);
}

} // namespace lkl::apps
