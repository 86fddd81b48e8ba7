// SPDX-License-Identifier: GPL-2.0
// What lies in shared memory: little-endian integers and the structures of the
// virtio specification, version 1.2 (sections 2.7 split rings, 5.2 block).
#pragma once

#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace lkl::virtio {

/// A little-endian integer at its natural alignment.
template <std::unsigned_integral T> class Le {
public:
	Le() = default;
	Le(T value) : raw_(swap(value)) {}
	operator T() const { return swap(raw_); }

private:
	static constexpr T swap(T value)
	{
		if constexpr (std::endian::native == std::endian::little)
			return value;
		else
			return std::byteswap(value);
	}

	T raw_;
};

using le16 = Le<std::uint16_t>;
using le32 = Le<std::uint32_t>;
using le64 = Le<std::uint64_t>;

/// Ring words that the driver changes while we look.
inline std::uint16_t load(const le16 *word, std::memory_order order)
{
	le16 value = std::atomic_ref(*const_cast<le16 *>(word)).load(order);

	return value;
}

inline void store(le16 *word, std::uint16_t value, std::memory_order order)
{
	std::atomic_ref(*word).store(le16(value), order);
}

// ---- features, device status -------------------------------------------------

inline constexpr std::uint64_t feature_indirect_desc = 1ull << 28;
inline constexpr std::uint64_t feature_event_idx = 1ull << 29;
inline constexpr std::uint64_t feature_version_1 = 1ull << 32;

// ---- split rings ----------------------------------------------------------------

struct Descriptor {
	le64 address;	// offset in RAM
	le32 bytes;
	le16 flags;
	le16 next;
};
static_assert(sizeof(Descriptor) == 16);

inline constexpr std::uint16_t desc_next = 1;
inline constexpr std::uint16_t desc_write = 2;
inline constexpr std::uint16_t desc_indirect = 4;

/// Followed by le16 ring[entries] and le16 used_event.
struct AvailHeader {
	le16 flags;
	le16 idx;
};
static_assert(sizeof(AvailHeader) == 4);
inline constexpr std::uint16_t avail_no_interrupt = 1;

struct UsedElement {
	le32 id;
	le32 bytes;
};
static_assert(sizeof(UsedElement) == 8);

/// Followed by UsedElement ring[entries] and le16 avail_event.
struct UsedHeader {
	le16 flags;
	le16 idx;
};
static_assert(sizeof(UsedHeader) == 4);

// ---- block device ----------------------------------------------------------------

inline constexpr std::uint32_t block_device_id = 2;
inline constexpr std::uint64_t sector_bytes = 512;

inline constexpr std::uint64_t block_size_max = 1ull << 1;
inline constexpr std::uint64_t block_seg_max = 1ull << 2;
inline constexpr std::uint64_t block_ro = 1ull << 5;
inline constexpr std::uint64_t block_blk_size = 1ull << 6;
inline constexpr std::uint64_t block_flush = 1ull << 9;
inline constexpr std::uint64_t block_topology = 1ull << 10;
inline constexpr std::uint64_t block_mq = 1ull << 12;
inline constexpr std::uint64_t block_discard = 1ull << 13;
inline constexpr std::uint64_t block_write_zeroes = 1ull << 14;

struct BlockConfig {
	le64 capacity;			// sectors
	le32 size_max;
	le32 seg_max;
	le16 cylinders;
	std::uint8_t heads;
	std::uint8_t sectors;
	le32 blk_size;
	std::uint8_t physical_block_exp;
	std::uint8_t alignment_offset;
	le16 min_io_size;
	le32 opt_io_size;
	std::uint8_t writeback;
	std::uint8_t unused0;
	le16 num_queues;
	le32 max_discard_sectors;
	le32 max_discard_seg;
	le32 discard_sector_alignment;
	le32 max_write_zeroes_sectors;
	le32 max_write_zeroes_seg;
	std::uint8_t write_zeroes_may_unmap;
	std::uint8_t unused1[3];
};
static_assert(offsetof(BlockConfig, blk_size) == 20);
static_assert(offsetof(BlockConfig, num_queues) == 34);
static_assert(offsetof(BlockConfig, max_write_zeroes_sectors) == 48);
static_assert(sizeof(BlockConfig) == 64);	// 60 and padding

enum class BlockType : std::uint32_t {
	read = 0,
	write = 1,
	flush = 4,
	get_id = 8,
	discard = 11,
	write_zeroes = 13,
};

struct BlockHeader {
	le32 type;
	le32 reserved;
	le64 sector;
};
static_assert(sizeof(BlockHeader) == 16);

struct BlockRange {		// of discard and write_zeroes
	le64 sector;
	le32 sectors;
	le32 flags;
};
static_assert(sizeof(BlockRange) == 16);
inline constexpr std::uint32_t range_unmap = 1;

inline constexpr std::size_t block_id_bytes = 20;

enum class BlockStatus : std::uint8_t { ok = 0, io_error = 1, unsupported = 2 };

} // namespace lkl::virtio
