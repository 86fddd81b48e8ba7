// SPDX-License-Identifier: GPL-2.0
// fs2tar of an ext4 image with a large tree, against a loop mount of the image by
// the host's kernel and GNU tar, everything kept on both sides.
//
// The image lies in memory. Each run starts cold: a new kernel here, a new mount
// there. Archives go to a device that discards them. Peers that happen to be
// installed run once; what they lose is in docs/benchmarks.md.
//
// Time is wall-clock. Counters: cpu_s (user and system, of all processes; work of
// the host kernel's own threads, the loop device's, is nobody's), peak_mib
// (largest resident set of a process), archive_mib.
#include <filesystem>
#include <map>

#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "bench/loop_mount.hh"
#include "bench/support.hh"
#include "bench/tree.hh"

namespace lkl::bench {
namespace {

constexpr std::uint64_t image_bytes = 1 << 30;

/// The image, and a folder for peers that is removed at the end.
class Scene {
public:
	Scene()
	{
		run({"mke2fs", "-q", "-F", "-t", "ext4", image});
		make_tree(LoopMount(image, "ext4", false).path());
		std::filesystem::create_directory(folder);
	}

	Scene(const Scene &) = delete;
	Scene &operator=(const Scene &) = delete;

	~Scene()
	{
		std::error_code ignored;

		std::filesystem::remove_all(folder, ignored);
	}

	static Scene &shared()
	{
		static Scene scene;

		return scene;
	}

private:
	const ScratchFile file_{"/dev/shm", image_bytes};

public:
	const std::string image = file_.path();
	const std::string folder = scratch_path("/dev/shm", "tree");
};

std::vector<std::string> tar_of(const std::string &directory)
{
	return {"tar", "-C", directory, "-cf", "-",
		"--xattrs", "--xattrs-include=*", "--acls", "-S", "."};
}

Usage fs2tar(const Scene &scene, Output output)
{
	return run({program_folder() + "/../bin/fs2tar", "-q", scene.image}, output);
}

Usage mount_and_tar(const Scene &scene, Output output)
{
	const Clock::time_point start = Clock::now();
	Usage usage;

	{
		const LoopMount mount(scene.image, "ext4", true);

		usage = run(tar_of(mount.path()), output);
	}
	usage.wall_s = seconds_since(start);
	return usage;
}

bool is_fuse(const std::string &folder)
{
	struct statfs about = {};

	return ::statfs(folder.c_str(), &about) == 0 && about.f_type == FUSE_SUPER_MAGIC;
}

Usage fuse2fs_and_tar(const Scene &scene, Output output)
{
	const Clock::time_point start = Clock::now();
	Background server({"fuse2fs", "-f", "-o", "ro", scene.image, scene.folder});

	while (!is_fuse(scene.folder)) {
		if (seconds_since(start) > 10)
			die("fuse2fs does not mount");
		::usleep(1000);
	}

	Usage usage = run(tar_of(scene.folder), output);

	run({"umount", scene.folder});
	usage += server.wait();
	usage.wall_s = seconds_since(start);
	return usage;
}

Usage seven_zip(const Scene &scene, Output output)
{
	return run({"7zz", "x", "-so", scene.image}, output);
}

/// Writes the files themselves, to memory, since it makes no archive.
Usage debugfs_rdump(const Scene &scene, Output output)
{
	const std::string target = scene.folder + "/rdump";

	std::filesystem::create_directory(target);

	const Usage usage = run({"debugfs", "-R", "rdump / " + target, scene.image}, output);

	std::filesystem::remove_all(target);
	return usage;
}

/// One way from the image to the files in it.
struct Way {
	const char *name;
	const char *command;	// what has to be installed for it
	Usage (*measure)(const Scene &scene, Output output);
	int repetitions;
};

constexpr Way ways[] = {
	{"archive/ours", "true", fs2tar, 5},
	{"archive/native", "tar", mount_and_tar, 5},
	{"archive/fuse2fs", "fuse2fs", fuse2fs_and_tar, 1},
	{"archive/7zz", "7zz", seven_zip, 1},
	{"archive/debugfs", "debugfs", debugfs_rdump, 1},
};

void archive(benchmark::State &state, const Way &way)
{
	static std::map<const Way *, std::uint64_t> archive_bytes;
	const std::string obstacle = have(way.command)
		? LoopMount::obstacle() : std::string(way.command) + " is not installed";

	if (!obstacle.empty())
		return state.SkipWithError(obstacle.c_str());

	const Scene &scene = Scene::shared();

	// The warm-up, and what is compared is equal.
	if (!archive_bytes.contains(&way))
		archive_bytes[&way] = way.measure(scene, Output::counted).output_bytes;
	for (auto _ : state) {
		const Usage usage = way.measure(scene, Output::discarded);

		state.SetIterationTime(usage.wall_s);
		state.counters["cpu_s"] = usage.cpu_s;
		state.counters["peak_mib"] = static_cast<double>(usage.peak_kib) / 1024;
	}
	state.counters["archive_mib"] = static_cast<double>(archive_bytes[&way]) / (1 << 20);
}

const bool registered = [] {
	for (const Way &way : ways)
		benchmark::RegisterBenchmark(way.name, [&way](benchmark::State &state) {
			archive(state, way);
		})->UseManualTime()->Iterations(1)->Repetitions(way.repetitions)
			->Unit(benchmark::kMillisecond);
	return true;
}();

} // namespace
} // namespace lkl::bench
