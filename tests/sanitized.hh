// SPDX-License-Identifier: GPL-2.0
/// Whether a sanitizer watches this program: it handles signals and memory its own way.
#pragma once

namespace lkl::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

} // namespace lkl::test
