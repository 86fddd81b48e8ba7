// SPDX-License-Identifier: GPL-2.0
// A few mappings to give up when the process has as many as its system allows.
//
// At that limit (65,530 on Linux by default) even mmap() over an existing mapping
// is refused, so that kernel memory could not be unmapped again and the limit
// never be left.
#pragma once

#include <cstddef>
#include <mutex>

#include "host/posix/resource.hh"

namespace lkl::host::posix {

class SpareMappings {
public:
	/// Take them, as far as possible.
	void acquire()
	{
		std::lock_guard guard(mutex_);
		take();
	}

	/// Run @operation with the spare ones given up. Any thread.
	template <class Operation> auto without(Operation operation)
	{
		std::lock_guard guard(mutex_);
		space_ = Mapping();
		auto result = operation();
		take();
		return result;
	}

private:
	/// Five mappings in a row, told apart by their protection. Three are needed to
	/// get below the limit and split a mapping twice; the outer ones may merge
	/// with their neighbours.
	void take()
	{
		std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
		space_ = Mapping(mmap(nullptr, 5 * page, PROT_NONE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
				 5 * page);
		if (!space_)
			return;
		for (std::size_t i : {1, 3})
			mprotect(space_.data() + i * page, page, PROT_READ);
	}

	std::mutex mutex_;
	Mapping space_;
};

} // namespace lkl::host::posix
