// SPDX-License-Identifier: GPL-2.0
// dm-verity: a device whose every block is checked against a tree of hashes, of which
// the root's hash is known from elsewhere (veritysetup(8)).
#pragma once

#include <cstdint>
#include <string>

#include "device_mapper.hh"

namespace lkl::apps {

struct VerityOptions {
	std::string root_hash;		// hexadecimal
	std::uint64_t hash_offset = 0;	// bytes before the superblock on the hash device
};

/// Make @data, checked by the tree on @hashes, available as device @name, for reading;
/// both are paths in the kernel and may be the same. A wrong root hash is found here;
/// a block that differs makes reading it fail, and the kernel's line about it, which
/// KernelLog::complaint() returns, has its number.
Result<std::string> open_verity(lkl_kernel *kernel, KernelLog &log, DeviceMapper &mapper,
				const std::string &name, const std::string &data,
				const std::string &hashes, const VerityOptions &options);

} // namespace lkl::apps
