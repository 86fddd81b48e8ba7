// SPDX-License-Identifier: GPL-2.0
// Handing faults of kernel code to the image they happened in.
#pragma once

#include <cstdint>
#include <utility>

#include <lkl/host_ops.h>

#include "host/host.hh"

namespace lkl::host::posix {

/// A range of addresses.
struct Extent {
	std::uint64_t start = 0;
	std::uint64_t bytes = 0;

	bool contains(std::uint64_t address) const { return address - start < bytes; }
};

/// What is known of an image whose faults are watched. A fault is the image's
/// concern when it was executing there, or on a stack in its memory.
struct WatchedImage {
	const lkl_image *image = nullptr;
	Extent code;
	Extent ram;
	Extent vmalloc;

	bool concerned_by(const lkl_fault &fault) const
	{
		return code.contains(fault.ip) || ram.contains(fault.sp) ||
		       vmalloc.contains(fault.sp);
	}
};

struct FaultSlot;

/// An entry in the process's registry of images, removed by the destructor, when
/// no thread executes in the image any more. Any thread.
class FaultWatch {
public:
	FaultWatch() = default;
	static Result<FaultWatch> create(const WatchedImage &image);
	FaultWatch(FaultWatch &&other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
	FaultWatch &operator=(FaultWatch &&other) noexcept
	{
		std::swap(slot_, other.slot_);
		return *this;
	}
	~FaultWatch();

private:
	FaultSlot *slot_ = nullptr;
};

} // namespace lkl::host::posix
