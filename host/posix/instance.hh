// SPDX-License-Identifier: GPL-2.0
// One kernel's memory on a POSIX host.
//
// RAM is a shared memory object, mapped whole at its base; map() makes further
// views of it in the vmalloc window, a reservation without access. RAM that
// place() took from a file is not in that object, so it has no second view.
//
// The base class's members are used by the owner before boot and after halt, one
// thread at a time; the ops by any number of threads in between, which is safe
// because they change only the address space, and spare_, which has a lock.
#pragma once

#include <vector>

#include "host/host.hh"
#include "host/posix/fault.hh"
#include "host/posix/resource.hh"
#include "host/posix/spare_mappings.hh"

namespace lkl::host::posix {

class PosixInstance final : public Instance {
public:
	static Result<std::unique_ptr<Instance>> create(std::uint64_t ram_bytes,
							std::uint64_t vmalloc_bytes,
							Events events);
	/// Of the `void *host` that the ops receive.
	static PosixInstance &from(void *host)
	{
		return *static_cast<PosixInstance *>(static_cast<Instance *>(host));
	}

	std::span<std::byte> ram() override;
	std::uint64_t vmalloc_base() const override { return vmalloc_.start; }
	std::uint64_t vmalloc_bytes() const override { return vmalloc_.bytes; }
	std::uint32_t map_granule() const override;
	Result<void> place(std::uint64_t at, std::span<const std::byte> source) override;
	Result<void> protect(std::uint64_t at, std::uint64_t bytes,
			     std::uint32_t prot) override;
	Result<void> watch_faults(const lkl_image *image, std::uint64_t at,
				  std::uint64_t bytes) override;

	/// The ops, see lkl/host_ops.h. 0 or a negative Linux errno.
	int map(std::uint64_t va, std::uint64_t phys, std::uint64_t bytes, std::uint32_t prot);
	int unmap(std::uint64_t va, std::uint64_t bytes);
	void discard(std::uint64_t phys, std::uint64_t bytes);

	const Events &events() const { return events_; }

private:
	explicit PosixInstance(Events events) : events_(std::move(events)) {}

	/// True for a page-aligned, non-empty range of @whole.
	bool valid(const Extent &whole, std::uint64_t start, std::uint64_t bytes) const;
	bool placed(std::uint64_t at, std::uint64_t bytes) const;
	Result<void> copy(std::uint64_t at, std::span<const std::byte> source);
	Result<bool> map_file(std::uint64_t at, std::span<const std::byte> source);

	Events events_;
	std::uint64_t page_bytes_ = 0;
	Descriptor object_;
	Mapping ram_space_;	// holds ram_ at an aligned address
	Mapping vmalloc_space_;
	Extent ram_;
	Extent vmalloc_;
	SpareMappings spare_;
	std::vector<Extent> placed_;	// RAM offsets
	FaultWatch faults_;	// last: ends before the memory does
};

} // namespace lkl::host::posix
