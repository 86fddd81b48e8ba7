// SPDX-License-Identifier: GPL-2.0
// dm-verity: a device whose every block is checked against a tree of hashes, of which
// the root's hash is known from elsewhere (veritysetup(8)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "device_mapper.hh"

namespace lkl::apps {

struct VerityOptions {
	std::string root_hash;		// hexadecimal
	std::uint64_t hash_offset = 0;	// bytes before the superblock on the hash device
};

/// What is written before a tree of hashes (Documentation/admin-guide/device-mapper/verity.rst).
struct VerityHeader {
	std::string uuid;
	std::uint32_t hash_type = 0;
	std::string algorithm;
	std::uint32_t data_block = 0, hash_block = 0;	// bytes
	std::uint64_t blocks = 0;			// of data
	std::string salt;				// hexadecimal, "-" if none

	std::uint64_t data_bytes() const { return blocks * data_block; }
};

/// Nothing when there is none at byte @offset; an Error when it makes no sense.
Result<std::optional<VerityHeader>> read_verity_header(const KernelDevice &hashes,
						       std::uint64_t offset);

/// Make @data, checked by the tree on @hashes, available as device @name, for reading;
/// both are paths in the kernel and may be the same. A wrong root hash is found here;
/// a block that differs makes reading it fail, and the kernel's line about it, which
/// KernelLog::complaint() returns, has its number.
Result<std::string> open_verity(lkl_kernel *kernel, KernelLog &log, DeviceMapper &mapper,
				const std::string &name, const std::string &data,
				const std::string &hashes, const VerityOptions &options);

} // namespace lkl::apps
