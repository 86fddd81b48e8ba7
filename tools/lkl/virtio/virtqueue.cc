// SPDX-License-Identifier: GPL-2.0
#include "virtio/virtqueue.hh"

#include <bit>
#include <cstring>

#include <lkl/abi.h>

#include "try.hh"

namespace lkl::virtio {

namespace {

// A ring part of @bytes at host address @at, or null when it is not within @ram.
std::byte *ring_part(std::span<std::byte> ram, std::uint64_t at, std::uint64_t bytes,
		     std::uint64_t alignment)
{
	std::uint64_t base = reinterpret_cast<std::uintptr_t>(ram.data());
	std::uint64_t offset = at - base;

	if (at % alignment || at < base || offset > ram.size() || bytes > ram.size() - offset)
		return nullptr;
	return ram.data() + offset;
}

} // namespace

Result<Virtqueue> Virtqueue::create(const lkl_virtio_ring &ring, std::span<std::byte> ram,
				    std::uint64_t features)
{
	if (ring.entries > 32768 || !std::has_single_bit(ring.entries))
		return fail(LKL_EINVAL, "virtqueue of {} entries", ring.entries);

	std::uint64_t n = ring.entries;
	std::byte *desc = ring_part(ram, ring.desc, n * sizeof(Descriptor), 16);
	std::byte *avail = ring_part(ram, ring.avail, sizeof(AvailHeader) + (n + 1) * 2, 2);
	std::byte *used = ring_part(ram, ring.used, sizeof(UsedHeader) + n * sizeof(UsedElement) + 2,
				    4);

	if (!desc || !avail || !used)
		return fail(LKL_EINVAL, "virtqueue outside RAM");

	Virtqueue queue;

	queue.ram_ = ram;
	queue.entries_ = static_cast<std::uint16_t>(n);
	queue.irq_ = ring.irq;
	queue.event_idx_ = features & feature_event_idx;
	queue.indirect_ = features & feature_indirect_desc;
	queue.desc_ = reinterpret_cast<const Descriptor *>(desc);
	queue.avail_ = reinterpret_cast<const AvailHeader *>(avail);
	queue.avail_ring_ = reinterpret_cast<const le16 *>(avail + sizeof(AvailHeader));
	queue.used_event_ = queue.avail_ring_ + n;
	queue.used_ = reinterpret_cast<UsedHeader *>(used);
	queue.used_ring_ = reinterpret_cast<UsedElement *>(used + sizeof(UsedHeader));
	queue.avail_event_ = reinterpret_cast<le16 *>(queue.used_ring_ + n);
	return queue;
}

bool Virtqueue::fail_queue(const char *why)
{
	if (!broken_)
		broken_ = why;
	return false;
}

bool Virtqueue::pop(Chain &chain)
{
	if (broken_)
		return false;

	// Pairs with the driver's barrier before it publishes idx: descriptors and
	// ring entry are complete.
	std::uint16_t available = load(&avail_->idx, std::memory_order_acquire);
	std::uint16_t waiting = static_cast<std::uint16_t>(available - next_avail_);

	if (waiting == 0)
		return false;
	if (waiting > entries_)
		return fail_queue("available index out of range");

	std::uint16_t head = load(&avail_ring_[next_avail_ % entries_], std::memory_order_relaxed);

	if (head >= entries_)
		return fail_queue("descriptor index out of range");
	chain.head = head;
	chain.readable = chain.writable = {};
	if (!follow(chain, desc_, entries_, head, false))
		return false;
	next_avail_++;
	return true;
}

// Every descriptor is copied first: what was checked is what is used.
bool Virtqueue::follow(Chain &chain, const Descriptor *table, unsigned entries, unsigned first,
		       bool indirect)
{
	unsigned index = first;

	for (unsigned count = 0;; count++) {
		if (count == entries)
			return fail_queue("descriptor chain with a loop");

		Descriptor desc;

		std::memcpy(&desc, &table[index], sizeof(desc));

		std::uint16_t flags = desc.flags;

		if (flags & desc_indirect) {
			if (!indirect_ || indirect || count || flags & desc_next)
				return fail_queue("indirect descriptor where none may be");

			std::uint64_t at = desc.address;
			std::uint32_t bytes = desc.bytes;

			if (bytes == 0 || bytes % sizeof(Descriptor) ||
			    bytes / sizeof(Descriptor) > Chain::max_buffers || at % alignof(Descriptor) ||
			    at > ram_.size() || bytes > ram_.size() - at)
				return fail_queue("bad indirect table");
			return follow(chain, reinterpret_cast<const Descriptor *>(&ram_[at]),
				      bytes / sizeof(Descriptor), 0, true);
		}
		if (!add(chain, desc.address, desc.bytes, flags & desc_write))
			return false;
		if (!(flags & desc_next))
			return true;
		index = desc.next;
		if (index >= entries)
			return fail_queue("next descriptor out of range");
	}
}

bool Virtqueue::add(Chain &chain, std::uint64_t address, std::uint32_t bytes, bool write)
{
	if (bytes == 0)
		return fail_queue("empty descriptor");
	if (address >= ram_.size() || bytes > ram_.size() - address)
		return fail_queue("descriptor outside RAM");
	if (!write && !chain.writable.empty())
		return fail_queue("readable descriptor after a writable one");

	std::size_t used = chain.readable.size() + chain.writable.size();

	if (used == Chain::max_buffers)
		return fail_queue("descriptor chain too long");
	chain.buffers[used] = {&ram_[address], bytes};
	if (write)
		chain.writable = std::span(chain.buffers).subspan(chain.readable.size(),
								  chain.writable.size() + 1);
	else
		chain.readable = std::span(chain.buffers).first(used + 1);
	return true;
}

bool Virtqueue::rearm()
{
	if (broken_)
		return false;
	// Both sides store, then load: sequential consistency makes sure that either
	// the driver sees this event index or we see its new available index.
	if (event_idx_)
		store(avail_event_, next_avail_, std::memory_order_seq_cst);
	return load(&avail_->idx, std::memory_order_seq_cst) != next_avail_;
}

void Virtqueue::push(std::uint16_t head, std::uint32_t bytes)
{
	used_ring_[next_used_ % entries_] = {le32(head), le32(bytes)};
	next_used_++;
	// Publishes data and element; a full barrier before should_interrupt()'s load
	// of the event index, pairing with the driver's between its store of that
	// index and its look at idx.
	store(&used_->idx, next_used_, std::memory_order_seq_cst);
}

bool Virtqueue::should_interrupt()
{
	std::uint16_t before = decided_used_;

	decided_used_ = next_used_;
	if (before == next_used_)
		return false;
	if (!event_idx_)
		return !(load(&avail_->flags, std::memory_order_seq_cst) & avail_no_interrupt);

	// Section 2.7.10: has idx moved past the event index with these pushes?
	std::uint16_t event = load(used_event_, std::memory_order_seq_cst);

	return static_cast<std::uint16_t>(next_used_ - event - 1) <
	       static_cast<std::uint16_t>(next_used_ - before);
}

} // namespace lkl::virtio
