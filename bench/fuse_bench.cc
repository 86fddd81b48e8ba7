// SPDX-License-Identifier: GPL-2.0
// Files of an ext4 image through mounts: lklfuse's, the host kernel's own of a loop device,
// fuse2fs's. Programs that use files are the same for all three.
//
// The images lie in memory. Each repetition has a new mount, with nothing in the caches of
// the mount; "repeat" is what follows on the same mount. Writing is over when the mount is,
// and with it its server: everything is in the image then.
//
// Time is wall-clock. The counter server_s is the CPU time of the server's process; work of
// the host kernel's own threads, the loop device's, is nobody's.
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "bench/loop_mount.hh"
#include "bench/support.hh"
#include "bench/tree.hh"

namespace lkl::bench {
namespace {

constexpr std::uint64_t tree_bytes = 1536ull << 20, file_bytes = 1ull << 30;
constexpr std::uint64_t target_bytes = 2ull << 30;

enum class System { ours, native, fuse2fs };

std::string formatted(const std::string &image)
{
	run({"mke2fs", "-q", "-F", "-t", "ext4", image});
	return image;
}

/// An ext4 image with the tree, and a tar of it.
class TreeImage {
	const ScratchFile image_{"/dev/shm", tree_bytes}, archive_{"/dev/shm", 0};

public:
	static const TreeImage &shared()
	{
		static const TreeImage tree;

		return tree;
	}

	const std::string path, archive;

private:
	TreeImage()
	    : path(image_.path()), archive(archive_.path())
	{
		const LoopMount mount(formatted(path), "ext4", false);

		make_tree(mount.path());
		run({"tar", "-C", mount.path(), "-cf", archive, "--exclude=./lost+found", "."});
	}
};

/// One with a large file.
class FileImage {
	const ScratchFile image_{"/dev/shm", file_bytes + (256ull << 20)};

public:
	static const FileImage &shared()
	{
		static const FileImage file;

		return file;
	}

	const std::string path;

private:
	FileImage() : path(image_.path())
	{
		const LoopMount mount(formatted(path), "ext4", false);
		const std::vector<char> piece = noise(1 << 20, 7);
		const std::string name = mount.path() + "/file";
		const int file = must(::open(name.c_str(), O_WRONLY | O_CREAT, 0644), "large file");

		for (std::uint64_t at = 0; at < file_bytes; at += piece.size())
			must(::write(file, piece.data(), piece.size()), "large file");
		::close(file);
	}
};

bool is_fuse(const std::string &folder)
{
	struct statfs about = {};

	return ::statfs(folder.c_str(), &about) == 0 && about.f_type == FUSE_SUPER_MAGIC;
}

class Mounted {
public:
	Mounted(System system, const std::string &image, bool read_only)
	{
		if (system == System::native) {
			loop_.emplace(image, "ext4", read_only);
			return;
		}
		std::filesystem::create_directory(folder_);
		// Both programs take the same words here.
		const std::string program =
			system == System::ours ? program_folder() + "/../bin/lklfuse" : "fuse2fs";
		server_.emplace(std::vector<std::string>{program, "-f", "-o", read_only ? "ro" : "rw", image,
							 folder_});
		for (const Clock::time_point start = Clock::now(); !is_fuse(folder_); ::usleep(200))
			if (seconds_since(start) > 30)
				die(program + " does not mount");
	}
	Mounted(const Mounted &) = delete;
	Mounted &operator=(const Mounted &) = delete;
	~Mounted()
	{
		if (server_)
			end();
	}

	std::string path() const
	{
		return loop_ ? loop_->path() : folder_;
	}

	/// Everything is in the image afterwards. What the server used.
	Usage end()
	{
		if (loop_) {
			loop_.reset();
			return {};
		}
		must(::umount2(folder_.c_str(), 0), "unmount");

		const Usage usage = server_->wait();

		server_.reset();
		std::filesystem::remove(folder_);
		return usage;
	}

private:
	const std::string folder_ = scratch_path("/dev/shm", "mounted");
	std::optional<LoopMount> loop_;
	std::optional<Background> server_;
};

/// Some work on a mount, its time in seconds.
using Work = double (*)(Mounted &mounted);

double find_all(Mounted &mounted)
{
	return run({"find", mounted.path() + "/", "-printf", "%s %T@ %u\n"}, Output::discarded).wall_s;
}

double find_again(Mounted &mounted)
{
	find_all(mounted);
	return find_all(mounted);
}

double read_file(Mounted &mounted)
{
	const std::string name = mounted.path() + "/file";
	const int file = must(::open(name.c_str(), O_RDONLY), "large file");
	std::vector<char> piece(128 << 10);
	const Clock::time_point start = Clock::now();

	for (std::uint64_t at = 0; at < file_bytes;)
		at += static_cast<std::uint64_t>(must(::read(file, piece.data(), piece.size()), "read"));

	const double wall_s = seconds_since(start);

	::close(file);
	return wall_s;
}

/// 4 KiB each, 16,384 in all by @jobs processes.
double read_at_random(Mounted &mounted, int jobs)
{
	constexpr int reads = 16384;

	return run({"fio", "--name=random", "--filename=" + mounted.path() + "/file", "--rw=randread",
		    "--bs=4k", "--ioengine=psync", "--randseed=5", "--norandommap", "--invalidate=0",
		    "--fadvise_hint=random", "--size=" + std::to_string(file_bytes),
		    "--numjobs=" + std::to_string(jobs),
		    "--io_size=" + std::to_string(reads / jobs * 4096), "--minimal"},
		   Output::discarded)
		.wall_s;
}

double read_by_one(Mounted &mounted)
{
	return read_at_random(mounted, 1);
}

double read_by_eight(Mounted &mounted)
{
	return read_at_random(mounted, 8);
}

void reading(benchmark::State &state, System system, const std::string &image, Work work)
{
	for (auto _ : state) {
		Mounted mounted(system, image, true);

		state.SetIterationTime(work(mounted));
		state.counters["server_s"] = mounted.end().cpu_s;
	}
}

void unpacking(benchmark::State &state, System system)
{
	const std::string &archive = TreeImage::shared().archive;

	for (auto _ : state) {
		const ScratchFile target("/dev/shm", target_bytes);
		Mounted mounted(system, formatted(target.path()), false);
		const Clock::time_point start = Clock::now();

		run({"tar", "-C", mounted.path(), "-xf", archive});

		const Usage server = mounted.end();

		state.SetIterationTime(seconds_since(start));
		state.counters["server_s"] = server.cpu_s;
	}
}

/// Until the program that was called has ended, and the mount is there.
void mounting(benchmark::State &state, System system)
{
	const std::string folder = scratch_path("/dev/shm", "ready");
	const std::string &image = TreeImage::shared().path;

	std::filesystem::create_directory(folder);
	for (auto _ : state) {
		const Clock::time_point start = Clock::now();

		if (system == System::ours)
			run({program_folder() + "/../bin/lklfuse", image, folder});
		else
			run({"fuse2fs", image, folder});
		while (!is_fuse(folder))
			::usleep(100);
		state.SetIterationTime(seconds_since(start));
		must(::umount2(folder.c_str(), 0), "unmount");
		// The server holds the image a little longer.
		::usleep(200'000);
	}
	std::filesystem::remove(folder);
}

struct Reading {
	const char *name;
	const std::string &(*image)();
	Work work;
};

const std::string &tree() { return TreeImage::shared().path; }
const std::string &file() { return FileImage::shared().path; }

const Reading readings[] = {
	{"mount/find", tree, find_all},
	{"mount/find_again", tree, find_again},
	{"mount/sequential", file, read_file},
	{"mount/random_1", file, read_by_one},
	{"mount/random_8", file, read_by_eight},
};

struct Named {
	const char *name;
	System system;
	const char *command;	// what has to be installed for it
};

const Named systems[] = {
	{"ours", System::ours, "find"},
	{"native", System::native, "find"},
	{"fuse2fs", System::fuse2fs, "fuse2fs"},
};

std::string obstacle_of(const Named &system, const char *command)
{
	for (const char *needed : {system.command, command, "mke2fs"})
		if (!have(needed))
			return std::string(needed) + " is not installed";
	if (::access("/dev/fuse", W_OK) < 0)
		return "there is no /dev/fuse";
	return LoopMount::obstacle();
}

void add(const std::string &name, const Named &system, const char *command,
	 const std::function<void(benchmark::State &)> &body)
{
	benchmark::RegisterBenchmark((name + "/" + system.name).c_str(), [=](benchmark::State &state) {
		const std::string obstacle = obstacle_of(system, command);

		if (!obstacle.empty())
			return state.SkipWithError(obstacle.c_str());
		body(state);
	})->UseManualTime()->Iterations(1)
		// It takes a minute and more.
		->Repetitions(system.system == System::fuse2fs && name == "mount/untar" ? 1 : 5)
		->Unit(benchmark::kMillisecond);
}

const bool registered = [] {
	for (const Named &system : systems) {
		for (const Reading &reading_of : readings)
			add(reading_of.name, system, reading_of.work == read_by_one || reading_of.work == read_by_eight
							     ? "fio" : "find",
			    [&](benchmark::State &state) {
				    reading(state, system.system, reading_of.image(), reading_of.work);
			    });
		add("mount/untar", system, "tar",
		    [&](benchmark::State &state) { unpacking(state, system.system); });
		if (system.system != System::native)
			add("mount/ready", system, "find",
			    [&](benchmark::State &state) { mounting(state, system.system); });
	}
	return true;
}();

} // namespace
} // namespace lkl::bench
