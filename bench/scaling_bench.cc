// SPDX-License-Identifier: GPL-2.0
// What a second thread on a second CPU adds, here and in the kernel underneath; and a fourth,
// an eighth and so on where there are CPUs for them.
//
// Each thread has a host CPU, a file and a directory of its own, both sides in tmpfs. Time is
// per call of all threads together: half of one thread's means perfect scaling.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "bench/systems.hh"

namespace lkl::bench {
namespace {

const int most_threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 64);
constexpr std::size_t file_bytes = 1 << 20;
constexpr std::size_t read_bytes = 4096;

struct AllCpus : Library {
	AllCpus() : Library(static_cast<unsigned>(most_threads))
	{
		make_directory(folder);
		must(lkl_sys_mount(*this, "none", folder.c_str(), "tmpfs", 0, nullptr), "tmpfs");
		for (int thread = 0; thread < most_threads; thread++)
			make_directory(folder + "/" + std::to_string(thread));
	}

	const std::string folder = "/bench";
};

struct Host : Native {
	Host()
	{
		for (int thread = 0; thread < most_threads; thread++)
			std::filesystem::create_directories(folder + "/" + std::to_string(thread));
	}

	~Host()
	{
		std::error_code ignored;

		std::filesystem::remove_all(folder, ignored);
	}

	const std::string folder = scratch_path("/dev/shm", "scaling");
};

template <class System> void null_call(benchmark::State &state)
{
	System &system = shared<System>();
	const Pinned pinned(state.thread_index());

	system.attach();
	for (auto _ : state)
		benchmark::DoNotOptimize(system.getppid());
}

template <class System> void cached_pread(benchmark::State &state)
{
	System &system = shared<System>();
	const Pinned pinned(state.thread_index());
	const std::string path =
		system.folder + "/" + std::to_string(state.thread_index()) + "/data";
	std::vector<char> content = noise(file_bytes, 1);
	std::int64_t offset = 0;

	system.attach();
	const int file = system.create(path);

	system.write(file, content.data(), content.size());
	for (auto _ : state) {
		if (system.pread(file, content.data(), read_bytes, offset) != read_bytes)
			die(path + ": short read");
		offset = (offset + static_cast<std::int64_t>(read_bytes)) % file_bytes;
	}
	system.close(file);
	system.unlink(path);
}

template <class System> void create_unlink(benchmark::State &state)
{
	System &system = shared<System>();
	const Pinned pinned(state.thread_index());
	const std::string path =
		system.folder + "/" + std::to_string(state.thread_index()) + "/file";

	system.attach();
	for (auto _ : state) {
		system.close(system.create(path));
		system.unlink(path);
	}
}

void settings(benchmark::internal::Benchmark *benchmark)
{
	benchmark->ThreadRange(1, most_threads)->UseRealTime();
}

BENCHMARK(null_call<AllCpus>)->Name("null_call_scaling/ours")->Apply(settings);
BENCHMARK(null_call<Host>)->Name("null_call_scaling/native")->Apply(settings);
BENCHMARK(cached_pread<AllCpus>)->Name("cached_pread/ours")->Apply(settings);
BENCHMARK(cached_pread<Host>)->Name("cached_pread/native")->Apply(settings);
BENCHMARK(create_unlink<AllCpus>)->Name("create_unlink/ours")->Apply(settings);
BENCHMARK(create_unlink<Host>)->Name("create_unlink/native")->Apply(settings);

} // namespace
} // namespace lkl::bench
