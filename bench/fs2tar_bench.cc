// SPDX-License-Identifier: GPL-2.0
// fs2tar of images with a large tree, against a loop mount of the image by the host's
// kernel and GNU tar, everything kept on both sides.
//
// The images lie in memory. Each run starts cold: a new kernel here, a new mount
// there. Archives go to a device that discards them. Peers that happen to be
// installed run once; what they lose is in docs/benchmarks.md.
//
// Time is wall-clock. Counters: cpu_s (user and system, of all processes; work of
// the host kernel's own threads, the loop device's, is nobody's), peak_mib
// (largest resident set of a process), archive_mib.
#include <filesystem>
#include <map>
#include <memory>

#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "bench/loop_mount.hh"
#include "bench/mounted_tree.hh"
#include "bench/support.hh"

namespace lkl::bench {
namespace {

constexpr std::uint64_t image_bytes = 2ull << 30;

/// A kind of image.
struct Kind {
	const char *type;		// of its file system
	const char *maker;		// what has to be installed for it
	void (*make)(const std::string &image);
};

void copy_into(const std::string &image, const char *type, const char *options = nullptr)
{
	const LoopMount mount(image, type, false, options);

	run({"cp", "-a", MountedTree::shared().content(), mount.path()});
}

const Kind ext4 = {"ext4", "mke2fs", [](const std::string &image) {
	run({"mke2fs", "-q", "-F", "-t", "ext4", image});
	copy_into(image, "ext4");
}};

const Kind xfs = {"xfs", "mkfs.xfs", [](const std::string &image) {
	run({"mkfs.xfs", "-q", "-f", image});
	copy_into(image, "xfs");
}};

const Kind btrfs_zstd = {"btrfs", "mkfs.btrfs", [](const std::string &image) {
	run({"mkfs.btrfs", "-q", "-f", image}, Output::discarded);
	copy_into(image, "btrfs", "compress=zstd");
}};

const Kind squashfs = {"squashfs", "mksquashfs", [](const std::string &image) {
	run({"mksquashfs", MountedTree::shared().content(), image, "-comp", "zstd", "-noappend", "-quiet",
	     "-no-progress"});
}};

/// mkfs.erofs wants the tree at a path that has names. The mount is seen, and lives, in the
/// command's own name space only.
const Kind erofs = {"erofs", "mkfs.erofs", [](const std::string &image) {
	run({"unshare", "-m", "sh", "-c",
	     "mount -t ext4 \"$1\" /mnt && exec mkfs.erofs --quiet -zlz4 \"$2\" /mnt", "sh",
	     MountedTree::shared().device(), image});
}};

/// The image of one kind, and a folder for peers that is removed at the end.
class Scene {
public:
	explicit Scene(const Kind &kind) : kind(kind)
	{
		kind.make(image);
		std::filesystem::create_directory(folder);
	}

	Scene(const Scene &) = delete;
	Scene &operator=(const Scene &) = delete;

	~Scene()
	{
		std::error_code ignored;

		std::filesystem::remove_all(folder, ignored);
	}

	static const Scene &of(const Kind &kind)
	{
		static std::map<const Kind *, std::unique_ptr<Scene>> scenes;
		std::unique_ptr<Scene> &scene = scenes[&kind];

		if (!scene)
			scene = std::make_unique<Scene>(kind);
		return *scene;
	}

private:
	const ScratchFile file_{"/dev/shm", image_bytes};

public:
	const Kind &kind;
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

Usage fs2tar_sparse(const Scene &scene, Output output)
{
	return run({program_folder() + "/../bin/fs2tar", "-q", "--sparse", scene.image}, output);
}

Usage mount_and_tar(const Scene &scene, Output output)
{
	const Clock::time_point start = Clock::now();
	Usage usage;

	{
		const LoopMount mount(scene.image, scene.kind.type, true);

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

Usage sqfs2tar(const Scene &scene, Output output)
{
	return run({"sqfs2tar", scene.image}, output);
}

Usage guestfish(const Scene &scene, Output output)
{
	const NamedCopy image(scene.image);

	return run({"guestfish", "--ro", "-a", image.path(), "run", ":", "mount-ro", "/dev/sda", "/", ":",
		    "tar-out", "/", "-", "xattrs:true", "acls:true"},
		   output);
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
	const Kind &kind;
	const char *command;	// what has to be installed for it
	Usage (*measure)(const Scene &scene, Output output);
	int repetitions;
};

const Way ways[] = {
	{"archive/ext4/ours", ext4, "true", fs2tar, 5},
	{"archive/ext4/native", ext4, "tar", mount_and_tar, 5},
	{"archive/ext4/fuse2fs", ext4, "fuse2fs", fuse2fs_and_tar, 1},
	{"archive/ext4/7zz", ext4, "7zz", seven_zip, 1},
	{"archive/ext4/debugfs", ext4, "debugfs", debugfs_rdump, 1},
	{"archive/ext4/guestfish", ext4, "guestfish", guestfish, 1},
	{"archive/xfs/ours", xfs, "true", fs2tar, 5},
	{"archive/xfs/native", xfs, "tar", mount_and_tar, 5},
	{"archive/btrfs/ours", btrfs_zstd, "true", fs2tar, 5},
	{"archive/btrfs/native", btrfs_zstd, "tar", mount_and_tar, 5},
	{"archive/squashfs/ours", squashfs, "true", fs2tar, 5},
	{"archive/squashfs/native", squashfs, "tar", mount_and_tar, 5},
	{"archive/squashfs/sparse", squashfs, "true", fs2tar_sparse, 5},
	{"archive/squashfs/sqfs2tar", squashfs, "sqfs2tar", sqfs2tar, 1},
	{"archive/squashfs/7zz", squashfs, "7zz", seven_zip, 1},
	{"archive/erofs/ours", erofs, "true", fs2tar, 5},
	{"archive/erofs/native", erofs, "tar", mount_and_tar, 5},
	{"archive/erofs/sparse", erofs, "true", fs2tar_sparse, 5},
};

std::string obstacle_of(const Way &way)
{
	for (const char *command : {way.command, way.kind.maker})
		if (!have(command))
			return std::string(command) + " is not installed";
	return LoopMount::obstacle();
}

void archive(benchmark::State &state, const Way &way)
{
	static std::map<const Way *, std::uint64_t> archive_bytes;
	const std::string obstacle = obstacle_of(way);

	if (!obstacle.empty())
		return state.SkipWithError(obstacle.c_str());

	const Scene &scene = Scene::of(way.kind);

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
