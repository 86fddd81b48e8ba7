// SPDX-License-Identifier: GPL-2.0
// Structures that callers fill in, of whatever version their header had.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <lkl/abi.h>

#include "try.hh"

namespace lkl {

/// A copy of @given: members that its header did not have yet are zero; members
/// that this library does not know must be zero. @name is for messages.
template <class T> Result<T> copy_options(const T *given, const char *name)
{
	constexpr std::uint32_t max_bytes = 4096;
	T copy = {};

	if (!given)
		return fail(LKL_EINVAL, "{} is NULL", name);
	if (given->size < sizeof(given->size) || given->size > max_bytes)
		return fail(LKL_EINVAL, "{}.size is {}, not sizeof(struct {})", name, given->size,
			    name);

	const char *bytes = reinterpret_cast<const char *>(given);

	std::memcpy(&copy, bytes, std::min<std::size_t>(given->size, sizeof(T)));
	if (given->size > sizeof(T) && std::any_of(bytes + sizeof(T), bytes + given->size,
						   [](char byte) { return byte != 0; }))
		return fail(LKL_E2BIG, "{} has members that this library does not know", name);
	return copy;
}

} // namespace lkl
