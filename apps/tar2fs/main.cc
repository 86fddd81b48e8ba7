// SPDX-License-Identifier: GPL-2.0
// tar2fs: an archive in, a disk image changed. This file is the table of contents.
#include <memory>

#include "apps/common/archive_formats.hh"
#include "apps/common/entry_pipe.hh"
#include "apps/common/id_names.hh"
#include "apps/common/interruption.hh"
#include "apps/common/library_file_system.hh"
#include "apps/common/library_tree.hh"
#include "apps/common/tool_sandbox.hh"
#include "archive_size.hh"
#include "options.hh"

namespace lkl::apps {

namespace {

/// Whatever ends it, directories get what is theirs.
Result<void> extract(LibraryTree &tree, FileSystem::Handle directory, ArchiveReader &archive,
		     const std::string &name, Reporter &reporter, const Options &options,
		     const IdNames &names)
{
	TreeWriter writer(tree, directory, reporter, options.write);
	ArchiveExtractor extractor(archive, name, reporter, options.extract);

	Result<void> done = pass_entries(
		writer, [&](EntrySink &sink) { return extractor.extract_all(names, sink); });
	const Result<void> finished = writer.finish();
	if (done)
		done = finished;
	if (done)
		done = extractor.finish(IdNames::of(tree.files()), writer);
	return done;
}

Result<void> extract_archive(LibraryFileSystem &files, lkl_kernel *kernel, ArchiveReader &archive,
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
		extract(tree, *directory, archive, name, reporter, options, names);

	files.close(*directory);
	return done;
}

/// Of an archive that can only be read once nothing is known but what the user says.
Result<ContentSize> content_of(const Options &options)
{
	if (options.archive == "-" && options.create.size.beside_content)
		return failure("is read once, so it cannot be measured; give the image's size with --size N");
	if (options.archive == "-")
		return ContentSize();
	return measure_archive(options.archive, options.extract, options.ignore_zeros,
			       options.tool.sandbox);
}

Status run(Options &options)
{
	Reporter reporter("tar2fs", options.tool.quiet, options.tool.progress_fd);
	const std::string image_path = options.image.source.path;
	const std::string name = options.archive == "-" ? "standard input" : options.archive;
	const auto fatal = [&](std::string_view object, const Error &error) {
		reporter.fatal(object, error.text);
		return Status::fatal;
	};

	// Where it comes from, and the image.
	const auto input = UnpackedStream::open(options.archive);
	if (!input)
		return fatal(name, input.error());
	Result<UnpackedFile> room = UnpackedFile::create();
	std::unique_ptr<NewImage> made;
	if (options.create.wanted) {
		const auto content = content_of(options);
		if (!content)
			return fatal(name, content.error());

		auto making = NewImage::make(options.create, *content, options.write.latest, options.image);
		if (!making)
			return fatal(image_path, making.error());
		made = std::move(*making);
	}
	KernelLog log(options.tool.show_kernel_log);	// outlives the image
	auto image = Image::open(options.image);
	if (!image)
		return fatal(image_path, image.error());

	// A kernel, and the sandbox around it; then the archive, without which there is
	// nothing to do, the disk and the mount.
	ToolSandbox sandbox("tar2fs", reporter, options.tool);
	if (made)
		sandbox.leave(made->directory());
	prepare_archives();
	sandbox.confine_files();
	await_interruption();
	if (const Result<void> booted = (*image)->boot(log); !booted)
		return fatal(image_path, booted.error());
	sandbox.confine_calls((*image)->is_served());
	const auto archive = open_archive(**input, std::move(room), options.ignore_zeros);
	if (!archive)
		return fatal(name, archive.error());
	if (const Result<void> mounted = (*image)->mount(); !mounted)
		return fatal(image_path, mounted.error());
	log.complaint();	// What the kernel said so far is dealt with.

	auto files = LibraryFileSystem::open((*image)->kernel(), log, (*image)->mount_point().c_str());
	if (!files)
		return fatal(image_path, files.error());

	// The work. A dead kernel has nothing that could be left in order.
	const Result<void> done = extract_archive(**files, (*image)->kernel(), **archive, name,
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
	if (made && reporter.status() != Status::fatal)
		if (const Result<void> kept = made->keep(); !kept)
			return fatal(image_path, kept.error());
	if (reporter.status() != Status::fatal)
		reporter.finished();
	if (options.totals)
		reporter.print_totals("read", (*archive)->bytes_read());
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
