// SPDX-License-Identifier: GPL-2.0
// cpfromfs: a disk image in, files of the host out. This file is the table of contents.
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "apps/common/copy_places.hh"
#include "apps/common/data_meter.hh"
#include "apps/common/entry_pipe.hh"
#include "apps/common/host_tree.hh"
#include "apps/common/interruption.hh"
#include "apps/common/library_file_system.hh"
#include "options.hh"

namespace lkl::apps {

namespace {

/// The directory on the host that the copies go to or below.
struct Place {
	std::unique_ptr<HostFileSystem> files;
	Destination where;
};

/// A link to a file stands for the file, which is replaced. Nothing else than a file
/// could be replaced by what was meant to be written into it.
Result<std::string> target_path(const std::string &path)
{
	struct stat stat;
	char resolved[PATH_MAX];

	if (::lstat(path.c_str(), &stat) < 0 || S_ISDIR(stat.st_mode))
		return path;
	if (S_ISLNK(stat.st_mode) && ::stat(path.c_str(), &stat) < 0)
		return failure("is a symbolic link that leads nowhere");
	if (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode))
		return failure("is neither a file nor a directory");
	if (!::realpath(path.c_str(), resolved))
		return host_failure("resolve");
	return std::string(resolved);
}

Result<Place> find_place(const CopyOptions &copy)
{
	Place place;
	const auto open = [&](const std::string &path) -> Result<FileSystem::Handle> {
		place.files = TRY(HostFileSystem::open(path.c_str()));
		return place.files->root();
	};

	place.where = TRY(find_destination(TRY(target_path(copy.target)), copy.sources.size(), open));
	return place;
}

Result<void> copy_from_image(TreeCopier &copier, Reporter &reporter, LibraryFileSystem &files,
			     const std::string &path, const Destination &where)
{
	const SourcePath source(path);
	const Result<FileSystem::Handle> directory = files.open_in_root(source.directory);

	if (!directory) {
		reporter.affected(path, directory.error().text);
		return {};
	}

	const Result<void> copied =
		copy_source(copier, reporter, files, *directory, source, path, where);
	files.close(*directory);
	return copied;
}

Result<void> copy_sources(LibraryFileSystem &files, HostTree &tree, const Destination &where,
			  Reporter &reporter, const CopyOptions &copy)
{
	TreeWriter writer(tree, where.directory, reporter, copy.write);

	TRY(pass_entries(writer, [&](EntrySink &sink) -> Result<void> {
		TreeCopier copier(sink, reporter, copy.excluded, copy.walk);

		if (copy.write.remove_others)
			copier.remove_others();
		for (const std::string &path : copy.sources)
			TRY(copy_from_image(copier, reporter, files, path, where));
		return {};
	}));
	if (interrupted())
		return failure("interrupted", EINTR);
	return writer.finish();
}

std::uint64_t size_of_sources(LibraryFileSystem &files, const CopyOptions &copy)
{
	DataMeter meter;

	for (const std::string &path : copy.sources) {
		const SourcePath source(path);

		if (const auto directory = files.open_in_root(source.directory)) {
			meter.add_tree(files, *directory, source.name.c_str(), copy.excluded,
				       copy.walk);
			files.close(*directory);
		}
	}
	return meter.bytes();
}

Status run(Options &options)
{
	Reporter reporter("cpfromfs", options.tool.quiet, options.tool.progress_fd);
	const std::string &image_path = options.image.source.path;
	CopyOptions &copy = options.copy;
	const auto fatal = [&](const std::string &object, const Error &error) {
		reporter.fatal(object, error.text);
		return Status::fatal;
	};

	// Where it goes, and the image: refuse before there is work.
	auto place = find_place(copy);
	if (!place)
		return fatal(copy.target, place.error());
	if (copy.user || copy.group) {
		auto host = HostFileSystem::open("/");
		if (!host)
			return fatal("/", host.error());
		if (const auto known = resolve_owners(copy, **host, "here"); !known)
			return fatal("", known.error());
	}
	KernelLog log(options.tool.show_kernel_log);	// outlives the image
	auto image = Image::open(options.image);
	if (!image)
		return fatal(image_path, image.error());

	// A kernel, then the disk and the mount.
	if (const Result<void> booted = (*image)->boot(log); !booted)
		return fatal(image_path, booted.error());
	if (const Result<void> mounted = (*image)->mount(); !mounted)
		return fatal(image_path, mounted.error());
	if (log.recovered())
		reporter.notice(image_path, "was not unmounted; its journal is replayed in memory, "
					    "the image stays as it is");
	log.complaint();	// What the kernel said so far is dealt with.

	auto files = LibraryFileSystem::open((*image)->kernel(), log, (*image)->mount_point().c_str());
	if (!files)
		return fatal(image_path, files.error());

	// The copy itself.
	HostTree tree(*place->files, options.durable);
	tree.protect(image_path.c_str());
	for (const std::string &disk : options.image.more_disks)
		tree.protect(disk.c_str());
	if (reporter.shows_progress())
		reporter.expect(size_of_sources(**files, copy));
	const Result<void> copied = copy_sources(**files, tree, place->where, reporter, copy);
	if (const auto broken = (*files)->broken())
		return fatal(image_path, *broken);
	if (const auto trouble = (*image)->trouble())
		reporter.affected(image_path, trouble->text);
	if (!copied)
		return fatal(copy.target, copied.error());
	reporter.finished();

	// The end of the kernel, in which nothing may go wrong either.
	files->reset();
	if (const Result<void> closed = (*image)->close(); !closed)
		return fatal(image_path, closed.error());
	return reporter.status();
}

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	lkl::apps::hold_interruption();
	lkl::apps::await_interruption();
	std::signal(SIGXFSZ, SIG_IGN);

	auto parsed = lkl::apps::parse_command_line(argc, argv);
	if (const int *status = std::get_if<int>(&parsed))
		return *status;
	return static_cast<int>(lkl::apps::run(std::get<lkl::apps::Options>(parsed)));
}
