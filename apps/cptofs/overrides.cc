// SPDX-License-Identifier: GPL-2.0
#include "overrides.hh"

#include <chrono>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

bool is_special(FileType type)
{
	return type == FileType::character_device || type == FileType::block_device ||
	       type == FileType::fifo;
}

Result<void> apply(Override &change, Metadata &meta)
{
	const bool is_directory = meta.type == FileType::directory;

	change.used = true;
	if (change.type == FileType::directory && !is_directory)
		return failure(fmt::format("line {} of the overrides: is no directory", change.line));
	if (change.type != FileType::directory && change.type != FileType::unknown && is_directory)
		return failure(fmt::format("line {} of the overrides: is a directory", change.line));
	if (is_special(change.type)) {
		meta.type = change.type;
		meta.device_major = change.device_major;
		meta.device_minor = change.device_minor;
	}
	meta.permissions = change.permissions.value_or(meta.permissions);
	meta.uid = change.uid.value_or(meta.uid);
	meta.gid = change.gid.value_or(meta.gid);
	return {};
}

/// As apply(), of the tree that the entry is in.
void apply_tree(Override &change, Metadata &meta)
{
	change.used = true;
	meta.permissions = change.permissions.value_or(meta.permissions);
	meta.uid = change.uid.value_or(meta.uid);
	meta.gid = change.gid.value_or(meta.gid);
}

Timestamp now()
{
	const auto since = std::chrono::system_clock::now().time_since_epoch();
	const auto seconds = std::chrono::floor<std::chrono::seconds>(since);

	return {seconds.count(), static_cast<std::uint32_t>(
					 std::chrono::nanoseconds(since - seconds).count())};
}

} // namespace

/// The more particular comes last.
Result<void> Overrides::edit(std::string_view path, Metadata &meta, std::vector<Attribute> &)
{
	const std::string whole = place_.whole(path);

	if (const auto file = table_.files.find(meta.id); file != table_.files.end())
		TRY(apply(file->second, meta));
	for (std::size_t end = 0; !table_.trees.empty() && end != whole.npos;) {
		const auto tree = table_.trees.find(end ? whole.substr(0, end) : "/");

		if (tree != table_.trees.end())
			apply_tree(tree->second, meta);
		end = end == whole.size() ? whole.npos
					  : std::min(whole.find('/', end + 1), whole.size());
	}
	if (const auto single = table_.single.find(whole); single != table_.single.end())
		TRY(apply(single->second, meta));
	return {};
}

Result<void> Overrides::add_missing(TreeWriter &writer, Reporter &reporter, const std::string &file)
{
	const Timestamp made = now();

	for (auto &[path, change] : table_.single) {
		std::string below;

		if (change.used || change.type == FileType::regular || !place_.contains(path, below))
			continue;

		Metadata meta;
		NewEntry entry;

		meta.type = change.type;
		meta.permissions = change.type == FileType::directory ? 0755 : 0644;
		meta.modified = meta.accessed = made;
		TRY(apply(change, meta));
		entry.path = below;
		entry.meta = meta;
		TRY(writer.add(entry, nullptr));
	}
	report_unused(reporter, file);
	return {};
}

void Overrides::report_unused(Reporter &reporter, const std::string &file) const
{
	for (const auto *changes : {&table_.single, &table_.trees})
		for (const auto &[path, change] : *changes)
			if (!change.used)
				reporter.affected(file, fmt::format("line {}: {} is not among what is copied",
								    change.line, printable(path)));
}

} // namespace lkl::apps
