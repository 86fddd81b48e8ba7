// SPDX-License-Identifier: GPL-2.0
#include "probe.hh"

#include <algorithm>
#include <array>
#include <string_view>

#include <lkl/abi.h>

#include "block_view.hh"
#include "calls.hh"
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

Result<std::string> read_start(lkl_kernel &kernel, const BlockNode &node)
{
	Calls calls(kernel);
	OpenFile file = TRY(OpenFile::open(calls, node.path, LKL_O_RDONLY));
	std::string start(magic_bytes, '\0');
	std::int64_t bytes = calls(LKL_SYS_pread64, file.fd(), start.data(), start.size(), 0);

	if (bytes < 0)
		return fail(bytes, "{}: read", node.path);
	start.resize(static_cast<std::size_t>(bytes));
	return start;
}

// What messages begin with.
std::string label_of(const BlockNode &node)
{
	return node.disk ? node.disk->label + ": " : "";
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

Result<Findings> probe(lkl_kernel &kernel, const BlockNode &node)
{
	Result<Findings> answer = probe_view(TRY(BlockView::of(kernel, node)));

	if (!answer)
		return fail(answer.error().code, "{}{}: {}", label_of(node), node.path,
			    answer.error().context);
	// Where libblkid and Linux call a file system differently.
	if (answer->type == "ntfs")
		answer->type = "ntfs3";
	// What only the kernel sees, an overlay's; and types that libblkid does not know.
	if (answer->type.empty()) {
		answer->type = probe_magic(TRY(read_start(kernel, node)));
		if (!answer->type.empty())
			answer->usage = "filesystem";
	}
	return answer;
}

Result<std::string> probe_file_system(lkl_kernel &kernel, const BlockNode &node)
{
	Result<Findings> found = probe(kernel, node);

	if (!found && found.error().code == LKL_ENOTUNIQ)
		return fail(LKL_ENODEV, "{}; name the type", found.error().context);
	if (!found)
		return std::unexpected(std::move(found.error()));
	if (found->usage == "filesystem")
		return found->type;
	if (!found->type.empty())
		return fail(LKL_ENODEV, "{}{}: {} is there, which is not a file system", label_of(node),
			    node.path, found->type);

	std::size_t parts = TRY(node.partitions(kernel)).size();
	if (parts)
		return fail(LKL_ENODEV, "{}no file system, but {} partition{}; choose one",
			    label_of(node), parts, parts == 1 ? "" : "s");
	return fail(LKL_ENODEV, "{}no file system recognized on {}", label_of(node), node.path);
}

Result<PartitionTable> probe_table(lkl_kernel &kernel, const BlockNode &node)
{
	BlockView view = TRY(BlockView::of(kernel, node));

	TRY(view.add_tables(kernel, node));
	return probe_view_table(view);
}

} // namespace lkl
