// SPDX-License-Identifier: GPL-2.0
// An archive of a large tree into a new image: `tar2fs --create`, against mkfs, a loop mount
// by the host's kernel and GNU tar, everything kept on both sides.
//
// The archive, which GNU tar made, is in the host's page cache; the new image is a sparse
// file in memory. A run is over when everything is in the image, which is unmounted then.
// "measured" is without a size: tar2fs reads the archive once more, to see how large the
// image has to be.
//
// Time is wall-clock, mkfs included. Counters: cpu_s (user and system, of all
// processes; work of the host kernel's own threads is nobody's), peak_mib (largest
// resident set of a process).
#include <cstdio>

#include "bench/loop_mount.hh"
#include "bench/mounted_tree.hh"
#include "bench/support.hh"

namespace lkl::bench {
namespace {

constexpr std::uint64_t image_bytes = 2ull << 30;

/// Of the tree, as it is when first asked for.
const std::string &archive()
{
	static const ScratchFile file("/dev/shm", 0);
	static const std::string path = [] {
		run({"tar", "-C", MountedTree::shared().path(), "--format=posix", "--xattrs",
		     "--xattrs-include=*", "--acls", "-S", "-cf", file.path(), "."});
		return file.path();
	}();

	return path;
}

Usage create(const char *type, const std::vector<std::string> &size, const std::string &image)
{
	std::vector<std::string> command = {program_folder() + "/../bin/tar2fs", "-q", "--create",
					    "-t", type};

	command.insert(command.end(), size.begin(), size.end());
	command.insert(command.end(), {archive(), image});

	const Usage usage = run(command);

	std::remove(image.c_str());
	return usage;
}

Usage ours(const char *type, const std::string &image)
{
	return create(type, {"--size=" + std::to_string(image_bytes)}, image);
}

Usage measured(const char *type, const std::string &image)
{
	return create(type, {}, image);
}

Usage native(const char *type, const std::string &)
{
	const ScratchFile image("/dev/shm", image_bytes);
	const Clock::time_point start = Clock::now();
	Usage usage = run({std::string("mkfs.") + type, "-q", type[0] == 'e' ? "-F" : "-f", image.path()},
			  Output::discarded);

	{
		const LoopMount mount(image.path(), type, false);

		usage += run({"tar", "-C", mount.path(), "--xattrs", "--xattrs-include=*", "--acls",
			      "--numeric-owner", "-xpf", archive()});
	}
	usage.wall_s = seconds_since(start);
	return usage;
}

/// One way from the archive to the image.
struct Way {
	const char *name;
	const char *type;
	Usage (*measure)(const char *type, const std::string &image);
};

const Way ways[] = {
	{"unpack/ext4/ours", "ext4", ours},
	{"unpack/ext4/measured", "ext4", measured},
	{"unpack/ext4/native", "ext4", native},
	{"unpack/xfs/ours", "xfs", ours},
	{"unpack/xfs/measured", "xfs", measured},
	{"unpack/xfs/native", "xfs", native},
};

void unpack(benchmark::State &state, const Way &way)
{
	const std::string obstacle = LoopMount::obstacle();

	if (!obstacle.empty())
		return state.SkipWithError(obstacle.c_str());
	archive();

	for (auto _ : state) {
		const Usage usage = way.measure(way.type, scratch_path("/dev/shm", "unpacked"));

		state.SetIterationTime(usage.wall_s);
		state.counters["cpu_s"] = usage.cpu_s;
		state.counters["peak_mib"] = static_cast<double>(usage.peak_kib) / 1024;
	}
}

const bool registered = [] {
	for (const Way &way : ways)
		benchmark::RegisterBenchmark(way.name, [&way](benchmark::State &state) {
			unpack(state, way);
		})->UseManualTime()->Iterations(1)->Repetitions(5)->Unit(benchmark::kMillisecond);
	return true;
}();

} // namespace
} // namespace lkl::bench
