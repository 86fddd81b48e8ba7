// SPDX-License-Identifier: GPL-2.0
// Errors inside the library: Result<T> of host/host.hh, passed up with TRY.
#pragma once

#include <utility>

#include <fmt/format.h>

#include "host/host.hh"

/// The value of a Result, or return its error from the enclosing function.
#define TRY(expression)                                                                            \
	({                                                                                         \
		auto lkl_result = (expression);                                                    \
		if (!lkl_result)                                                                   \
			return std::unexpected(std::move(lkl_result.error()));                     \
		*std::move(lkl_result);                                                            \
	})

namespace lkl {

/// An Error with Linux errno @code (either sign) and a formatted context.
template <class... Args>
std::unexpected<Error> fail(long long code, fmt::format_string<Args...> format, Args &&...args)
{
	return std::unexpected(Error{static_cast<int>(code < 0 ? -code : code),
				     fmt::format(format, std::forward<Args>(args)...)});
}

} // namespace lkl
