// SPDX-License-Identifier: GPL-2.0
// Memory with an edge, for tests of wrong pointers.
#pragma once

#include "support.hh"

#include <sys/mman.h>

namespace lkl::test {

constexpr std::size_t page = 4096;

/// Two readable pages between two that cannot be touched.
class GuardedPages {
public:
	GuardedPages()
	{
		void *memory = ::mmap(nullptr, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			throw std::runtime_error("mmap");
		base_ = static_cast<char *>(memory);
		protect(PROT_READ | PROT_WRITE);
	}

	~GuardedPages()
	{
		::munmap(base_, 4 * page);
	}

	void protect(int protection)
	{
		::mprotect(base_ + page, 2 * page, protection);
	}

	char *begin() const
	{
		return base_ + page;
	}

	char *end() const
	{
		return base_ + 3 * page;
	}

private:
	char *base_;
};

} // namespace lkl::test
