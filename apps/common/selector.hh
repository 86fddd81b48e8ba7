// SPDX-License-Identifier: GPL-2.0
// What a user types after -P to name a volume.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "result.hh"

namespace lkl::apps {

struct Volume;

class Selector {
public:
	enum class Kind {
		partition,	// N, I:N
		label, uuid,	// label=, uuid= of the content
		part_label, part_uuid,	// partlabel=, partuuid= in the partition table
		name,		// of a volume made of others: vg/lv
	};

	/// N, I:N (of the image given as the Ith), KEY=VALUE or a name.
	static Result<Selector> parse(std::string_view text);
	/// Partition @number of image @image.
	static Selector partition(unsigned number, std::optional<unsigned> image = std::nullopt);

	Kind kind() const { return kind_; }
	const std::string &text() const { return text_; }
	unsigned number() const { return number_; }

	/// @volume's content is looked at for label and uuid only.
	bool fits(const Volume &volume) const;
	bool needs_content() const { return kind_ == Kind::label || kind_ == Kind::uuid; }

private:
	Selector(Kind kind, std::string text, std::string value)
	    : kind_(kind), text_(std::move(text)), value_(std::move(value))
	{
	}

	Kind kind_;
	std::string text_, value_;
	unsigned number_ = 0;
	std::optional<unsigned> image_;
};

} // namespace lkl::apps
