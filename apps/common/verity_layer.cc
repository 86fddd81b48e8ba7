// SPDX-License-Identifier: GPL-2.0
#include "verity_layer.hh"

#include <fmt/format.h>

#include "md_superblock.hh"

namespace lkl::apps {

namespace {

constexpr const char *locked = "it is checked against its root hash, which is not known; give it "
			       "with --root-hash";

} // namespace

Result<std::vector<LayeredVolume>> VerityLayer::find(std::span<const std::string> devices)
{
	std::vector<LayeredVolume> found;

	for (const std::string &path : devices) {
		const auto device = KernelDevice::open(kernel_, *log_, path);
		if (!device || is_md_member(*device))
			continue;

		const auto header = read_verity_header(*device, options_.hash_offset);
		if (header && *header)
			found.push_back(examine(path, **header, devices));
	}
	return found;
}

LayeredVolume VerityLayer::examine(const std::string &hashes, const VerityHeader &header,
				   std::span<const std::string> devices)
{
	LayeredVolume volume;

	volume.kind = "verity";
	volume.name = "verity-" + header.uuid;
	volume.uuid = header.uuid;
	volume.bytes = header.data_bytes();
	volume.parts.push_back(hashes);
	if (options_.root_hash.empty()) {
		volume.locked = true;
		return volume;
	}
	if (const auto path = try_data(volume.name, hashes, header, devices); !path)
		volume.trouble = path.error().text;
	else if (const std::string &data = opened_[volume.name].data; data != hashes)
		volume.parts.insert(volume.parts.begin(), data);
	return volume;
}

/// The first of @devices that the root hash and @hashes fit, as device @name.
Result<std::string> VerityLayer::try_data(const std::string &name, const std::string &hashes,
					  const VerityHeader &header,
					  std::span<const std::string> devices)
{
	if (const auto known = opened_.find(name); known != opened_.end())
		return known->second.path;

	DeviceMapper mapper = TRY(DeviceMapper::open(kernel_, *log_));
	Error last = {0, fmt::format("no device is as large as the {} bytes that are checked",
				     header.data_bytes())};

	for (const std::string &data : devices) {
		const auto device = KernelDevice::open(kernel_, *log_, data);
		const bool with_hashes = data == hashes;

		if (with_hashes != (options_.hash_offset != 0) || !device ||
		    device->bytes().value_or(0) < header.data_bytes())
			continue;

		auto path = open_verity(kernel_, *log_, mapper, name, data, hashes, options_);
		if (path) {
			opened_[name] = {data, *path};
			return path;
		}
		last = std::move(path.error());
	}
	return std::unexpected(std::move(last));
}

Result<std::string> VerityLayer::open(const LayeredVolume &volume, bool writable)
{
	const auto opened = opened_.find(volume.name);

	if (opened == opened_.end())
		return failure(volume.locked ? locked : volume.trouble);
	if (writable)
		return failure("what is checked by verity cannot be written to");
	return opened->second.path;
}

} // namespace lkl::apps
