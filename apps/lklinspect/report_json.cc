// SPDX-License-Identifier: GPL-2.0
#include "report.hh"

#include <nlohmann/json.hpp>

namespace lkl::apps {

namespace {

using Json = nlohmann::ordered_json;

void add(Json &object, const char *name, const std::string &value)
{
	if (!value.empty())
		object[name] = value;
}

Json partition_of(const Volume &volume)
{
	Json partition;

	partition["number"] = volume.number;
	add(partition, "table", volume.table);
	add(partition, "type", volume.part_type);
	add(partition, "uuid", volume.part_uuid);
	add(partition, "label", volume.part_label);
	return partition;
}

Json content_of(const Found &found)
{
	Json content;

	add(content, "usage", found.content.usage);
	add(content, "type", found.content.type);
	add(content, "version", found.content.version);
	add(content, "label", found.content.label);
	add(content, "uuid", found.content.uuid);
	add(content, "device_uuid", found.content.member);
	if (found.usage) {
		content["bytes"] = found.usage->total;
		content["used_bytes"] = found.usage->total - found.usage->free;
	}
	return content;
}

Json volume_of(const Inventory &inventory, const Found &found)
{
	const Volume &volume = found.volume;
	Json object;

	object["selector"] = found.selector;
	object["kind"] = volume.kind;
	if (volume.image)
		object["image"] = volume.image;
	add(object, "uuid", volume.uuid);
	if (volume.bytes)
		object["bytes"] = volume.bytes;
	if (volume.locked)
		object["locked"] = volume.device.empty();
	if (volume.is_partition())
		object["partition"] = partition_of(volume);
	if (!volume.parts.empty()) {
		object["parts"] = Json::array();
		for (const std::size_t part : volume.parts)
			object["parts"].push_back(inventory.volumes[part].selector);
	}
	if (!found.content.table.empty()) {
		object["partition_table"]["type"] = found.content.table;
		add(object["partition_table"], "uuid", found.content.table_uuid);
	}
	if (Json content = content_of(found); !content.empty())
		object["content"] = std::move(content);
	add(object, "trouble", found.trouble);
	return object;
}

} // namespace

std::string json_of(const Inventory &inventory)
{
	Json report;

	report["images"] = Json::array();
	for (const ImageFound &image : inventory.images) {
		Json object;

		object["path"] = image.path;
		object["format"] = image.format;
		object["bytes"] = inventory.volumes[image.disk].volume.bytes;
		report["images"].push_back(std::move(object));
	}
	report["volumes"] = Json::array();
	for (const Found &found : inventory.volumes)
		report["volumes"].push_back(volume_of(inventory, found));
	// What is no UTF-8 is replaced.
	return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace lkl::apps
