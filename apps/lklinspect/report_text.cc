// SPDX-License-Identifier: GPL-2.0
#include "report.hh"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "apps/common/reporter.hh"
#include "apps/common/volume_choice.hh"

namespace lkl::apps {

namespace {

/// As a shell takes it for one word.
std::string word(const std::string &text)
{
	constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_-+=:,./@%";
	const std::string shown = printable(text);

	if (!shown.empty() && shown.find_first_not_of(plain) == shown.npos)
		return shown;

	std::string quoted = "'";
	for (const char c : shown)
		quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
	return quoted + "'";
}

std::string type_of(const Found &found)
{
	if (found.volume.device.empty())
		return found.volume.locked ? "locked" : "closed";
	if (!found.content.type.empty())
		return found.content.type;
	return found.content.table.empty() ? "unknown" : found.content.table;
}

std::string used_of(const Found &found)
{
	if (!found.usage)
		return "";
	return fmt::format("{} of {}", human_size(found.usage->total - found.usage->free),
			   human_size(found.usage->total));
}

std::string size_of(const Found &found)
{
	return found.volume.bytes ? human_size(found.volume.bytes) : "";
}

class Tree {
public:
	explicit Tree(const Inventory &inventory)
	    : inventory_(inventory), shown_(inventory.volumes.size())
	{
	}

	std::string text() &&
	{
		for (const ImageFound &image : inventory_.images) {
			const Found &disk = inventory_.volumes[image.disk];

			line(0, printable(image.path), fmt::format("{}, {}", image.format, size_of(disk)));
			show(image.disk, 1);
		}
		return std::move(text_);
	}

private:
	void line(unsigned depth, const std::string &head, const std::string &rest)
	{
		text_ += fmt::format("{:{}}{}  {}\n", "", 2 * depth, head, rest);
	}

	/// The second time only by name.
	void show(std::size_t place, unsigned depth)
	{
		const Found &found = inventory_.volumes[place];

		if (shown_[place]) {
			line(depth, word(found.selector), "(see above)");
			return;
		}
		shown_[place] = true;
		line(depth, word(found.selector), about(found));
		for (std::size_t other = 0; other < inventory_.volumes.size(); other++)
			if (std::ranges::count(inventory_.volumes[other].volume.parts, place))
				show(other, depth + 1);
	}

	static std::string about(const Found &found)
	{
		const Volume &volume = found.volume;
		std::string text;
		const auto add = [&](const std::string &what) {
			if (!what.empty())
				text += (text.empty() ? "" : "  ") + what;
		};
		const auto add_key = [&](const char *key, const std::string &value) {
			if (!value.empty())
				add(word(key + value));
		};

		if (volume.is_layered())
			add(volume.kind);
		add(size_of(found));
		add(type_of(found) + (found.content.version.empty() ? "" : " " + found.content.version));
		if (found.usage)
			add(used_of(found) + " used");
		add_key("label=", found.content.label);
		add_key("uuid=", found.content.uuid);
		add_key("partlabel=", volume.part_label);
		add_key("partuuid=", volume.part_uuid);
		if (!found.trouble.empty())
			add("-- " + found.trouble);
		return text;
	}

	const Inventory &inventory_;
	std::vector<bool> shown_;
	std::string text_;
};

constexpr std::size_t columns = 8;
using Row = std::array<std::string, columns>;

/// On a terminal; printable() left only UTF-8.
std::size_t width_of(const std::string &text)
{
	return static_cast<std::size_t>(std::ranges::count_if(
		text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

std::string tree_of(const Inventory &inventory)
{
	return Tree(inventory).text();
}

std::string table_of(const Inventory &inventory)
{
	std::vector<Row> rows = {
		{"SELECTOR", "KIND", "SIZE", "TYPE", "LABEL", "UUID", "USED", "PARTLABEL"}};
	std::array<std::size_t, columns> widths = {};
	std::string text;

	for (const Found &found : inventory.volumes)
		rows.push_back({word(found.selector), found.volume.kind, size_of(found), type_of(found),
				printable(found.content.label), found.content.uuid, used_of(found),
				printable(found.volume.part_label)});
	for (const Row &row : rows)
		for (std::size_t i = 0; i < columns; i++)
			widths[i] = std::max(widths[i], width_of(row[i]));
	for (const Row &row : rows) {
		std::string line;

		for (std::size_t i = 0; i < columns; i++)
			line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
		text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
	}
	for (const Found &found : inventory.volumes)
		if (!found.trouble.empty())
			text += fmt::format("{}: {}\n", word(found.selector), found.trouble);
	return text;
}

} // namespace lkl::apps
