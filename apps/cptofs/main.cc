// SPDX-License-Identifier: GPL-2.0
// cptofs: files of the host in, a disk image changed. This file is the table of
// contents.
//
// There is no sandbox as in fs2tar: the files to be copied are opened while the image's
// file system is at work.
#include <cerrno>
#include <memory>

#include "apps/common/copy_places.hh"
#include "apps/common/data_meter.hh"
#include "apps/common/entry_pipe.hh"
#include "apps/common/host_file_system.hh"
#include "apps/common/interruption.hh"
#include "apps/common/library_file_system.hh"
#include "apps/common/library_tree.hh"
#include "options.hh"
#include "overrides.hh"
#include "selinux_labels.hh"

namespace lkl::apps {

namespace {

/// What the entries get that their sources do not have, as far as files say it.
struct Edits {
	OverrideTable overrides;
	std::optional<FileContexts> contexts;
};

Result<Edits> read_edits(const Options &options)
{
	Edits edits;

	if (!options.overrides.empty()) {
		auto table = OverrideTable::read(options.overrides);
		if (!table)
			return failure(options.overrides + ": " + table.error().text);
		edits.overrides = std::move(*table);
	}
	if (!options.file_contexts.empty()) {
		auto contexts = FileContexts::read(options.file_contexts);
		if (!contexts)
			return failure(options.file_contexts + ": " + contexts.error().text);
		edits.contexts = std::move(*contexts);
	}
	return edits;
}

/// Where a source is the image itself, or contains it, that is not copied.
void leave_out_images(TreeCopier &copier, const ImageOptions &image)
{
	std::vector<std::string> paths = image.more_disks;

	paths.push_back(image.source.path);
	for (const std::string &path : paths)
		if (const auto id = HostFileSystem::id_of(path.c_str()))
			copier.leave_out(*id);
}

/// A source that is not there is reported; the others still count.
Result<void> copy_from_host(TreeCopier &copier, Reporter &reporter, const std::string &path,
			    const Destination &where)
{
	const SourcePath source(path);
	const auto files = HostFileSystem::open(source.directory.c_str());

	if (!files) {
		reporter.affected(path, files.error().text);
		return {};
	}
	return copy_source(copier, reporter, **files, (*files)->root(), source, path, where);
}

Result<void> copy_sources(LibraryTree &tree, const Destination &where, Reporter &reporter,
			  const Options &options, Edits &edits)
{
	const CopyOptions &copy = options.copy;
	const ImagePlace place(where.name ? SourcePath(copy.target).directory : copy.target);
	Overrides overrides(edits.overrides, place);
	OneLabel label(options.label);
	std::optional<LabelByPath> labels;
	TreeWriter writer(tree, where.directory, reporter, copy.write);

	TRY(pass_entries(writer, [&](EntrySink &sink) -> Result<void> {
		TreeCopier copier(sink, reporter, copy.excluded, copy.walk);

		leave_out_images(copier, options.image);
		if (copy.write.remove_others)
			copier.remove_others();
		if (!options.overrides.empty())
			copier.edit_by(overrides);
		if (!options.label.empty())
			copier.edit_by(label);
		if (edits.contexts)
			copier.edit_by(labels.emplace(*edits.contexts, place));
		for (const std::string &source : copy.sources)
			TRY(copy_from_host(copier, reporter, source, where));
		return {};
	}));
	if (interrupted())
		return failure("interrupted", EINTR);
	if (!options.overrides.empty())
		TRY(overrides.add_missing(writer, reporter, options.overrides));
	return writer.finish();
}

/// For both ways to count.
template <class Meter> void measure_sources(Meter &meter, const Options &options)
{
	WalkOptions walk = options.copy.walk;

	walk.order = Order::name;
	for (const std::string &path : options.copy.sources) {
		const SourcePath source(path);

		if (const auto files = HostFileSystem::open(source.directory.c_str()))
			meter.add_tree(**files, (*files)->root(), source.name.c_str(),
				       options.copy.excluded, walk);
	}
}

ContentSize size_of_sources(const Options &options)
{
	ContentMeter meter;

	measure_sources(meter, options);
	return meter.size();
}

Result<void> copy_all(LibraryFileSystem &files, lkl_kernel *kernel, Reporter &reporter,
		      Options &options, Edits &edits)
{
	CopyOptions &copy = options.copy;

	TRY(resolve_owners(copy, files, "in the image"));

	const auto open = [&](const std::string &path) { return files.open_in_root(path); };
	Result<Destination> where = find_destination(copy.target, copy.sources.size(), open);
	if (!where)
		return failure(copy.target + ": " + where.error().text, where.error().code);

	LibraryTree tree(kernel, files);
	const Result<void> copied = copy_sources(tree, *where, reporter, options, edits);

	files.close(where->directory);
	return copied;
}

Status run(Options &options)
{
	Reporter reporter("cptofs", options.tool.quiet, options.tool.progress_fd);
	const std::string image_path = options.image.source.path;
	const auto fatal = [&](const Error &error) {
		reporter.fatal(image_path, error.text);
		return Status::fatal;
	};

	auto edits = read_edits(options);
	if (!edits) {
		reporter.fatal("", edits.error().text);
		return Status::fatal;
	}
	if (reporter.shows_progress()) {
		DataMeter meter;

		measure_sources(meter, options);
		reporter.expect(meter.bytes());
	}

	std::unique_ptr<NewImage> made;
	if (options.create.wanted) {
		auto making = NewImage::make(options.create, size_of_sources(options),
					     options.copy.write.latest, options.image);
		if (!making)
			return fatal(making.error());
		made = std::move(*making);
	}

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

	const Result<void> copied = copy_all(**files, (*image)->kernel(), reporter, options, *edits);
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
	if (made && reporter.status() != Status::fatal)
		if (const Result<void> kept = made->keep(); !kept)
			return fatal(kept.error());
	return reporter.status();
}

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	lkl::apps::hold_interruption();
	lkl::apps::await_interruption();

	auto parsed = lkl::apps::parse_command_line(argc, argv);
	if (const int *status = std::get_if<int>(&parsed))
		return *status;
	return static_cast<int>(lkl::apps::run(std::get<lkl::apps::Options>(parsed)));
}
