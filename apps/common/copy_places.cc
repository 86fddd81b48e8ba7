// SPDX-License-Identifier: GPL-2.0
#include "copy_places.hh"

#include <cerrno>
#include <cstring>

namespace lkl::apps {

namespace {

std::string without_slashes(std::string path)
{
	while (path.size() > 1 && path.ends_with('/'))
		path.pop_back();
	return path;
}

/// Neither names a place of its own in another directory.
bool is_name(std::string_view name)
{
	return !name.empty() && name != "." && name != "..";
}

} // namespace

SourcePath::SourcePath(const std::string &path)
{
	const std::string cut = without_slashes(path);
	const std::size_t slash = cut.rfind('/');
	const std::string last = cut.substr(slash + 1);		// from 0 without a slash

	if (is_name(last))
		copy_name = last;
	if (copy_name.empty() || cut.size() < path.size()) {
		directory = path;
		name = std::string(".");	// assign() makes GCC 12 warn of nothing
	} else {
		directory = slash == cut.npos ? "." : cut.substr(0, slash + 1);
		name = last;
	}
}

Result<Destination>
find_destination(const std::string &target, std::size_t sources,
		 const std::function<Result<FileSystem::Handle>(const std::string &)> &open)
{
	const Result<FileSystem::Handle> whole = open(target);

	if (whole)
		return Destination{*whole, std::nullopt};

	const SourcePath split(without_slashes(target));
	if (sources > 1 || split.copy_name.empty())
		return std::unexpected(whole.error());
	return Destination{TRY(open(split.directory)), split.copy_name, target.ends_with('/')};
}

Result<void> copy_source(TreeCopier &copier, Reporter &reporter, FileSystem &files,
			 FileSystem::Handle directory, const SourcePath &source,
			 const std::string &shown, const Destination &where)
{
	const Result<Metadata> there = files.stat(directory, source.name.c_str());

	if (!there) {
		reporter.affected(shown, there.error().text);
		return {};
	}
	if (where.of_a_directory && there->type != FileType::directory)
		return failure(*where.name + "/: " + std::strerror(ENOENT), ENOENT);
	return copier.copy(files, directory, source.name.c_str(),
			   where.name.value_or(source.copy_name), shown);
}

} // namespace lkl::apps
