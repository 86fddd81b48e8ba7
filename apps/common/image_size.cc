// SPDX-License-Identifier: GPL-2.0
#include "image_size.hh"

#include <algorithm>
#include <array>

namespace lkl::apps {

namespace {

constexpr std::uint64_t kib = 1024, mib = 1024 * kib;

/// What of a tree a type stores once.
enum class Stores {
	data,		// hard links are links, holes take no room
	whole_files,	// holes take room
	every_name,	// so does each hard link
};

/// What a type takes for each thing, in bytes.
struct Costs {
	std::string_view type;
	Stores stores;
	std::uint64_t fixed;		// for itself: its log, tables, areas kept free
	std::uint64_t file, directory, name, extent;
	std::uint64_t attributes_percent;	// of their own size, beside a block per file; 0: has none
	std::uint64_t percent;		// of everything, for maps, checksums, areas kept free
	std::uint64_t least;
};

// The indirect blocks of ext2, ext3 and minix may serve one extent each. ext keeps 5 % for root.
constexpr std::array<Costs, 13> costs = {{
	{"ext4", Stores::data, 20 * mib, 300, 4096, 24, 24, 10, 12, 8 * mib},
	{"ext3", Stores::data, 20 * mib, 300, 4096, 24, 8192, 10, 12, 8 * mib},
	{"ext2", Stores::data, 4 * mib, 300, 4096, 24, 8192, 10, 9, 4 * mib},
	{"xfs", Stores::data, 160 * mib, 640, 4096, 48, 64, 10, 5, 300 * mib},
	{"btrfs", Stores::data, 256 * mib, 1600, 0, 240, 160, 300, 15, 128 * mib},
	{"f2fs", Stores::data, 96 * mib, 4608, 4096, 64, 48, 10, 15, 64 * mib},
	{"nilfs2", Stores::data, 160 * mib, 512, 4096, 48, 4096, 0, 40, 160 * mib},
	{"jfs", Stores::data, 24 * mib, 600, 4096, 64, 64, 10, 5, 24 * mib},
	{"minix", Stores::data, 2 * mib, 80, 1024, 128, 3072, 0, 5, 2 * mib},
	{"vfat", Stores::every_name, 4 * mib, 0, 4096, 128, 0, 0, 4, 4 * mib},
	{"exfat", Stores::every_name, 8 * mib, 0, 4096, 192, 0, 0, 3, 8 * mib},
	{"ntfs", Stores::whole_files, 16 * mib, 1200, 4096, 256, 64, 100, 5, 16 * mib},
	{"udf", Stores::data, 4 * mib, 768, 2048, 320, 512, 0, 4, 4 * mib},
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

std::uint64_t data_bytes(const Costs &cost, const ContentSize &content)
{
	switch (cost.stores) {
	case Stores::whole_files:
		return content.whole_bytes;
	case Stores::every_name:
		return content.copied_bytes;
	case Stores::data:
		break;
	}
	// btrfs has small files among its metadata, all of which it keeps twice.
	if (cost.type == "btrfs")
		return content.data_bytes - content.small_files * 4 * kib + 2 * content.small_bytes;
	return content.data_bytes;
}

std::uint64_t content_bytes(const Costs &cost, const ContentSize &content)
{
	std::uint64_t bytes = data_bytes(cost, content) + content.files * cost.file +
			      content.directories * cost.directory + content.names * cost.name +
			      2 * content.name_bytes + content.extents * cost.extent;

	if (cost.attributes_percent)
		bytes += content.attribute_blocks * 4 * kib +
			 content.attribute_bytes * cost.attributes_percent / 100;
	return bytes;
}

} // namespace

std::uint64_t inodes_for(const ContentSize &content)
{
	return content.files + content.files / 10 + 128;
}

bool is_large_fat(const ContentSize &content, std::uint64_t bytes)
{
	constexpr std::uint64_t root_names = 100;	// of 512 entries, several of which make a name

	return content.names > root_names && bytes >= least_large_fat;
}

std::uint64_t bytes_for(std::string_view type, const ContentSize &content, std::uint64_t more)
{
	const auto cost = std::ranges::find(costs, type, &Costs::type);
	const std::uint64_t needed = content_bytes(*cost, content) + more;
	const std::uint64_t plain = cost->fixed + needed + needed * cost->percent / 100;
	const std::uint64_t unused =
		(content.names + content.directories) * (cluster_bytes(type, plain) - 4 * kib);
	std::uint64_t bytes = std::max(plain + unused, cost->least);

	if (type == "vfat" && is_large_fat(content, least_large_fat))
		bytes = std::max(bytes, least_large_fat);
	return (bytes + mib - 1) / mib * mib;
}

} // namespace lkl::apps
