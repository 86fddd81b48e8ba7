// SPDX-License-Identifier: GPL-2.0
// The only file that knows libblkid.
#include "probe.hh"

#include <memory>

#include <blkid/blkid.h>

#include <lkl/abi.h>

#include "block_view.hh"
#include "try.hh"

namespace lkl {

namespace {

using Probe = std::unique_ptr<blkid_struct_probe, decltype(&blkid_free_probe)>;

/// Of the bytes of @view. ENODEV when libblkid refuses to look at them.
Result<Probe> begin(const BlockView &view)
{
	Probe probe(blkid_new_probe(), blkid_free_probe);

	if (!probe)
		return fail(LKL_ENOMEM, "probe");
	if (blkid_probe_set_device(probe.get(), view.fd(), static_cast<blkid_loff_t>(view.offset()),
				   static_cast<blkid_loff_t>(view.bytes())) < 0 ||
	    blkid_probe_set_sectorsize(probe.get(), view.block_bytes()) < 0)
		return fail(LKL_ENODEV, "probe");
	return probe;
}

std::string text(const char *value)
{
	return value ? value : "";
}

std::string lookup(const Probe &probe, const char *name)
{
	const char *value = nullptr;

	return blkid_probe_lookup_value(probe.get(), name, &value, nullptr) < 0 ? "" : text(value);
}

} // namespace

Result<Findings> probe_view(const BlockView &view)
{
	constexpr int wanted = BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_VERSION |
			       BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID;
	Result<Probe> probe = begin(view);

	if (!probe && probe.error().code != LKL_ENODEV)
		return std::unexpected(std::move(probe.error()));
	if (!probe || blkid_probe_enable_superblocks(probe->get(), 1) < 0 ||
	    blkid_probe_set_superblocks_flags(probe->get(), wanted) < 0)
		return Findings();

	switch (blkid_do_safeprobe(probe->get())) {
	case 0:
		return Findings{lookup(*probe, "USAGE"),   lookup(*probe, "TYPE"),
				lookup(*probe, "VERSION"), lookup(*probe, "LABEL"),
				lookup(*probe, "UUID"),	   lookup(*probe, "UUID_SUB")};
	case -2:
		return fail(LKL_ENOTUNIQ, "signs of several file systems are there");
	default:
		return Findings();
	}
}

Result<PartitionTable> probe_view_table(const BlockView &view)
{
	constexpr std::uint64_t sector = 512;	// whatever the device's
	Result<Probe> probe = begin(view);
	PartitionTable table;

	if (!probe && probe.error().code != LKL_ENODEV)
		return std::unexpected(std::move(probe.error()));
	if (!probe || blkid_probe_enable_superblocks(probe->get(), 0) < 0 ||
	    blkid_probe_enable_partitions(probe->get(), 1) < 0)
		return table;

	const blkid_partlist list = blkid_probe_get_partitions(probe->get());
	const blkid_parttable whole = list ? blkid_partlist_get_table(list) : nullptr;
	if (!whole)
		return table;

	table.type = text(blkid_parttable_get_type(whole));
	table.uuid = text(blkid_parttable_get_id(whole));
	for (int i = 0; i < blkid_partlist_numof_partitions(list); i++) {
		const blkid_partition partition = blkid_partlist_get_partition(list, i);
		const auto start = static_cast<std::uint64_t>(blkid_partition_get_start(partition));
		const auto sectors = static_cast<std::uint64_t>(blkid_partition_get_size(partition));
		TableEntry entry = {start * sector, sectors * sector,
				    text(blkid_parttable_get_type(blkid_partition_get_table(partition))),
				    text(blkid_partition_get_type_string(partition)),
				    text(blkid_partition_get_uuid(partition)),
				    text(blkid_partition_get_name(partition))};

		if (const int type = blkid_partition_get_type(partition); entry.type.empty() && type)
			entry.type = fmt::format("{:#x}", type);
		table.entries.push_back(std::move(entry));
	}
	return table;
}

} // namespace lkl
