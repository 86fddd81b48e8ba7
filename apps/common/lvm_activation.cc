// SPDX-License-Identifier: GPL-2.0
#include "lvm_activation.hh"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

/// A thin snapshot of a raid of mirrors is not half as deep.
constexpr int deepest = 12;

/// Hyphens inside a part are doubled: one alone separates the parts.
std::string mapped_name(const std::string &group, const std::string &volume,
			const std::string &layer)
{
	std::string name;
	const auto add = [&](const std::string &part) {
		for (const char c : part)
			name.append(c == '-' ? 2 : 1, c);
	};

	add(group);
	name += '-';
	add(volume);
	return name + layer;
}

/// The raid target's name of an LVM2 segment type, empty if it is none.
std::string raid_type(const std::string &type)
{
	if (type == "raid5")
		return "raid5_ls";
	if (type == "raid6")
		return "raid6_zr";
	if (type == "raid0_meta")
		return "raid0";
	if (type == "raid10_near")
		return "raid10";
	return type.starts_with("raid") ? type : "";
}

/// How many of @count parts a raid of @type can do without, at best.
std::size_t spare_parts(const std::string &type, std::size_t count, std::uint64_t copies)
{
	if (type == "raid1")
		return count - 1;
	if (type == "raid10")
		return count - count / std::max<std::uint64_t>(copies, 2);
	if (type.starts_with("raid6"))
		return 2;
	return type == "raid0" ? 0 : 1;
}

const std::string *string_at(const std::vector<LvmSection::Scalar> &values, std::size_t index)
{
	return index < values.size() ? std::get_if<std::string>(&values[index]) : nullptr;
}

} // namespace

Result<std::string> LvmActivation::activate(const std::string &name)
{
	if (const auto made = mapper_.path(mapped_name(group_.name_, name, "")))
		return *made;
	if (depth_ > deepest)
		return failure(fmt::format("volume '{}' is made of itself", name));

	depth_++;
	const LvmSection *differences = group_.snapshot_of(name);
	Result<std::string> path = differences ? snapshot(name, *differences) : origin(name);
	depth_--;
	return path;
}

Result<std::string> LvmActivation::make(const std::string &name, const std::string &layer,
					const std::vector<MapperTarget> &table)
{
	return mapper_.create(mapped_name(group_.name_, name, layer), table, false);
}

/// A volume by its own segments alone.
Result<std::string> LvmActivation::own_device(const std::string &name, const std::string &layer)
{
	const std::string mapped = mapped_name(group_.name_, name, layer);
	if (const auto made = mapper_.path(mapped))
		return *made;

	const auto volume = group_.logical_.find(name);
	if (volume == group_.logical_.end())
		return failure(fmt::format("the metadata has no volume '{}'", name));
	auto table = table_of(volume->second);
	if (!table)
		return failure(fmt::format("{}/{}: {}", group_.name_, name, table.error().text),
			       table.error().code);
	return make(name, layer, *table);
}

Result<std::uint64_t> LvmActivation::sectors_of(const std::string &path) const
{
	return TRY(TRY(mapper_.look_at(path)).bytes()) / 512;
}

/// What is written to a volume with snapshots must first be copied to those.
Result<std::string> LvmActivation::origin(const std::string &name)
{
	std::vector<std::string> snapshots;

	for (const auto &[key, volume] : group_.logical_)
		if (const auto segment = volume.section("segment1");
		    segment && (*segment)->text("type").value_or("") == "snapshot" &&
		    (*segment)->text("origin").value_or("") == name)
			snapshots.push_back((*segment)->text("cow_store").value_or(""));
	if (snapshots.empty() || !writable_)
		return own_device(name, "");

	const std::string real = TRY(own_device(name, "-real"));
	const std::uint64_t sectors = TRY(sectors_of(real));
	const std::string path = TRY(make(name, "", {{0, sectors, "snapshot-origin", real}}));
	for (const std::string &snapshot : snapshots)
		TRY(activate(snapshot));
	return path;
}

Result<std::string> LvmActivation::snapshot(const std::string &name, const LvmSection &segment)
{
	const std::string origin = TRY(segment.text("origin"));
	const std::string real = TRY(own_device(origin, "-real"));
	const std::string differences = TRY(own_device(name, "-cow"));
	const std::uint64_t sectors = TRY(sectors_of(real));

	return make(name, "",
		    {{0, sectors, "snapshot",
		      fmt::format("{} {} P {}", real, differences, TRY(segment.number("chunk_size")))}});
}

Result<std::vector<MapperTarget>> LvmActivation::table_of(const LvmSection &volume)
{
	std::vector<MapperTarget> table;

	for (const auto &[key, segment] : volume.sections()) {
		const std::uint64_t start = TRY(segment.number("start_extent"));
		const std::uint64_t extents = TRY(segment.number("extent_count"));
		MapperTarget target = TRY(target_of(segment));

		target.start = start * group_.extent_sectors_;
		target.sectors = extents * group_.extent_sectors_;
		table.push_back(std::move(target));
	}
	std::ranges::sort(table, {}, &MapperTarget::start);
	return table;
}

Result<MapperTarget> LvmActivation::target_of(const LvmSection &segment)
{
	const std::string type = TRY(segment.text("type"));

	if (type == "striped")
		return striped(segment);
	if (type == "mirror")
		return mirror(segment);
	if (type == "thin-pool")
		return thin_pool(segment);
	if (type == "thin")
		return thin(segment);
	if (type == "zero" || type == "error")
		return MapperTarget{0, 0, type, ""};
	if (const std::string raid_name = raid_type(type); !raid_name.empty())
		return raid(segment, raid_name);
	return failure(fmt::format("volumes of type '{}' are not supported; supported are linear, "
				   "striped, mirror, raid*, thin and snapshot",
				   type));
}

Result<MapperTarget> LvmActivation::striped(const LvmSection &segment)
{
	const std::uint64_t stripes = TRY(segment.number("stripe_count"));

	if (stripes == 0 || segment.array("stripes").size() != 2 * stripes)
		return failure("the metadata's stripes are not as many as it says");
	if (stripes == 1)
		return MapperTarget{0, 0, "linear", TRY(place(segment, "stripes", 0))};

	std::string parameters = fmt::format("{} {}", stripes, TRY(segment.number("stripe_size")));
	for (std::size_t index = 0; index < stripes; index++)
		parameters += " " + TRY(place(segment, "stripes", 2 * index));
	return MapperTarget{0, 0, "striped", parameters};
}

/// Images that are not whole are left out. With its log on a disk the kernel knows what
/// must be copied again; without one everything must, unless the others cannot differ
/// because they are left out.
Result<MapperTarget> LvmActivation::mirror(const LvmSection &segment)
{
	const std::uint64_t count = TRY(segment.number("mirror_count"));
	const std::uint64_t region = TRY(segment.number("region_size"));
	std::vector<std::string> images;

	if (segment.array("mirrors").size() != 2 * count)
		return failure("the metadata's mirrors are not as many as it says");
	for (std::size_t index = 0; index < count; index++) {
		const std::string image = TRY(part(segment, "mirrors", 2 * index));

		if (image != "-")
			images.push_back(image + " 0");
	}
	if (images.empty())
		return failure("all its images are not whole: " + lack());
	// The first image is the one that is copied from: it is always right.
	if (images.size() == 1 || !writable_)
		return MapperTarget{0, 0, "linear", images.front()};

	std::string log = fmt::format("core 1 {}", region);
	if (segment.has("mirror_log"))
		log = fmt::format("disk 2 {} {}", TRY(part(segment, "mirror_log", 0)), region);
	return MapperTarget{0, 0, "mirror",
			    fmt::format("{} {} {}", log, images.size(), fmt::join(images, " "))};
}

Result<MapperTarget> LvmActivation::raid(const LvmSection &segment, const std::string &type)
{
	const bool without_metadata = segment.has("raid0_lvs");
	const std::string_view array = without_metadata ? "raid0_lvs" : "raids";
	const std::size_t step = without_metadata ? 1 : 2;
	const std::size_t count = segment.array(array).size() / step;
	std::vector<std::string> parameters = {
		fmt::format("{}", segment.number_or("stripe_size", 0))};
	std::vector<std::string> devices;
	std::size_t missing = 0;

	if (count == 0)
		return failure("the metadata's raid has no parts");
	if (const std::uint64_t region = segment.number_or("region_size", 0); region)
		parameters.insert(parameters.end(), {"region_size", fmt::format("{}", region)});
	if (const std::uint64_t copies = segment.number_or("data_copies", 0); type == "raid10" && copies)
		parameters.insert(parameters.end(), {"raid10_copies", fmt::format("{}", copies)});
	// What is out of step stays so: this is no place to begin a repair. (The target
	// has raid6 always finish one.)
	if (!writable_ && type != "raid0" && !type.starts_with("raid6"))
		parameters.push_back("nosync");
	for (std::size_t index = 0; index < count; index++) {
		const std::string metadata =
			without_metadata ? "-" : TRY(part(segment, array, step * index));
		const std::string data = TRY(part(segment, array, step * index + step - 1));
		const bool whole = data != "-" && (without_metadata || metadata != "-");

		devices.push_back(whole ? metadata + " " + data : "- -");
		missing += !whole;
	}
	if (missing > spare_parts(type, count, segment.number_or("data_copies", 0)))
		return failure(fmt::format("{} of its {} parts are not whole: {}", missing, count,
					   lack()));
	return MapperTarget{0, 0, "raid",
			    fmt::format("{} {} {} {} {}", type, parameters.size(),
					fmt::join(parameters, " "), count, fmt::join(devices, " "))};
}

Result<MapperTarget> LvmActivation::thin_pool(const LvmSection &segment)
{
	const std::string metadata = TRY(activate(TRY(segment.text("metadata"))));
	const std::string data = TRY(activate(TRY(segment.text("pool"))));
	const bool zero = segment.number_or("zero_new_blocks", 1);
	const std::string discards = segment.text("discards").value_or("passdown");
	std::vector<std::string> features;

	if (!zero)
		features.push_back("skip_block_zeroing");
	if (discards == "ignore")
		features.push_back("ignore_discard");
	else if (discards == "nopassdown")
		features.push_back("no_discard_passdown");
	return MapperTarget{0, 0, "thin-pool",
			    fmt::format("{} {} {} 0 {} {}", metadata, data,
					TRY(segment.number("chunk_size")), features.size(),
					fmt::join(features, " "))};
}

Result<MapperTarget> LvmActivation::thin(const LvmSection &segment)
{
	const std::string pool = TRY(activate(TRY(segment.text("thin_pool"))));
	std::string parameters = fmt::format("{} {}", pool, TRY(segment.number("device_id")));

	if (segment.has("external_origin"))
		parameters += " " + TRY(activate(TRY(segment.text("external_origin"))));
	return MapperTarget{0, 0, "thin", parameters};
}

Result<std::string> LvmActivation::place(const LvmSection &segment, std::string_view array,
					 std::size_t index)
{
	const std::vector<LvmSection::Scalar> &values = segment.array(array);
	const std::string *name = string_at(values, index);
	const auto *extent =
		index + 1 < values.size() ? std::get_if<std::int64_t>(&values[index + 1]) : nullptr;

	if (!name || !extent || *extent < 0)
		return failure(fmt::format("the metadata's '{}' are no names and numbers", array));

	const std::uint64_t sectors = static_cast<std::uint64_t>(*extent) * group_.extent_sectors_;
	const auto physical = group_.physical_.find(*name);
	if (physical == group_.physical_.end())
		return fmt::format("{} {}", TRY(activate(*name)), sectors);
	if (!physical->second.device)
		return failure(lack());
	return fmt::format("{} {}", *physical->second.device,
			   physical->second.first_extent + sectors);
}

std::string LvmActivation::lack() const
{
	return fmt::format("physical volumes are missing: {}; found of its group are: {}; give the "
			   "images of the missing ones too",
			   fmt::join(group_.missing_, ", "), fmt::join(group_.devices(), ", "));
}

Result<std::string> LvmActivation::part(const LvmSection &segment, std::string_view array,
					std::size_t index)
{
	const std::string *name = string_at(segment.array(array), index);

	if (!name)
		return failure(fmt::format("the metadata's '{}' are no names", array));

	VolumeGroup::Ground ground;
	group_.add_ground(*name, ground);
	if (ground.whole)
		return activate(*name);
	if (writable_)
		return failure(fmt::format("'{}' is not whole: {}; without them it can at most be read",
					   *name, lack()));
	return "-";
}

} // namespace lkl::apps
