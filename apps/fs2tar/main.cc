// SPDX-License-Identifier: GPL-2.0
// fs2tar: a disk image in, a tar archive out. This file is the table of contents.
#include <memory>

#include <fmt/format.h>

#include "apps/common/block_stream.hh"
#include "apps/common/cleanup.hh"
#include "apps/common/library_file_system.hh"
#include "apps/common/target_file.hh"
#include "apps/common/tool_sandbox.hh"
#include "archive_builder.hh"
#include "options.hh"

namespace lkl::apps {

namespace {

/// --owner or --group: what the user did not say is looked up in the image.
Result<std::optional<Owner>> resolve(const std::optional<OwnerName> &given,
				     std::optional<std::uint32_t> (IdNames::*id_of)(std::string_view)
					     const,
				     const IdNames &names)
{
	if (!given)
		return std::nullopt;
	if (given->id)
		return Owner{*given->id, given->name};
	if (const auto id = (names.*id_of)(given->name))
		return Owner{*id, given->name};
	return failure(fmt::format("'{}' is not known there; give its number: {}:ID", given->name,
				   given->name));
}

/// The one death of a kernel that its user can prevent.
Error with_hint(Error error)
{
	if (error.text.find("memory") != error.text.npos)
		error.text += " (more can be given with -m)";
	return error;
}

/// The labels of -s, whole or not at all like the archive.
Result<void> write_labels(TargetFile &file, const std::string &labels)
{
	TRY(file.write(std::as_bytes(std::span(labels))));
	TRY(file.finish());
	return file.commit();
}

Status run(Options &options)
{
	Reporter reporter("fs2tar", options.tool.quiet, options.tool.progress_fd);
	const std::string &image_path = options.image.source.path;
	const auto fatal = [&](std::string_view object, const Error &error) {
		reporter.fatal(object, error.text);
		return Status::fatal;
	};

	// Where it goes, and the image: refuse before there is work.
	auto target = TargetFile::create(options.target, image_path);
	if (!target)
		return fatal("", target.error());
	std::unique_ptr<TargetFile> labels;
	if (!options.labels.empty()) {
		auto file = TargetFile::create(options.labels, image_path);
		if (!file)
			return fatal("", file.error());
		labels = std::move(*file);
	}
	KernelLog log(options.tool.show_kernel_log);	// outlives the image
	auto image = Image::open(options.image);
	if (!image)
		return fatal(image_path, image.error());

	// A kernel, and the sandbox around it, then the disk and the mount.
	ToolSandbox sandbox("fs2tar", reporter, options.tool);
	for (const TargetFile *file : {target->get(), labels.get()})
		if (file && file->directory() >= 0)
			sandbox.leave(file->directory());
	sandbox.confine_files();
	if (options.tool.sandbox)
		renew_signal_watch();
	if (const Result<void> booted = (*image)->boot(log); !booted)
		return fatal(image_path, booted.error());
	if (options.tool.sandbox)
		finish_renewal();
	sandbox.confine_calls((*image)->is_served());
	if (const Result<void> mounted = (*image)->mount(); !mounted)
		return fatal(image_path, mounted.error());

	// A file system that was not unmounted is completed in memory, which its owner
	// should know.
	if (log.recovered())
		reporter.notice(image_path, "was not unmounted; its journal is replayed in memory, "
					    "the image stays as it is");
	log.complaint();	// What the kernel said so far is dealt with.

	auto files = LibraryFileSystem::open((*image)->kernel(), log, (*image)->mount_point().c_str());
	if (!files)
		return fatal(image_path, files.error());

	// Who owns what, as the image itself knows them.
	const IdNames image_names = IdNames::of(**files);
	const IdNames names = options.numeric_owner ? IdNames() : image_names;
	auto user = resolve(options.user, &IdNames::user_id, image_names);
	auto group = resolve(options.group, &IdNames::group_id, image_names);
	if (!user)
		return fatal("--owner", user.error());
	if (!group)
		return fatal("--group", group.error());
	options.archive.user = *user;
	options.archive.group = *group;

	// The way out: blocks, compressed or not, to the target.
	std::unique_ptr<Compressor> compressor;
	if (options.compression != Compression::none) {
		auto made = Compressor::create(options.compression, **target);
		if (!made)
			return fatal("", made.error());
		compressor = std::move(*made);
	}
	Sink &sink = compressor ? static_cast<Sink &>(*compressor) : **target;
	BlockStream stream(sink, compressor || (*target)->slow());

	// The walk, which does the work.
	ArchiveBuilder builder(**files, names, stream, reporter, options.archive);
	reporter.expect((*files)->used_bytes().value_or(0));
	Result<void> done = walk_tree(**files, builder, options.walk);
	if (const auto broken = (*files)->broken())
		return fatal(image_path, with_hint(*broken));
	if (const auto trouble = (*image)->trouble())
		reporter.affected(image_path, trouble->text);

	// The archive gets its name only when it is complete and on the disk.
	if (done)
		done = builder.finish();
	if (done)
		done = stream.finish();
	if (done)
		done = (*target)->commit();
	if (done && labels)
		done = write_labels(*labels, builder.labels());
	if (!done)
		return fatal("", done.error());
	reporter.finished();

	// The end of the kernel, in which nothing may go wrong either.
	files->reset();
	if (const Result<void> closed = (*image)->close(); !closed)
		return fatal(image_path, closed.error());
	if (options.totals)
		reporter.print_totals("written", stream.position());
	return reporter.status();
}

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	lkl::apps::watch_signals();

	auto parsed = lkl::apps::parse_command_line(argc, argv);
	if (const int *status = std::get_if<int>(&parsed))
		return *status;
	return static_cast<int>(lkl::apps::run(std::get<lkl::apps::Options>(parsed)));
}
