// SPDX-License-Identifier: GPL-2.0
#include "image_size.hh"

#include <algorithm>
#include <array>

namespace lkl::apps {

namespace {

constexpr std::uint64_t kib = 1024, mib = 1024 * kib;

/// What a type takes for each thing. Blocks of a type without holes and hard links are
/// counted as copied.
struct Costs {
	std::string_view type;
	bool copies;			// it has neither holes nor hard links
	std::uint64_t fixed;		// for itself: its log, tables, areas kept free
	std::uint64_t file, directory, name, extent, attributes_percent;
	std::uint64_t percent;		// of everything, for maps and checksums
	std::uint64_t least;
};

constexpr std::array<Costs, 13> costs = {{
	{"ext4", false, 20 * mib, 280, 4096, 24, 16, 0, 5, 8 * mib},
	{"ext3", false, 20 * mib, 280, 4096, 24, 32, 0, 6, 8 * mib},
	{"ext2", false, 4 * mib, 280, 4096, 24, 32, 0, 4, 4 * mib},
	{"xfs", false, 160 * mib, 640, 4096, 48, 32, 0, 5, 300 * mib},
	{"btrfs", false, 320 * mib, 1600, 0, 240, 160, 300, 12, 128 * mib},
	{"f2fs", false, 96 * mib, 4608, 4096, 64, 48, 0, 15, 64 * mib},
	{"nilfs2", false, 160 * mib, 512, 4096, 48, 64, 0, 40, 160 * mib},
	{"jfs", false, 24 * mib, 600, 4096, 64, 32, 0, 5, 24 * mib},
	{"minix", false, 2 * mib, 80, 1024, 128, 16, 0, 4, 2 * mib},
	{"vfat", true, 4 * mib, 0, 4096, 128, 0, 0, 3, 4 * mib},
	{"exfat", true, 8 * mib, 0, 4096, 192, 0, 0, 3, 8 * mib},
	{"ntfs", true, 16 * mib, 1200, 4096, 256, 64, 100, 5, 16 * mib},
	{"udf", false, 4 * mib, 768, 2048, 320, 64, 0, 3, 4 * mib},
}};

/// Of vfat and exfat, as their mkfs chooses it for a size: what a file of one byte takes.
std::uint64_t cluster_bytes(std::string_view type, std::uint64_t bytes)
{
	constexpr std::uint64_t gib = 1024 * mib;

	if (type == "exfat")
		return bytes <= 256 * mib ? 4 * kib : bytes <= 32 * gib ? 32 * kib : 128 * kib;
	if (type != "vfat")
		return 4 * kib;
	return bytes <= 260 * mib ? 4 * kib : bytes <= 512 * mib ? 8 * kib
	     : bytes <= 8 * gib ? 4 * kib : bytes <= 16 * gib ? 8 * kib
	     : bytes <= 32 * gib ? 16 * kib : 32 * kib;
}

std::uint64_t content_bytes(const Costs &cost, const ContentSize &content)
{
	const std::uint64_t attributes =
		cost.copies && cost.attributes_percent == 0
			? 0
			: content.attribute_blocks * 4 * kib +
				  content.attribute_bytes * cost.attributes_percent / 100;

	return (cost.copies ? content.copied_bytes : content.data_bytes) +
	       (cost.copies ? content.copied_files : content.files) * cost.file +
	       content.directories * cost.directory + content.names * cost.name +
	       2 * content.name_bytes + content.extents * cost.extent + attributes;
}

} // namespace

std::uint64_t inodes_for(const ContentSize &content)
{
	return content.files + content.files / 10 + 128;
}

std::uint64_t bytes_for(std::string_view type, const ContentSize &content, std::uint64_t more)
{
	const auto cost = std::ranges::find(costs, type, &Costs::type);
	const std::uint64_t needed = content_bytes(*cost, content);
	const std::uint64_t plain = cost->fixed + needed + more + (needed + more) * cost->percent / 100;
	const std::uint64_t unused =
		(content.copied_files + content.directories) * (cluster_bytes(type, plain) - 4 * kib);

	return (std::max(plain + unused, cost->least) + mib - 1) / mib * mib;
}

} // namespace lkl::apps
