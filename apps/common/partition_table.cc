// SPDX-License-Identifier: GPL-2.0
#include "partition_table.hh"

#include <algorithm>

#include <fmt/format.h>

#include "program.hh"

namespace lkl::apps {

namespace {

constexpr std::uint64_t sector_bytes = 512;

/// As sfdisk's scripts have it. A quote would end the name.
std::string quoted(std::string name)
{
	std::ranges::replace_if(
		name, [](char c) { return c == '"' || static_cast<unsigned char>(c) < ' '; }, '_');
	return "\"" + name + "\"";
}

std::string script(TableKind kind, const NewPartition &partition)
{
	const bool gpt = kind == TableKind::gpt;
	std::string text = gpt ? "label: gpt\n" : "label: dos\n";

	if (!partition.disk_id.empty())
		text += gpt ? fmt::format("label-id: {}\n", partition.disk_id)
			    : fmt::format("label-id: 0x{}\n", partition.disk_id.substr(0, 8));
	text += fmt::format("start={}, size={}, ", partition_offset / sector_bytes,
			    partition.bytes / sector_bytes);
	if (!gpt)
		return text + fmt::format("type={:02x}\n", partition.mbr_type);

	text += fmt::format("type={}", partition.gpt_type);
	if (!partition.id.empty())
		text += fmt::format(", uuid={}", partition.id);
	if (!partition.name.empty())
		text += ", name=" + quoted(partition.name);
	return text + "\n";
}

} // namespace

Result<void> write_partition_table(int file, TableKind kind, const NewPartition &partition)
{
	return run_program({"sfdisk", "fdisk", {"-q", "--no-reread", "--no-tell-kernel", program_file}, {},
		    script(kind, partition)}, file);
}

} // namespace lkl::apps
