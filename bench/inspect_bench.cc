// SPDX-License-Identifier: GPL-2.0
// What a script asks of images, a process each time: one small file out of a large
// image, what an image is.
//
// The images lie in memory. Time is wall-clock, of the whole process.
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include "bench/loop_mount.hh"
#include "bench/mounted_tree.hh"
#include "bench/support.hh"

namespace lkl::bench {
namespace {

constexpr const char *small_file = "wanted";

/// 10 GiB, with the tree and one file more.
class LargeImage {
public:
	static const LargeImage &shared()
	{
		static const LargeImage image;

		return image;
	}

	const std::string &path() const { return path_; }

private:
	LargeImage()
	{
		run({"mke2fs", "-q", "-F", "-t", "ext4", path_});

		const LoopMount mount(path_, "ext4", false);

		run({"cp", "-a", MountedTree::shared().content(), mount.path()});
		std::ofstream(mount.path() + "/" + small_file) << std::string(5000, 'x');
	}

	const ScratchFile file_{"/dev/shm", 10ull << 30};
	const std::string path_ = file_.path();
};

Usage ours()
{
	const std::string target = scratch_path("/dev/shm", "file");
	const Usage usage = run({program_folder() + "/../bin/cpfromfs", "-q", "-i",
				 LargeImage::shared().path(), std::string("/") + small_file, target});

	::unlink(target.c_str());
	return usage;
}

Usage debugfs_cat()
{
	return run({"debugfs", "-R", std::string("cat /") + small_file, LargeImage::shared().path()},
		   Output::discarded);
}

Usage guestfish_cat()
{
	const NamedCopy image(LargeImage::shared().path());

	return run({"guestfish", "--ro", "-a", image.path(), "-m", "/dev/sda", "cat",
		    std::string("/") + small_file},
		   Output::discarded);
}

/// Images of several kinds, small as those of a test suite.
class SmallImages {
public:
	static const SmallImages &shared()
	{
		static const SmallImages images;

		return images;
	}

	const std::string &next() const
	{
		return paths_[next_++ % paths_.size()];
	}

private:
	SmallImages()
	{
		for (const ScratchFile &file : files_)
			paths_.push_back(file.path());
		run({"mke2fs", "-q", "-F", "-t", "ext4", paths_[0]});
		run({"mkfs.xfs", "-q", "-f", paths_[1]});
		run({"mkfs.btrfs", "-q", "-f", paths_[2]}, Output::discarded);
		run({"mkfs.vfat", paths_[3]}, Output::discarded);
	}

	static constexpr std::uint64_t bytes = 512 << 20;

	const ScratchFile files_[4] = {{"/dev/shm", bytes}, {"/dev/shm", bytes},
				       {"/dev/shm", bytes}, {"/dev/shm", bytes}};
	std::vector<std::string> paths_;
	mutable std::size_t next_ = 0;
};

Usage inspect()
{
	return run({program_folder() + "/../bin/lklinspect", SmallImages::shared().next()},
		   Output::discarded);
}

Usage guestfish_inspect()
{
	const NamedCopy image(SmallImages::shared().next());

	return run({"guestfish", "--ro", "-a", image.path(), "run", ":",
		    "list-filesystems"},
		   Output::discarded);
}

struct Way {
	const char *name;
	const char *command;	// what has to be installed for it
	Usage (*measure)();
	bool mounts;		// its image is made by a mount
	int iterations, repetitions;
};

constexpr Way ways[] = {
	{"small_file/ours", "true", ours, true, 20, 5},
	{"small_file/debugfs", "debugfs", debugfs_cat, true, 20, 5},
	{"small_file/guestfish", "guestfish", guestfish_cat, true, 1, 1},
	{"inspect/ours", "true", inspect, false, 200, 5},
	{"inspect/guestfish", "guestfish", guestfish_inspect, false, 1, 1},
};

void ask(benchmark::State &state, const Way &way)
{
	std::string obstacle;

	if (way.mounts)
		obstacle = LoopMount::obstacle();
	if (!have(way.command))
		obstacle = std::string(way.command) + " is not installed";
	if (!obstacle.empty())
		return state.SkipWithError(obstacle.c_str());

	Usage total = way.measure();	// the warm-up

	total = {};
	for (auto _ : state) {
		const Usage usage = way.measure();

		state.SetIterationTime(usage.wall_s);
		total += usage;
	}
	state.counters["cpu_s"] = total.cpu_s / static_cast<double>(state.iterations());
	state.counters["peak_mib"] = static_cast<double>(total.peak_kib) / 1024;
}

const bool registered = [] {
	for (const Way &way : ways)
		benchmark::RegisterBenchmark(way.name, [&way](benchmark::State &state) {
			ask(state, way);
		})->UseManualTime()->Iterations(way.iterations)->Repetitions(way.repetitions)
			->Unit(benchmark::kMillisecond);
	return true;
}();

} // namespace
} // namespace lkl::bench
