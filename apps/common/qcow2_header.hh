// SPDX-License-Identifier: GPL-2.0
// The header of a qcow2 image, as in qemu's docs/interop/qcow2.txt. Fields of version 3
// are what they mean in version 2, which lacks them.
#pragma once

#include <array>

#include "byte_order.hh"
#include "disk_format.hh"

namespace lkl::apps {

class Qcow2Header {
public:
	static Result<Qcow2Header> read(int file)
	{
		Qcow2Header header;

		TRY(read_up_to(file, header.bytes_, 0));
		return header;
	}

	std::uint64_t backing_offset() const { return field(8, 8); }
	std::size_t backing_bytes() const { return field(16, 4); }
	unsigned cluster_bits() const { return static_cast<unsigned>(field(20, 4)); }
	std::size_t l1_entries() const { return field(36, 4); }
	std::uint64_t l1_offset() const { return field(40, 8); }
	std::uint64_t refcounts_offset() const { return field(48, 8); }
	std::uint64_t refcounts_clusters() const { return field(56, 4); }
	std::size_t snapshots() const { return field(60, 4); }
	std::uint64_t snapshots_offset() const { return field(64, 8); }
	bool has_data_file() const { return features() & 1 << 2; }
	bool has_subclusters() const { return features() & 1 << 4; }
	/// As a power of two.
	unsigned refcount_order() const { return version() >= 3 ? static_cast<unsigned>(field(96, 4)) : 4; }
	/// Where extensions begin.
	std::uint64_t bytes() const { return version() >= 3 ? field(100, 4) : 72; }

private:
	Qcow2Header() = default;

	std::uint64_t version() const { return field(4, 4); }
	/// Without which the image cannot be understood.
	std::uint64_t features() const { return version() >= 3 ? field(72, 8) : 0; }
	std::uint64_t field(std::size_t offset, std::size_t bytes) const
	{
		return big_endian(std::span(bytes_).subspan(offset, bytes));
	}

	std::array<std::byte, 104> bytes_ = {};
};

} // namespace lkl::apps
