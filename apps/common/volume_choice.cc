// SPDX-License-Identifier: GPL-2.0
#include "volume_choice.hh"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "reporter.hh"

namespace lkl::apps {

namespace {

/// Types that leave room in front for a partition table, or have what looks like
/// one; on others it means that the file system is an old one's remains.
constexpr std::array<std::string_view, 5> hybrids = {"iso9660", "udf", "vfat", "exfat", "ntfs3"};

constexpr std::string_view advice = "choose one with -P:";

class Chooser {
public:
	explicit Chooser(VolumeTable &table) : table_(table) {}

	Result<std::size_t> choose(const std::optional<Selector> &selector)
	{
		const std::vector<std::size_t> fitting =
			selector ? TRY(those_that_fit(*selector)) : TRY(whole_images());
		std::set<std::size_t> targets;

		for (const std::size_t place : fitting)
			targets.insert(TRY(descend(place)));
		if (targets.size() == 1)
			return *targets.begin();

		const std::vector<std::size_t> places(targets.begin(), targets.end());
		return failure(fmt::format("{}; {}{}",
					   selector ? fmt::format("'{}' fits several volumes",
								  printable(selector->text()))
						    : "there are several volumes",
					   advice, volume_list(table_, places)));
	}

private:
	/// Everything that can be chosen, for lists. What is going to be written is not
	/// touched for them.
	std::string everything()
	{
		std::vector<std::size_t> places;

		(void)(table_.writable() ? found() : table_.open_all(false));
		for (std::size_t place = 0; place < table_.size(); place++)
			if (table_[place].kind != "disk" || !table_.content(place).type.empty())
				places.push_back(place);
		return volume_list(table_, places);
	}

	Result<void> found()
	{
		TRY(table_.find_layered());
		return {};
	}

	std::vector<std::size_t> matches(const Selector &selector)
	{
		std::vector<std::size_t> places;

		for (std::size_t place = 0; place < table_.size(); place++) {
			if (selector.needs_content() && !table_[place].device.empty())
				table_.content(place);
			if (selector.fits(table_[place]))
				places.push_back(place);
		}
		return places;
	}

	/// No more is opened than it takes to know; what takes a key only when nothing else
	/// fits.
	Result<std::vector<std::size_t>> those_that_fit(const Selector &selector)
	{
		const Selector::Kind kind = selector.kind();
		std::vector<std::size_t> places = matches(selector);

		if (kind == Selector::Kind::name) {
			TRY(found());
			places = matches(selector);
		}
		if (selector.needs_content() || (kind == Selector::Kind::name && places.empty())) {
			TRY(table_.open_all(false));
			places = matches(selector);
			if (places.empty()) {
				TRY(table_.open_all(true));
				places = matches(selector);
			}
		}
		if (places.empty())
			return no_match(selector);
		return places;
	}

	std::unexpected<Error> no_match(const Selector &selector)
	{
		const std::string list = everything();
		bool partitioned = false;

		for (std::size_t place = 0; place < table_.size(); place++)
			partitioned = partitioned || table_[place].is_partition();
		if (selector.kind() == Selector::Kind::partition)
			return failure(fmt::format("no partition {}{}", selector.text(),
						   partitioned ? "; there are:" + list
							       : ": there is no partition table"));
		return failure(fmt::format("no volume {}{}", printable(selector.text()),
					   list.empty() ? "" : "; there are:" + list));
	}

	/// Partitions, even a single one, have to be chosen from, unless the whole image
	/// has a file system of a kind that partition tables are put into.
	Result<std::vector<std::size_t>> whole_images()
	{
		std::vector<std::size_t> places;

		for (std::size_t place = 0; place < table_.size(); place++) {
			if (table_[place].kind != "disk")
				continue;
			TRY(check_whole(place, table_.images() == 1 ? "has partitions"
								    : "there are partitions"));
			places.push_back(place);
		}
		return places;
	}

	Result<void> check_whole(std::size_t place, std::string_view what)
	{
		if (table_.partitions_on(place).empty() ||
		    std::ranges::count(hybrids, table_.content(place).type))
			return {};
		return failure(fmt::format("{}; {}{}", what, advice, everything()));
	}

	/// To what is in the end made of the volume.
	Result<std::size_t> descend(std::size_t place)
	{
		for (;;) {
			if (!table_[place].image)
				TRY(open(place));
			if (!table_.may_hold_volumes(place))
				return table_.devices_of_file_system(place).front();
			TRY(found());

			const std::vector<std::size_t> made = table_.made_of(place);
			if (made.empty())
				return place;
			if (made.size() > 1)
				return failure(fmt::format("'{}' holds several volumes; {}{}",
							   table_.selector(place), advice,
							   volume_list(table_, made)));
			place = made.front();
		}
	}

	/// Whether there was any.
	bool unlock_others(std::size_t place)
	{
		bool any = false;

		for (std::size_t other = 0; other < table_.size(); other++)
			if (other != place && table_[other].locked && table_[other].device.empty())
				any = table_.open(other).has_value() || any;
		return any;
	}

	Result<void> open(std::size_t place)
	{
		const std::string name = fmt::format("'{}'", printable(table_.selector(place)));
		Result<void> opened = table_.open(place);

		// What it lacks may be on a volume that takes a key.
		if (!opened && unlock_others(place)) {
			TRY(found());
			opened = table_.open(place);
		}
		if (!opened)
			return failure(name + ": " + opened.error().text, opened.error().code);
		return check_whole(place, name + " has partitions");
	}

	VolumeTable &table_;
};

/// What is there, in a word.
std::string type_of(VolumeTable &table, std::size_t place)
{
	if (table[place].device.empty())
		return table[place].kind;

	const std::string &type = table.content(place).type;
	return type.empty() ? "unknown" : type;
}

std::string names_of(const Volume &volume)
{
	std::string names = printable(volume.part_label);

	if (volume.content && !volume.content->label.empty())
		names += "  label=" + printable(volume.content->label);
	if (!volume.trouble.empty())
		names += fmt::format("  ({})", volume.trouble);
	return names;
}

} // namespace

Result<std::size_t> choose_volume(VolumeTable &table, const std::optional<Selector> &selector)
{
	return Chooser(table).choose(selector);
}

std::string volume_list(VolumeTable &table, const std::vector<std::size_t> &places)
{
	std::size_t width = 2;
	std::string list;

	for (const std::size_t place : places)
		width = std::max(width, table.selector(place).size());
	for (const std::size_t place : places) {
		const bool all = table[place].kind == "disk";
		std::string line = fmt::format("  {:>{}}  {:>10}  {:8}  ", printable(table.selector(place)),
					       width, all ? "all of it" : human_size(table[place].bytes),
					       type_of(table, place));

		line += names_of(table[place]);
		list += "\n" + line.substr(0, line.find_last_not_of(' ') + 1);
	}
	return list;
}

std::string human_size(std::uint64_t bytes)
{
	constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = static_cast<double>(bytes);
	std::size_t unit = 0;

	for (; size >= 1024 && unit + 1 < units.size(); unit++)
		size /= 1024;
	return fmt::format("{:.4g} {}", size, units[unit]);
}

} // namespace lkl::apps
