// SPDX-License-Identifier: GPL-2.0
// The device's side of a split virtqueue (virtio 1.2, section 2.7).
//
// The ring is written by a driver that may be broken. Each word is read once and
// checked before use; a Chain contains only memory inside RAM. What breaks a rule
// breaks the queue: it hands out no chain more until the driver sets it up anew.
//
// Two sides, each under its own lock of the caller's: the available side (pop,
// rearm) and the used side (push, should_interrupt).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "host/host.hh"
#include "virtio/wire.hh"

namespace lkl::virtio {

/// The buffers of one request: the driver's, then those to be filled. Reused;
/// nothing is allocated for it.
struct Chain {
	/// Longest chain that is believed; also of an indirect table.
	static constexpr unsigned max_buffers = 256;

	Chain() = default;
	Chain(const Chain &) = delete;
	Chain &operator=(const Chain &) = delete;

	std::uint16_t head = 0;
	std::span<host::Buffer> readable;	// both within buffers
	std::span<host::Buffer> writable;
	std::array<host::Buffer, max_buffers> buffers;
};

class Virtqueue {
public:
	/// Serve @ring, which must lie in @ram completely. @features are those
	/// negotiated. EINVAL for a ring that cannot be.
	static Result<Virtqueue> create(const lkl_virtio_ring &ring, std::span<std::byte> ram,
					std::uint64_t features);

	/// The next available chain into @chain; false when there is none or the
	/// queue is broken.
	bool pop(Chain &chain);
	/// After pop() returned false: ask to be notified of more. True when more
	/// came meanwhile.
	bool rearm();

	/// Give chain @head back with @bytes of it written. The chain's memory is
	/// the driver's from here on.
	void push(std::uint16_t head, std::uint32_t bytes);
	/// After push()es: does the driver want an interrupt for them?
	bool should_interrupt();

	std::uint32_t irq() const { return irq_; }
	std::uint16_t entries() const { return entries_; }
	/// What is wrong with it, or null. Available side.
	const char *broken() const { return broken_; }

private:
	Virtqueue() = default;

	bool follow(Chain &chain, const Descriptor *table, unsigned entries, unsigned first,
		    bool indirect);
	bool add(Chain &chain, std::uint64_t address, std::uint32_t bytes, bool write);
	bool fail_queue(const char *why);

	std::span<std::byte> ram_;
	std::uint16_t entries_ = 0;
	std::uint32_t irq_ = 0;
	bool event_idx_ = false;
	bool indirect_ = false;
	const char *broken_ = nullptr;

	const Descriptor *desc_ = nullptr;
	const AvailHeader *avail_ = nullptr;
	const le16 *avail_ring_ = nullptr;
	const le16 *used_event_ = nullptr;
	UsedHeader *used_ = nullptr;
	UsedElement *used_ring_ = nullptr;
	le16 *avail_event_ = nullptr;

	std::uint16_t next_avail_ = 0;	// indices run freely and wrap at 2^16
	std::uint16_t next_used_ = 0;
	std::uint16_t decided_used_ = 0;	// should_interrupt() has seen up to here
};

} // namespace lkl::virtio
