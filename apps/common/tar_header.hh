// SPDX-License-Identifier: GPL-2.0
// The blocks of tar archives, as all dialects have written them: v7, ustar, pax, GNU
// and star.
//
// Format: POSIX.1-2017 pax, "ustar" and "pax Interchange Format"; GNU tar manual,
// appendix "Tar Internals"; star(5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "file_system.hh"
#include "result.hh"

namespace lkl::apps {

inline constexpr std::size_t tar_block = 512;

/// One block, seen as a header. Its numbers are octal text, or binary with the highest
/// bit set; nothing where they are neither.
class TarHeader {
public:
	using Block = char[tar_block];

	explicit TarHeader(const Block &block) : block_(block, tar_block) {}

	bool all_zero() const;
	/// The checksum is right, with signed or unsigned bytes.
	bool valid() const;

	char type() const { return block_[156]; }
	/// Prefix and name.
	std::string path() const;
	std::string link() const { return text(157, 100); }
	std::string user() const { return has_names() ? text(265, 32) : ""; }
	std::string group() const { return has_names() ? text(297, 32) : ""; }
	std::optional<std::int64_t> mode() const { return number(100, 8); }
	std::optional<std::int64_t> uid() const { return number(108, 8); }
	std::optional<std::int64_t> gid() const { return number(116, 8); }
	std::optional<std::int64_t> size() const { return number(124, 12); }
	std::optional<std::int64_t> modified() const { return number(136, 12); }
	std::optional<std::int64_t> device_major() const { return number(329, 8); }
	std::optional<std::int64_t> device_minor() const { return number(337, 8); }

	/// Of GNU's own sparse files, type 'S': the size with holes, and the first part of
	/// the map, which further blocks continue while there are more.
	std::optional<std::int64_t> real_size() const { return number(483, 12); }
	bool add_extents(std::vector<Extent> &extents) const { return add_map(386, 4, extents); }
	bool more_extents() const { return block_[482] != 0; }
	/// Of such a further block.
	bool add_further_extents(std::vector<Extent> &extents) const
	{
		return add_map(0, 21, extents);
	}
	bool more_further_extents() const { return block_[504] != 0; }

private:
	bool has_names() const { return block_.substr(257, 5) == "ustar"; }
	std::string text(std::size_t at, std::size_t bytes) const;
	std::optional<std::int64_t> number(std::size_t at, std::size_t bytes) const;
	bool add_map(std::size_t at, unsigned entries, std::vector<Extent> &extents) const;

	std::string_view block_;
};

/// The records of a pax extended header, in order: "LENGTH KEY=VALUE\n" each.
Result<std::vector<std::pair<std::string, std::string>>> parse_pax(std::string_view text);

/// "1795254846.594035531", "-1.5"; digits beyond nanoseconds are cut towards the past.
std::optional<Timestamp> parse_pax_time(std::string_view text);

/// A decimal number that is nothing else.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

} // namespace lkl::apps
