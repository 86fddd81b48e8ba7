// SPDX-License-Identifier: GPL-2.0
// tar2fs: an archive in, a disk image changed. This file is the table of contents.
#include <chrono>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "apps/common/id_names.hh"
#include "apps/common/interruption.hh"
#include "apps/common/library_file_system.hh"
#include "apps/common/library_tree.hh"
#include "apps/common/sandbox.hh"
#include "apps/common/tar_reader.hh"
#include "options.hh"

namespace lkl::apps {

namespace {

/// What is given up while there are strangers' data in the process. That a system lacks
/// a part of it is for those to know who ask for details.
class Sandbox {
public:
	Sandbox(Reporter &reporter, const ToolOptions &options)
	    : reporter_(reporter), wanted_(options.sandbox), told_(options.show_kernel_log)
	{
	}

	void confine_files()
	{
		if (wanted_)
			tell(apps::confine_files({}));
	}

	/// @served: see Image::is_served().
	void confine_calls(bool served)
	{
		if (wanted_)
			tell(apps::confine_calls("tar2fs", {}, served));
	}

private:
	void tell(const Result<void> &result)
	{
		if (!result && told_)
			reporter_.notice("sandbox", "not complete: " + result.error().text);
	}

	Reporter &reporter_;
	const bool wanted_, told_;
};

void print_totals(std::uint64_t bytes, double seconds)
{
	const double mib = static_cast<double>(bytes) / (1 << 20);

	fmt::print(stderr, "Total bytes read: {} ({:.1f}MiB, {:.1f}MiB/s)\n", bytes, mib,
		   mib / seconds);
}

/// Whatever ends it, directories get what is theirs.
Result<void> extract(LibraryTree &tree, FileSystem::Handle directory, UnpackedStream &input,
		     const std::string &name, Reporter &reporter, const Options &options,
		     const IdNames &names)
{
	TreeWriter writer(tree, directory, reporter, options.write);
	TarReader reader(input, options.ignore_zeros);
	ArchiveExtractor extractor(reader, name, writer, reporter, options.extract);

	Result<void> done = extractor.extract_all(names);
	const Result<void> finished = writer.finish();
	if (done)
		done = finished;
	if (done)
		done = extractor.finish(IdNames::of(tree.files()));
	return done;
}

Result<void> extract_archive(LibraryFileSystem &files, lkl_kernel *kernel, UnpackedStream &input,
			     const std::string &name, Reporter &reporter, Options &options)
{
	// As the image knows them before the archive comes.
	const IdNames names = IdNames::of(files);
	const char *place = "in the image";
	if (const auto &user = options.user)
		options.write.uid = TRY(owner_id(*user, names.user_id(user->name), place));
	if (const auto &group = options.group)
		options.write.gid = TRY(owner_id(*group, names.group_id(group->name), place));

	const Result<FileSystem::Handle> directory = files.open_in_root(options.directory);
	if (!directory)
		return failure(options.directory + ": " + directory.error().text,
			       directory.error().code);

	LibraryTree tree(kernel, files);
	const Result<void> done =
		extract(tree, *directory, input, name, reporter, options, names);

	files.close(*directory);
	return done;
}

Status run(Options &options)
{
	using Clock = std::chrono::steady_clock;
	const Clock::time_point start = Clock::now();
	Reporter reporter("tar2fs", options.tool.quiet, options.tool.progress_fd);
	const std::string &image_path = options.image.source.path;
	const std::string name = options.archive == "-" ? "standard input" : options.archive;
	const auto fatal = [&](std::string_view object, const Error &error) {
		reporter.fatal(object, error.text);
		return Status::fatal;
	};

	// Where it comes from, and the image.
	const auto input = UnpackedStream::open(options.archive);
	if (!input)
		return fatal(name, input.error());
	KernelLog log(options.tool.show_kernel_log);	// outlives the image
	auto image = Image::open(options.image);
	if (!image)
		return fatal(image_path, image.error());

	// A kernel, and the sandbox around it, then the disk and the mount.
	Sandbox sandbox(reporter, options.tool);
	sandbox.confine_files();
	await_interruption();
	if (const Result<void> booted = (*image)->boot(log); !booted)
		return fatal(image_path, booted.error());
	sandbox.confine_calls((*image)->is_served());
	if (const Result<void> mounted = (*image)->mount(); !mounted)
		return fatal(image_path, mounted.error());
	log.complaint();	// What the kernel said so far is dealt with.

	auto files = LibraryFileSystem::open((*image)->kernel(), log, (*image)->mount_point().c_str());
	if (!files)
		return fatal(image_path, files.error());

	// The work. A dead kernel has nothing that could be left in order.
	const Result<void> done = extract_archive(**files, (*image)->kernel(), **input, name,
						  reporter, options);
	if (const std::optional<Error> broken = (*files)->broken())
		return fatal(image_path, *broken);
	if (const auto trouble = (*image)->trouble())
		reporter.fatal(image_path, trouble->text);
	if (!done)
		reporter.fatal(image_path, done.error().text);

	// Whatever else happened, the file system is.
	files->reset();
	if (const Result<void> closed = (*image)->close(); !closed)
		return fatal(image_path, closed.error());
	if (reporter.status() != Status::fatal)
		reporter.finished();
	if (options.totals)
		print_totals((*input)->position(),
			     std::chrono::duration<double>(Clock::now() - start).count());
	return reporter.status();
}

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	lkl::apps::hold_interruption();

	auto parsed = lkl::apps::parse_command_line(argc, argv);
	if (const int *status = std::get_if<int>(&parsed))
		return *status;
	return static_cast<int>(lkl::apps::run(std::get<lkl::apps::Options>(parsed)));
}
