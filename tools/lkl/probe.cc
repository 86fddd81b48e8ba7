// SPDX-License-Identifier: GPL-2.0
#include "probe.hh"

#include <algorithm>
#include <array>
#include <string_view>

#include <lkl/abi.h>

#include "calls.hh"
#include "disks.hh"
#include "try.hh"

namespace lkl {

namespace {

using namespace std::string_view_literals;

struct Magic {
	std::string_view type;
	std::size_t offset;
	std::string_view bytes;
};

// The kernel's names. Where one type's number can appear inside another's device,
// the other comes first.
constexpr auto magics = std::to_array<Magic>({
	{"xfs", 0, "XFSB"},
	{"squashfs", 0, "hsqs"},
	{"romfs", 0, "-rom1fs-"},
	{"cramfs", 0, "\x45\x3d\xcd\x28"},
	{"ntfs3", 3, "NTFS    "},
	{"exfat", 3, "EXFAT   "},
	{"btrfs", 0x10040, "_BHRfS_M"},
	{"ext4", 0x438, "\x53\xef"},
	{"f2fs", 0x400, "\x10\x20\xf5\xf2"},
	{"erofs", 0x400, "\xe2\xe1\xf5\xe0"},
	{"nilfs2", 0x406, "\x34\x34"},
	{"jfs", 0x8000, "JFS1"},
	{"hfsplus", 0x400, "H+"},
	{"hfsplus", 0x400, "HX"},
	{"hfs", 0x400, "BD"},
	{"befs", 0x220, "1SFB"},
	{"befs", 0x220, "BFS1"},
	{"ufs", 8192 + 1372, "\x54\x19\x01\0"sv},
	{"ufs", 65536 + 1372, "\x19\x01\x54\x19"},
	{"udf", 0x8001, "BEA01"},
	{"iso9660", 0x8001, "CD001"},
	{"vfat", 0x52, "FAT32   "},
	{"vfat", 0x36, "FAT16   "},
	{"vfat", 0x36, "FAT12   "},
	{"vfat", 0x36, "FAT     "},
	{"minix", 0x418, "\x5a\x4d"},
	{"minix", 0x410, "\x7f\x13"},
	{"minix", 0x410, "\x8f\x13"},
	{"minix", 0x410, "\x68\x24"},
	{"minix", 0x410, "\x78\x24"},
	{"affs", 0, "DOS\0"sv},
	{"affs", 0, "DOS\1"},
	{"affs", 0, "DOS\2"},
	{"affs", 0, "DOS\3"},
	{"affs", 0, "DOS\4"},
	{"affs", 0, "DOS\5"},
	{"affs", 0, "DOS\6"},
	{"affs", 0, "DOS\7"},
});

// Where libblkid and Linux call a file system differently.
std::string kernel_name(std::string type)
{
	return type == "ntfs" ? "ntfs3" : type;
}

Result<std::string> read_start(lkl_kernel &kernel, const Partition &partition)
{
	Calls calls(kernel);
	OpenFile node = TRY(OpenFile::open(calls, partition.node(), LKL_O_RDONLY));
	std::string start(magic_bytes, '\0');
	std::int64_t bytes = calls(LKL_SYS_pread64, node.fd(), start.data(), start.size(), 0);

	if (bytes < 0)
		return fail(bytes, "{}: read", partition.node());
	start.resize(static_cast<std::size_t>(bytes));
	return start;
}

} // namespace

std::string probe_magic(std::string_view start)
{
	for (const Magic &magic : magics)
		if (start.size() >= magic.offset &&
		    start.substr(magic.offset).starts_with(magic.bytes))
			return std::string(magic.type);
	return {};
}

Result<std::string> probe(lkl_kernel &kernel, const Disk &disk, const Partition &partition)
{
	virtio::Content &content = disk.device->content();
	std::string type;

	if (int fd = content.descriptor(); fd >= 0) {
		Result<std::string> answer = probe_descriptor(
			fd, content.descriptor_offset() + partition.start, partition.bytes);

		if (!answer)
			return fail(answer.error().code, "{}: {}: {}", disk.label,
				    partition.node(), answer.error().context);
		type = kernel_name(*answer);
	}
	// What only the kernel sees: callbacks, an overlay; and types that libblkid
	// does not know.
	if (type.empty())
		type = probe_magic(TRY(read_start(kernel, partition)));
	if (!type.empty())
		return type;
	if (partition.number == 0) {
		std::size_t parts = TRY(partitions(kernel, disk)).size();

		if (parts)
			return fail(LKL_ENODEV, "{}: no file system, but {} partition{}; choose one",
				    disk.label, parts, parts == 1 ? "" : "s");
	}
	return fail(LKL_ENODEV, "{}: no file system recognized on {}", disk.label, partition.node());
}

} // namespace lkl
