// SPDX-License-Identifier: GPL-2.0
#include "lvm_text.hh"

#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

constexpr int deepest = 16;

bool name_character(char c)
{
	return std::isalnum(static_cast<unsigned char>(c)) ||
	       std::string_view("_-+./").find(c) != std::string_view::npos;
}

std::unexpected<Error> missing(std::string_view key, const char *kind)
{
	return failure(fmt::format("the metadata lacks {} '{}'", kind, key));
}

} // namespace

class LvmParser {
public:
	explicit LvmParser(std::string_view text) : rest_(text) {}

	/// Up to the end, or the brace that ends it.
	Result<void> section(LvmSection &section, int depth)
	{
		if (depth > deepest)
			return wrong("too many sections in one another");
		for (;;) {
			skip_space();
			if (rest_.empty())
				return depth ? wrong("it ends inside a section") : Result<void>();
			if (take('}'))
				return depth ? Result<void>() : wrong("an end without a section");

			const std::string name(TRY(word()));
			skip_space();
			if (take('{'))
				TRY(this->section(section.sections_[name], depth + 1));
			else if (take('='))
				section.values_[name] = TRY(value());
			else
				return wrong("neither = nor { after a name");
		}
	}

private:
	Result<std::vector<LvmSection::Scalar>> value()
	{
		std::vector<LvmSection::Scalar> values;

		skip_space();
		if (!take('[')) {
			values.push_back(TRY(scalar()));
			return values;
		}
		for (;;) {
			skip_space();
			if (take(']'))
				return values;
			values.push_back(TRY(scalar()));
			skip_space();
			take(',');
		}
	}

	Result<LvmSection::Scalar> scalar()
	{
		if (take('"'))
			return LvmSection::Scalar(TRY(quoted()));

		std::int64_t number = 0;
		const auto [end, error] =
			std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
		if (error != std::errc())
			return wrong("neither a number nor a string");
		rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
		return LvmSection::Scalar(number);
	}

	Result<std::string> quoted()
	{
		std::string text;

		while (!rest_.empty() && rest_.front() != '"') {
			take('\\');
			if (rest_.empty())
				break;
			text += rest_.front();
			rest_.remove_prefix(1);
		}
		if (!take('"'))
			return wrong("it ends inside a string");
		return text;
	}

	Result<std::string_view> word()
	{
		std::size_t length = 0;

		while (length < rest_.size() && name_character(rest_[length]))
			length++;
		if (length == 0)
			return wrong("no name where one must be");

		const std::string_view word = rest_.substr(0, length);
		rest_.remove_prefix(length);
		return word;
	}

	void skip_space()
	{
		while (!rest_.empty()) {
			if (rest_.front() == '#')
				rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
			else if (std::isspace(static_cast<unsigned char>(rest_.front())) ||
				 rest_.front() == '\0')
				rest_.remove_prefix(1);
			else
				return;
		}
	}

	bool take(char c)
	{
		if (rest_.empty() || rest_.front() != c)
			return false;
		rest_.remove_prefix(1);
		return true;
	}

	std::unexpected<Error> wrong(const char *why) const
	{
		return failure(fmt::format("the metadata cannot be read: {}", why));
	}

	std::string_view rest_;
};

Result<LvmSection> LvmSection::parse(std::string_view text)
{
	LvmSection root;

	TRY(LvmParser(text).section(root, 0));
	return root;
}

Result<std::uint64_t> LvmSection::number(std::string_view key) const
{
	const std::vector<Scalar> &values = array(key);

	if (values.size() == 1)
		if (const auto *number = std::get_if<std::int64_t>(&values[0]); number && *number >= 0)
			return static_cast<std::uint64_t>(*number);
	return missing(key, "number");
}

std::uint64_t LvmSection::number_or(std::string_view key, std::uint64_t other) const
{
	return number(key).value_or(other);
}

Result<std::string> LvmSection::text(std::string_view key) const
{
	const std::vector<Scalar> &values = array(key);

	if (values.size() == 1)
		if (const auto *text = std::get_if<std::string>(&values[0]))
			return *text;
	return missing(key, "string");
}

Result<const LvmSection *> LvmSection::section(std::string_view key) const
{
	const auto found = sections_.find(key);

	if (found == sections_.end())
		return missing(key, "section");
	return &found->second;
}

const std::vector<LvmSection::Scalar> &LvmSection::array(std::string_view key) const
{
	static const std::vector<Scalar> none;
	const auto found = values_.find(key);

	return found == values_.end() ? none : found->second;
}

bool LvmSection::lists(std::string_view key, std::string_view word) const
{
	for (const Scalar &value : array(key))
		if (const auto *text = std::get_if<std::string>(&value); text && *text == word)
			return true;
	return false;
}

} // namespace lkl::apps
