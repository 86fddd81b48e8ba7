// SPDX-License-Identifier: GPL-2.0
// The language of LVM2's metadata (lvm.conf(5)): sections of NAME = VALUE, a value being
// a number, a string or an array of those.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "result.hh"

namespace lkl::apps {

class LvmSection {
public:
	using Scalar = std::variant<std::int64_t, std::string>;

	/// Nested this deep at most, by the parser; comments are dropped.
	static Result<LvmSection> parse(std::string_view text);

	/// Nothing, or not of that kind: the Error names @key.
	Result<std::uint64_t> number(std::string_view key) const;
	Result<std::string> text(std::string_view key) const;
	Result<const LvmSection *> section(std::string_view key) const;

	bool has(std::string_view key) const { return values_.contains(key); }
	std::uint64_t number_or(std::string_view key, std::uint64_t other) const;
	/// Empty when there is none; a scalar counts as an array of one.
	const std::vector<Scalar> &array(std::string_view key) const;
	/// Is @word among the strings of array @key?
	bool lists(std::string_view key, std::string_view word) const;
	const std::map<std::string, LvmSection, std::less<>> &sections() const { return sections_; }

private:
	friend class LvmParser;

	std::map<std::string, std::vector<Scalar>, std::less<>> values_;
	std::map<std::string, LvmSection, std::less<>> sections_;
};

} // namespace lkl::apps
