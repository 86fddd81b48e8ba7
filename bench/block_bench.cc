// SPDX-License-Identifier: GPL-2.0
// Reading a large file on ext4, through the library and through a loop mount of
// the same image by the host's kernel.
//
// sequential: the image lies in the host's memory (/dev/shm). random: the image
// is on a disk, beside this program, and out of the host's cache before each run;
// 16 threads read single pages. On both sides the file itself is cold: its pages
// are dropped before each run.
#include <algorithm>
#include <barrier>
#include <cstring>
#include <memory>
#include <thread>

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statfs.h>

#include "bench/loop_mount.hh"
#include "bench/systems.hh"

namespace lkl::bench {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t sequential_bytes = 1024 * mib, random_bytes = 512 * mib;
constexpr std::size_t piece_bytes = 128 << 10;	// as cp and tar read
constexpr std::size_t page_bytes = 4096;
constexpr unsigned in_flight = 16, reads_per_thread = 256;

/// An ext4 image with one file, as both sides see it.
class Volume {
public:
	Volume(const std::string &folder, std::uint64_t bytes) : image_(folder, bytes + bytes / 8)
	{
		run({"mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", image_.path()});
		fill(bytes);
		must(::fsync(image_.descriptor()), "fsync");
		mount_ = std::make_unique<LoopMount>(image_.path(), "ext4", true);
		library_path_ = mount_in_library() + "/data";
	}

	/// The kernel of one side, and its path of the file.
	template <class System> std::pair<System &, std::string> side()
	{
		if constexpr (std::is_same_v<System, Library>)
			return {library_, library_path_};
		else
			return {native_, mount_->path() + "/data"};
	}

	/// Have the host forget the image; dies when a part stays.
	void make_cold()
	{
		struct stat stat = {};

		Native().advise(image_.descriptor(), POSIX_FADV_DONTNEED);
		must(::fstat(image_.descriptor(), &stat), "fstat");

		const std::size_t bytes = static_cast<std::size_t>(stat.st_size);
		void *const view =
			::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, image_.descriptor(), 0);
		std::vector<unsigned char> pages(bytes / page_bytes + 1);

		if (view == MAP_FAILED || ::mincore(view, bytes, pages.data()))
			die("cannot see what the host has cached");
		::munmap(view, bytes);

		const std::int64_t cached = std::ranges::count_if(
			pages, [](unsigned char page) { return page & 1; });

		if (cached > static_cast<std::int64_t>(pages.size() / 100))
			die("the host does not forget the image");
	}

private:
	void fill(std::uint64_t bytes)
	{
		const LoopMount mount(image_.path(), "ext4", false);
		Native native;
		std::vector<char> content = noise(mib, 1);
		const int file = native.create(mount.path() + "/data");

		for (std::uint64_t at = 0; at < bytes; at += content.size()) {
			// No two pieces alike.
			std::memcpy(content.data(), &at, sizeof(at));
			native.write(file, content.data(), content.size());
		}
		native.close(file);
	}

	std::string mount_in_library()
	{
		const std::string image = image_.path();
		lkl_disk disk = {};
		lkl_mount mount = {};
		char path[256];

		disk.size = sizeof(disk);
		disk.flags = LKL_DISK_READ_ONLY;
		disk.path = image.c_str();
		disk.fd = -1;
		mount.size = sizeof(mount);
		mount.disk = lkl_disk_add(library_, &disk);
		mount.flags = LKL_MS_RDONLY;
		mount.type = "ext4";
		if (mount.disk < 0 || lkl_mount_disk(library_, &mount, path, sizeof(path)) < 0)
			die(lkl_last_error(library_));
		return path;
	}

	ScratchFile image_;
	Library library_;
	Native native_;
	std::unique_ptr<LoopMount> mount_;
	std::string library_path_;
};

Volume &volume_in_memory()
{
	static Volume volume("/dev/shm", sequential_bytes);

	return volume;
}

Volume &volume_on_disk()
{
	static Volume volume(program_folder(), random_bytes);

	return volume;
}

bool in_memory(const std::string &folder)
{
	struct statfs about = {};

	must(::statfs(folder.c_str(), &about), "statfs");
	return about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC;
}

bool skipped(benchmark::State &state, const std::string &obstacle)
{
	if (!obstacle.empty())
		state.SkipWithError(obstacle.c_str());
	return !obstacle.empty();
}

/// Read all of a file whose pages are dropped first; seconds.
template <class System> double read_through(System &system, const std::string &path)
{
	const int file = system.open(path);
	std::vector<char> data(piece_bytes);
	std::uint64_t total = 0;

	system.advise(file, POSIX_FADV_DONTNEED);

	const Clock::time_point start = Clock::now();

	while (const std::int64_t got = system.read(file, data.data(), data.size()))
		total += static_cast<std::uint64_t>(got);

	const double time = seconds_since(start);

	system.close(file);
	if (total != sequential_bytes)
		die(path + ": has another size");
	return time;
}

template <class System> void read_sequentially(benchmark::State &state)
{
	if (skipped(state, LoopMount::obstacle()))
		return;

	const auto [system, path] = volume_in_memory().side<System>();
	static const double warm_up [[maybe_unused]] = read_through(system, path);

	for (auto _ : state)
		state.SetIterationTime(read_through(system, path));
	state.SetBytesProcessed(static_cast<std::int64_t>(sequential_bytes) * state.iterations());
}

/// Read pages in random order, the same every time, out of a file that neither
/// side has cached, by threads released together; seconds.
template <class System> double read_at_random(System &system, const std::string &path)
{
	const int file = system.open(path);
	std::barrier start(in_flight + 1);
	std::vector<std::thread> threads;

	system.advise(file, POSIX_FADV_RANDOM);
	system.advise(file, POSIX_FADV_DONTNEED);
	volume_on_disk().make_cold();
	for (unsigned number = 0; number < in_flight; number++)
		threads.emplace_back([&, number] {
			Random random(number);
			char page[page_bytes];

			system.attach();
			start.arrive_and_wait();
			for (unsigned i = 0; i < reads_per_thread; i++) {
				const std::uint64_t at =
					random.next() % (random_bytes / page_bytes) * page_bytes;

				if (system.pread(file, page, page_bytes,
						 static_cast<std::int64_t>(at)) != page_bytes)
					die(path + ": short read");
			}
		});
	start.arrive_and_wait();

	const Clock::time_point released = Clock::now();

	for (std::thread &thread : threads)
		thread.join();

	const double time = seconds_since(released);

	system.close(file);
	return time;
}

template <class System> void read_randomly(benchmark::State &state)
{
	if (skipped(state, LoopMount::obstacle()) ||
	    skipped(state, in_memory(program_folder()) ? program_folder() + " is no disk" : ""))
		return;

	const auto [system, path] = volume_on_disk().side<System>();
	static const double warm_up [[maybe_unused]] = read_at_random(system, path);

	for (auto _ : state)
		state.SetIterationTime(read_at_random(system, path));
	state.SetItemsProcessed(in_flight * reads_per_thread * state.iterations());
}

void settings(benchmark::internal::Benchmark *benchmark)
{
	benchmark->UseManualTime()->Iterations(1)->Repetitions(7)->Unit(benchmark::kMillisecond);
}

BENCHMARK(read_sequentially<Library>)->Name("sequential_read/ours")->Apply(settings);
BENCHMARK(read_sequentially<Native>)->Name("sequential_read/native")->Apply(settings);
BENCHMARK(read_randomly<Library>)->Name("random_read/ours")->Apply(settings);
BENCHMARK(read_randomly<Native>)->Name("random_read/native")->Apply(settings);

} // namespace
} // namespace lkl::bench
