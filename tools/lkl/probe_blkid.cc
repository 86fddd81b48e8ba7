// SPDX-License-Identifier: GPL-2.0
// The only file that knows libblkid.
#include "probe.hh"

#include <memory>
#include <string_view>

#include <blkid/blkid.h>

#include <lkl/abi.h>

#include "try.hh"

namespace lkl {

namespace {

std::string lookup(blkid_probe probe, const char *name)
{
	const char *value = nullptr;

	if (blkid_probe_lookup_value(probe, name, &value, nullptr) < 0 || !value)
		return {};
	return value;
}

} // namespace

Result<std::string> probe_descriptor(int fd, std::uint64_t offset, std::uint64_t bytes)
{
	std::unique_ptr<blkid_struct_probe, decltype(&blkid_free_probe)> probe(blkid_new_probe(),
									      blkid_free_probe);

	if (!probe)
		return fail(LKL_ENOMEM, "probe for a file system");
	if (blkid_probe_set_device(probe.get(), fd, static_cast<blkid_loff_t>(offset),
				   static_cast<blkid_loff_t>(bytes)) < 0 ||
	    blkid_probe_enable_superblocks(probe.get(), 1) < 0 ||
	    blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE) < 0)
		return std::string();

	switch (blkid_do_safeprobe(probe.get())) {
	case 0:
		break;
	case -2:
		return fail(LKL_ENODEV, "signs of several file systems are there; name the type");
	default:
		return std::string();
	}

	std::string type = lookup(probe.get(), "TYPE");

	if (lookup(probe.get(), "USAGE") != "filesystem")
		return fail(LKL_ENODEV, "{} is there, which is not a file system", type);
	return type;
}

} // namespace lkl
