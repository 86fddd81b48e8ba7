// SPDX-License-Identifier: GPL-2.0
// A large tree into a new image: the type's mkfs and cptofs, against mkfs, a loop mount
// by the host's kernel and `cp -a`; for ext4 against `mke2fs -d` too.
//
// The tree lies in an ext4 image that is loop-mounted, the new image is a sparse file,
// both in memory; the tree's files are in the host's page cache. A run is over when
// everything is in the image: cptofs ends with a clean unmount, and so does the mount.
//
// Time is wall-clock, mkfs included. Counters: cpu_s (user and system, of all
// processes; work of the host kernel's own threads is nobody's), peak_mib (largest
// resident set of a process).
#include "bench/loop_mount.hh"
#include "bench/mounted_tree.hh"
#include "bench/support.hh"

namespace lkl::bench {
namespace {

constexpr std::uint64_t target_bytes = 2ull << 30;

/// The start of a mkfs command, before the path of the image.
using Mkfs = std::vector<std::string>;

Usage make_file_system(Mkfs mkfs, const std::string &image)
{
	mkfs.push_back(image);
	return run(mkfs, Output::discarded);
}

Usage ours(const char *, const Mkfs &mkfs, const std::string &image)
{
	Usage usage = make_file_system(mkfs, image);

	usage += run({program_folder() + "/../bin/cptofs", "-q", "-i", image,
		      MountedTree::shared().content(), "/"});
	return usage;
}

Usage native(const char *type, const Mkfs &mkfs, const std::string &image)
{
	Usage usage = make_file_system(mkfs, image);
	const LoopMount mount(image, type, false);

	usage += run({"cp", "-a", MountedTree::shared().content(), mount.path()});
	return usage;
}

/// mkfs itself copies.
Usage mkfs_alone(const char *, const Mkfs &mkfs, const std::string &image)
{
	Mkfs copying = mkfs;

	copying.insert(copying.end(), {"-d", MountedTree::shared().content()});
	return make_file_system(copying, image);
}

/// One way from the tree to the image.
struct Way {
	const char *name;
	const char *type;
	Mkfs mkfs;
	Usage (*measure)(const char *type, const Mkfs &mkfs, const std::string &image);
};

const Mkfs mke2fs = {"mke2fs", "-q", "-F", "-t", "ext4"};
const Mkfs mkfs_xfs = {"mkfs.xfs", "-q", "-f"};
const Mkfs mkfs_btrfs = {"mkfs.btrfs", "-q", "-f"};

const Way ways[] = {
	{"copy/ext4/ours", "ext4", mke2fs, ours},
	{"copy/ext4/native", "ext4", mke2fs, native},
	{"copy/ext4/mke2fs", "ext4", mke2fs, mkfs_alone},
	{"copy/xfs/ours", "xfs", mkfs_xfs, ours},
	{"copy/xfs/native", "xfs", mkfs_xfs, native},
	{"copy/btrfs/ours", "btrfs", mkfs_btrfs, ours},
	{"copy/btrfs/native", "btrfs", mkfs_btrfs, native},
};

void copy(benchmark::State &state, const Way &way)
{
	const std::string obstacle = LoopMount::obstacle();

	if (!obstacle.empty())
		return state.SkipWithError(obstacle.c_str());
	MountedTree::shared();

	for (auto _ : state) {
		const ScratchFile image("/dev/shm", target_bytes);
		const Clock::time_point start = Clock::now();
		const Usage usage = way.measure(way.type, way.mkfs, image.path());

		state.SetIterationTime(seconds_since(start));
		state.counters["cpu_s"] = usage.cpu_s;
		state.counters["peak_mib"] = static_cast<double>(usage.peak_kib) / 1024;
	}
}

const bool registered = [] {
	for (const Way &way : ways)
		benchmark::RegisterBenchmark(way.name, [&way](benchmark::State &state) {
			copy(state, way);
		})->UseManualTime()->Iterations(1)->Repetitions(5)->Unit(benchmark::kMillisecond);
	return true;
}();

} // namespace
} // namespace lkl::bench
