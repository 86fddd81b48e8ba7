// SPDX-License-Identifier: GPL-2.0
// The driver's side of a split virtqueue, honest or not, for tests of the device's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include <lkl/host_ops.h>

#include "virtio/wire.hh"

namespace lkl::test {

using namespace lkl::virtio;

/// A kernel's RAM, page-aligned, and what tests put there.
class Ram {
public:
	explicit Ram(std::size_t bytes) : memory_(bytes + alignment)
	{
		std::size_t off = reinterpret_cast<std::uintptr_t>(memory_.data()) % alignment;

		ram_ = std::span(memory_).subspan(alignment - off, bytes);
	}

	std::span<std::byte> span() { return ram_; }
	std::byte *at(std::uint64_t offset) { return ram_.data() + offset; }
	std::uint64_t address(std::uint64_t offset) const
	{
		return reinterpret_cast<std::uintptr_t>(ram_.data()) + offset;
	}

private:
	static constexpr std::size_t alignment = 4096;

	std::vector<std::byte> memory_;
	std::span<std::byte> ram_;
};

struct Used {
	std::uint32_t id;
	std::uint32_t bytes;
};

/// A ring in RAM, at a page of its own. One thread uses it.
class DriverRing {
public:
	static constexpr std::uint64_t bytes = 16384;

	DriverRing(Ram &ram, std::uint64_t at, std::uint16_t entries)
		: ram_(&ram), at_(at), entries_(entries)
	{
		std::memset(ram_->at(at_), 0, bytes);
	}

	lkl_virtio_ring description(std::uint32_t irq = 0) const
	{
		return {sizeof(lkl_virtio_ring), entries_,	  ram_->address(at_),
			ram_->address(avail_at()), ram_->address(used_at()), irq, 0};
	}

	Descriptor *desc() { return reinterpret_cast<Descriptor *>(ram_->at(at_)); }
	void set(unsigned index, std::uint64_t address, std::uint32_t size, std::uint16_t flags = 0,
		 std::uint16_t next = 0)
	{
		desc()[index] = {le64(address), le32(size), le16(flags), le16(next)};
	}

	/// Make @head available, without a look at whether there is room.
	void offer(std::uint16_t head)
	{
		avail()[2 + idx_ % entries_] = head;
		set_idx(static_cast<std::uint16_t>(idx_ + 1));
	}
	void set_idx(std::uint16_t idx)
	{
		idx_ = idx;
		store(&avail()[1], idx, std::memory_order_seq_cst);
	}
	void set_flags(std::uint16_t flags) { store(&avail()[0], flags, std::memory_order_seq_cst); }
	/// Interrupt when this entry, counted from 0, is used.
	void set_used_event(std::uint16_t event)
	{
		store(&avail()[2 + entries_], event, std::memory_order_seq_cst);
	}

	std::uint16_t used_idx() { return load(&used()[1], std::memory_order_acquire); }
	std::uint16_t avail_event()
	{
		return load(used() + 2 + 4 * entries_, std::memory_order_seq_cst);
	}
	/// The next used element, when there is one.
	std::optional<Used> take_used()
	{
		if (used_idx() == seen_)
			return std::nullopt;

		UsedElement element;

		std::memcpy(&element, ram_->at(used_at() + 4 + 8 * (seen_++ % entries_)),
			    sizeof(element));
		return Used{element.id, element.bytes};
	}

	std::uint16_t entries() const { return entries_; }

private:
	std::uint64_t avail_at() const { return at_ + 16ull * entries_; }
	std::uint64_t used_at() const { return (avail_at() + 6 + 2ull * entries_ + 3) / 4 * 4; }
	le16 *avail() { return reinterpret_cast<le16 *>(ram_->at(avail_at())); }
	le16 *used() { return reinterpret_cast<le16 *>(ram_->at(used_at())); }

	Ram *ram_;
	std::uint64_t at_;
	std::uint16_t entries_;
	std::uint16_t idx_ = 0;
	std::uint16_t seen_ = 0;
};

} // namespace lkl::test
