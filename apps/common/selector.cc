// SPDX-License-Identifier: GPL-2.0
#include "selector.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "volume_table.hh"

namespace lkl::apps {

namespace {

std::optional<unsigned> number_of(std::string_view text)
{
	unsigned value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);

	if (text.empty() || error != std::errc() || end != text.data() + text.size())
		return std::nullopt;
	return value;
}

/// UUIDs are written in either case, and with hyphens in different places.
bool same_uuid(std::string_view one, std::string_view other)
{
	const auto plain = [](std::string_view text) {
		std::string digits;

		for (const unsigned char c : text)
			if (c != '-')
				digits += static_cast<char>(std::tolower(c));
		return digits;
	};

	return !other.empty() && plain(one) == plain(other);
}

struct Key {
	std::string_view name;
	Selector::Kind kind;
};

constexpr std::array<Key, 4> keys = {{
	{"label=", Selector::Kind::label},
	{"uuid=", Selector::Kind::uuid},
	{"partlabel=", Selector::Kind::part_label},
	{"partuuid=", Selector::Kind::part_uuid},
}};

bool starts_with_key(std::string_view text, std::string_view key)
{
	return text.size() >= key.size() &&
	       std::ranges::equal(text.substr(0, key.size()), key, {},
				  [](unsigned char c) { return std::tolower(c); });
}

} // namespace

Selector Selector::partition(unsigned number, std::optional<unsigned> image)
{
	Selector selector(Kind::partition,
			  image ? fmt::format("{}:{}", *image, number) : fmt::format("{}", number), "");

	selector.number_ = number;
	selector.image_ = image;
	return selector;
}

Result<Selector> Selector::parse(std::string_view text)
{
	const std::size_t colon = text.find(':');

	if (const auto number = number_of(text))
		return partition(*number);
	if (const auto image = number_of(text.substr(0, colon)); image && colon != text.npos)
		if (const auto number = number_of(text.substr(colon + 1)); number && *image > 0)
			return partition(*number, *image);
	for (const Key &key : keys) {
		if (!starts_with_key(text, key.name))
			continue;
		if (text.size() == key.name.size())
			return failure(fmt::format("'{}': nothing after the sign", text));
		return Selector(key.kind, std::string(text), std::string(text.substr(key.name.size())));
	}
	if (text.empty() || text.find('=') != text.npos)
		return failure(fmt::format("'{}': not a number, label=, uuid=, partlabel=, partuuid= or "
					   "a volume's name",
					   text));
	return Selector(Kind::name, std::string(text), std::string(text));
}

bool Selector::fits(const Volume &volume) const
{
	switch (kind_) {
	case Kind::partition:
		return volume.image && volume.number == number_ && (!image_ || *image_ == volume.image);
	case Kind::label:
		return volume.content && volume.content->label == value_;
	case Kind::uuid:
		return same_uuid(value_, volume.uuid) ||
		       (volume.content && same_uuid(value_, volume.content->uuid));
	case Kind::part_label:
		return volume.part_label == value_;
	case Kind::part_uuid:
		return same_uuid(value_, volume.part_uuid);
	case Kind::name:
		return volume.name == value_;
	}
	return false;
}

} // namespace lkl::apps
