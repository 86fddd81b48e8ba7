// SPDX-License-Identifier: GPL-2.0
// What the command lines of the tools have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include <CLI/CLI.hpp>

#include "image.hh"
#include "patterns.hh"
#include "tree_walker.hh"

namespace lkl::apps {

/// --owner and --group as given: a number, a name to be looked up in the image, or
/// a name and its number.
struct OwnerName {
	std::string name;
	std::optional<std::uint32_t> id;
};

/// Options of every tool beside the image's.
struct ToolOptions {
	bool show_kernel_log = false;
	bool sandbox = true;
	bool quiet = false;
	int progress_fd = -1;
};

// Parsers of options' values; they throw CLI::ValidationError.
std::optional<std::uint32_t> parse_number(std::string_view text);
OwnerName parse_owner(const std::string &text);
Timestamp parse_date(const std::string &text);
Order parse_order(const std::string &text);
DiskFormat parse_format(const std::string &text);
Selector parse_selector(const std::string &text);

/// $SOURCE_DATE_EPOCH, if it is set.
std::optional<Timestamp> source_date();

/// A flag that sets @what to false.
CLI::Option *add_off_switch(CLI::App &app, const char *name, bool &what, const char *text);
/// What the images are; what their volumes take to be opened; and which one is meant,
/// with what on it.
void add_disk_options(CLI::App &app, ImageOptions &image);
void add_layer_options(CLI::App &app, LayerOptions &layers);
void add_image_options(CLI::App &app, ImageOptions &image);
void add_kernel_options(CLI::App &app, ImageOptions &image, ToolOptions &tool);
void add_message_options(CLI::App &app, ToolOptions &tool, const std::string &group);
/// Switches that set them to false.
void add_attribute_options(CLI::App &app, bool &attributes, bool &acls, bool &selinux);
/// -o and -g, for all entries.
void add_owner_options(CLI::App &app, std::optional<OwnerName> &user,
		       std::optional<OwnerName> &group);
/// --owner-map and --group-map, from one id to another.
using IdMap = std::unordered_map<std::uint32_t, std::uint32_t>;
void add_owner_maps(CLI::App &app, IdMap &users, IdMap &groups);
/// The id that is meant; @known: what the files have for its name. @place, as in "in the
/// image", is where they are.
Result<std::uint32_t> owner_id(const OwnerName &given, std::optional<std::uint32_t> known,
			       const char *place);
/// --exclude.
void add_exclude_option(CLI::App &app, Patterns &excluded);
/// --exclude, --one-file-system and --sort.
void add_selection_options(CLI::App &app, Patterns &excluded, WalkOptions &walk);

/// Parse; then @checks, which may throw too. The status to exit with when there is
/// nothing to do but exit, after help or a complaint was printed.
std::optional<int> parse(CLI::App &app, int argc, char **argv,
			 const std::function<void()> &checks);

} // namespace lkl::apps
