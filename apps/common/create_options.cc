// SPDX-License-Identifier: GPL-2.0
#include "create_options.hh"

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace lkl::apps {

namespace {

/// A number of bytes, or with a unit of KiB, MiB, GiB or TiB.
std::uint64_t parse_bytes(std::string_view text)
{
	constexpr std::string_view units = "KMGT";
	std::uint64_t value = 0;
	const char *const end = text.data() + text.size();
	const auto [behind, error] = std::from_chars(text.data(), end, value);
	unsigned shift = 0;

	if (error == std::errc() && end - behind == 1) {
		const std::size_t unit = units.find(*behind);

		shift = unit == units.npos ? 0 : static_cast<unsigned>(10 * (unit + 1));
	}
	if (error != std::errc() || behind + (shift ? 1 : 0) != end ||
	    value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) >> shift)
		throw CLI::ValidationError("'" + std::string(text) +
					   "': --size takes N, +N or auto; N may end in K, M, G or T");
	return value << shift;
}

NewSize parse_size(const std::string &text)
{
	if (text == "auto")
		return {true, 0};
	if (text.starts_with('+'))
		return {true, parse_bytes(std::string_view(text).substr(1))};
	return {false, parse_bytes(text)};
}

std::optional<TableKind> parse_table(const std::string &text)
{
	if (text == "gpt")
		return TableKind::gpt;
	if (text == "mbr")
		return TableKind::mbr;
	if (text == "none")
		return TableKind::none;
	return std::nullopt;
}

/// --partition names a partition that there is, or with --create the kind of table that is
/// to be; which of the two shows when everything is parsed.
void add_table_kind(CLI::App &app, CreateOptions &create)
{
	CLI::Option *const partition = app.get_option("--partition");

	partition->transform([&create](std::string text) {
		create.partition = parse_table(text);
		return create.partition ? std::string("0") : text;
	});
	app.parse_complete_callback([&create, partition] {
		if (create.wanted && partition->count() && !create.partition)
			throw CLI::ValidationError("with --create, --partition takes gpt, mbr or none");
		if (!create.wanted && create.partition)
			throw CLI::ValidationError("--partition takes gpt, mbr and none with --create only");
	});
}

} // namespace

void add_create_options(CLI::App &app, CreateOptions &create)
{
	const std::string group = "New image";
	CLI::Option *const wanted = app.add_flag(
		"--create", create.wanted,
		"Make the image, with a file system of type -t; --partition=gpt or mbr: in a partition");
	const auto add = [&](CLI::Option *option) { return option->needs(wanted)->group(group); };

	wanted->group(group);
	add(app.add_option_function<std::string>(
		    "--size", [&](const std::string &text) { create.size = parse_size(text); },
		    "Of the image; +N: N free beside the content; auto"))
		->type_name("N|+N|auto");
	add(app.add_option("--label", create.label, "Of the file system"))->type_name("LABEL");
	add(app.add_option("--uuid", create.uuid, "Of the file system"))->type_name("UUID");
	add(app.add_option("--mkfs-options", create.mkfs_options, "More options for the mkfs program"))
		->type_name("OPTIONS");
	add(app.add_flag("--force", create.force, "Replace an image that is there"));
	add_table_kind(app, create);
}

} // namespace lkl::apps
