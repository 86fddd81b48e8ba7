// SPDX-License-Identifier: GPL-2.0
// How the tools pass failures along: a value or an Error, and TRY to hand the
// Error up. Programs use it inside; main() turns it into a message and a status.
#pragma once

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace lkl::apps {

/// Why something did not work, ready to be shown after the name of its object:
/// "read: Input/output error". @code is a positive errno, 0 when there is none.
struct Error {
	int code;
	std::string text;
};

template <class T> using Result = std::expected<T, Error>;

/// An Error out of thin air, for findings that no system call reported.
inline std::unexpected<Error> failure(std::string text, int code = 0)
{
	return std::unexpected(Error{code, std::move(text)});
}

/// The host's errno, after the failed attempt at @what.
inline std::unexpected<Error> host_failure(std::string_view what, int code = errno)
{
	return failure(std::string(what) + ": " + std::strerror(code), code);
}

namespace detail {
template <class T> T take(Result<T> &&result) { return std::move(*result); }
inline void take(Result<void> &&) {}
} // namespace detail

} // namespace lkl::apps

/// The value of a Result, or return its Error from the enclosing function.
#define TRY(expression)                                                                \
	({                                                                             \
		auto try_result = (expression);                                        \
		if (!try_result)                                                       \
			return std::unexpected(std::move(try_result.error()));         \
		::lkl::apps::detail::take(std::move(try_result));                      \
	})
