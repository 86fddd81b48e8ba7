// SPDX-License-Identifier: GPL-2.0
// cptofs: files of the host in, a disk image changed. This file is the table of
// contents.
//
// There is no sandbox as in fs2tar: the files to be copied are opened while the image's
// file system is at work.
#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "apps/common/host_file_system.hh"
#include "apps/common/id_names.hh"
#include "apps/common/interruption.hh"
#include "apps/common/library_file_system.hh"
#include "apps/common/library_tree.hh"
#include "apps/common/tree_copier.hh"
#include "options.hh"

namespace lkl::apps {

namespace {

/// @path without slashes at its end, cut into the directory and the name in it.
struct SplitPath {
	explicit SplitPath(std::string path)
	{
		while (path.size() > 1 && path.ends_with('/'))
			path.pop_back();

		const std::size_t slash = path.rfind('/');
		name = path.substr(slash + 1);	// from 0 without a slash
		directory = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
		if (name == "." || name == ".." || name.empty()) {
			directory = path;
			name.clear();
		}
	}

	std::string directory, name;	// no name: the directory itself is meant
};

/// Where the copies go: to their own names below a directory, or one to @name there.
struct Destination {
	FileSystem::Handle directory;
	std::optional<std::string> name;
	bool of_a_directory = false;	// by a slash at its end
};

Result<Destination> find_destination(LibraryFileSystem &files, const Options &options)
{
	Result<FileSystem::Handle> whole = files.open_in_root(options.target);

	if (whole)
		return Destination{*whole, std::nullopt};
	if (options.sources.size() > 1)
		return std::unexpected(whole.error());

	const SplitPath split(options.target);
	if (split.name.empty())
		return std::unexpected(whole.error());
	return Destination{TRY(files.open_in_root(split.directory)), split.name,
			   options.target.ends_with('/')};
}

/// A source that is not there is reported; the others still count.
Result<void> copy_source(TreeCopier &copier, Reporter &reporter, const std::string &source,
			 const Destination &where)
{
	const SplitPath split(source);
	const char *from = split.name.empty() ? "." : split.name.c_str();
	const auto files = HostFileSystem::open(split.directory.c_str());
	const auto there = files ? (*files)->stat((*files)->root(), from)
				 : Result<Metadata>(std::unexpected(files.error()));

	if (!there) {
		reporter.affected(source, there.error().text);
		return {};
	}
	if (where.of_a_directory && there->type != FileType::directory)
		return failure(*where.name + "/: " + std::strerror(ENOENT), ENOENT);
	return copier.copy(**files, from, where.name.value_or(split.name), source);
}

Result<std::optional<std::uint32_t>> id_of(const std::optional<OwnerName> &given,
					   std::optional<std::uint32_t> known)
{
	if (!given || given->id)
		return given ? given->id : std::nullopt;
	if (!known)
		return failure(fmt::format("'{}' is not known in the image; give its number",
					   given->name));
	return known;
}

Result<void> copy_sources(LibraryTree &tree, const Destination &where, Reporter &reporter,
			  const Options &options)
{
	TreeWriter writer(tree, where.directory, reporter, options.write);
	TreeCopier copier(writer, reporter, options.excluded, options.walk);

	for (const std::string &source : options.sources)
		TRY(copy_source(copier, reporter, source, where));
	if (interrupted())
		return failure("interrupted", EINTR);
	return writer.finish();
}

Result<void> copy_all(LibraryFileSystem &files, lkl_kernel *kernel, Reporter &reporter,
		      Options &options)
{
	const IdNames names = IdNames::of(files);
	if (options.user)
		options.write.uid = TRY(id_of(options.user, names.user_id(options.user->name)));
	if (options.group)
		options.write.gid = TRY(id_of(options.group, names.group_id(options.group->name)));

	Result<Destination> where = find_destination(files, options);
	if (!where)
		return failure(options.target + ": " + where.error().text, where.error().code);

	LibraryTree tree(kernel, files);
	const Result<void> copied = copy_sources(tree, *where, reporter, options);

	files.close(where->directory);
	return copied;
}

Status run(Options &options)
{
	Reporter reporter("cptofs", options.tool.quiet, options.tool.progress_fd);
	const std::string &image_path = options.image.source.path;
	const auto fatal = [&](const Error &error) {
		reporter.fatal(image_path, error.text);
		return Status::fatal;
	};

	KernelLog log(options.tool.show_kernel_log);	// outlives the image
	auto image = Image::open(options.image);
	if (!image)
		return fatal(image.error());
	if (const Result<void> booted = (*image)->boot(log); !booted)
		return fatal(booted.error());
	if (const Result<void> mounted = (*image)->mount(); !mounted)
		return fatal(mounted.error());
	log.complaint();	// What the kernel said so far is dealt with.

	auto files = LibraryFileSystem::open((*image)->kernel(), log, (*image)->mount_point().c_str());
	if (!files)
		return fatal(files.error());

	const Result<void> copied = copy_all(**files, (*image)->kernel(), reporter, options);
	const std::optional<Error> broken = (*files)->broken();
	if (broken)
		return fatal(*broken);
	if (const auto trouble = (*image)->trouble())
		reporter.fatal(image_path, trouble->text);
	if (!copied)
		reporter.fatal(image_path, copied.error().text);
	else
		reporter.finished();

	// Whatever happened, the file system is left in order.
	files->reset();
	if (const Result<void> closed = (*image)->close(); !closed)
		return fatal(closed.error());
	return reporter.status();
}

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	lkl::apps::await_interruption();

	auto parsed = lkl::apps::parse_command_line(argc, argv);
	if (const int *status = std::get_if<int>(&parsed))
		return *status;
	return static_cast<int>(lkl::apps::run(std::get<lkl::apps::Options>(parsed)));
}
