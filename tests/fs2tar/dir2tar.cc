// SPDX-License-Identifier: GPL-2.0
// A directory of the host to a tar on standard output, through everything that
// fs2tar is made of but the kernel: for tests that need none, under sanitizers.
// usage: dir2tar DIRECTORY [none|gzip|xz|zstd]
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "apps/common/compressor.hh"
#include "apps/common/host_file_system.hh"
#include "apps/common/target_file.hh"
#include "apps/fs2tar/archive_builder.hh"

using namespace lkl::apps;

namespace {

Result<int> write_archive(const char *directory, Compression compression)
{
	Reporter reporter("dir2tar", true, -1);
	ArchiveOptions options;
	options.all_times = true;

	const auto files = TRY(HostFileSystem::open(directory));
	const auto target = TRY(TargetFile::create("-", directory));
	std::unique_ptr<Compressor> compressor;
	if (compression != Compression::none)
		compressor = TRY(Compressor::create(compression, *target));
	BlockStream stream(compressor ? static_cast<Sink &>(*compressor) : *target, true);
	const IdNames names = IdNames::of(*files);
	ArchiveBuilder builder(*files, names, stream, reporter, options);

	TRY(walk_tree(*files, builder, {Order::name, false}));
	TRY(builder.finish());
	TRY(stream.finish());
	TRY(target->commit());
	return static_cast<int>(reporter.status());
}

} // namespace

int main(int argc, char **argv)
{
	const std::map<std::string, Compression> methods = {{"none", Compression::none},
							    {"gzip", Compression::gzip},
							    {"xz", Compression::xz},
							    {"zstd", Compression::zstd}};

	if (argc < 2 || (argc > 2 && !methods.contains(argv[2]))) {
		std::fprintf(stderr, "usage: dir2tar DIRECTORY [none|gzip|xz|zstd]\n");
		return 2;
	}

	const Result<int> status =
		write_archive(argv[1], argc > 2 ? methods.at(argv[2]) : Compression::none);
	if (!status)
		std::fprintf(stderr, "dir2tar: %s\n", status.error().text.c_str());
	return status.value_or(2);
}
