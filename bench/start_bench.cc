// SPDX-License-Identifier: GPL-2.0
// From nothing to the first system call, and back.
//
// start/new_process is what a tool pays: a process that never had a kernel makes
// one. start/again is the second and every later one in the same process.
//
// Counters, microseconds: create (lkl_create), load (until the kernel's first
// message), boot (until it looks for its init), mounts (until lkl_start returns),
// first_call, destroy (halt and free; not part of the time); cpu, of all threads.
// faults_create and faults_start count pages touched for the first time; resident
// is in KiB.
#include <cstring>

#include <sys/resource.h>
#include <sys/wait.h>

#include "bench/systems.hh"

namespace lkl::bench {
namespace {

/// One life of a kernel.
struct Life {
	double create, load, boot, mounts, first_call, destroy;	// us
	double cpu;						// us, without destroy
	double faults_create, faults_start, resident_kib;
};

double cpu_time_us()
{
	timespec time = {};

	must(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time), "clock_gettime");
	return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double minor_faults()
{
	struct rusage usage = {};

	must(::getrusage(RUSAGE_SELF, &usage), "getrusage");
	return static_cast<double>(usage.ru_minflt);
}

double resident_kib()
{
	FILE *const file = std::fopen("/proc/self/statm", "r");
	long total = 0, resident = 0;

	if (!file || std::fscanf(file, "%ld %ld", &total, &resident) != 2)
		die("cannot read /proc/self/statm");
	std::fclose(file);
	return static_cast<double>(resident * (::sysconf(_SC_PAGESIZE) / 1024));
}

/// When the kernel said what. Called from inside it.
struct Milestones {
	Clock::time_point first_line, init;

	static void receive(void *user, int, std::uint64_t, const char *line)
	{
		Milestones *self = static_cast<Milestones *>(user);

		if (self->first_line == Clock::time_point())
			self->first_line = Clock::now();
		if (std::strstr(line, "as init process"))
			self->init = Clock::now();
	}
};

Life live()
{
	lkl_options options = {};
	lkl_kernel *kernel = nullptr;
	Milestones milestones;
	const double resident_before = resident_kib();
	const double faults_before = minor_faults();
	const double cpu_before = cpu_time_us();
	const Clock::time_point start = Clock::now();
	const auto microseconds = [](Clock::time_point from, Clock::time_point to) {
		return std::chrono::duration<double, std::micro>(to - from).count();
	};

	options.size = sizeof(options);
	options.log = Milestones::receive;
	options.log_user = &milestones;
	if (lkl_create(&options, &kernel) < 0)
		die(lkl_last_error(nullptr));

	const Clock::time_point created = Clock::now();
	const double faults_created = minor_faults();

	if (lkl_start(kernel) < 0)
		die(lkl_last_error(kernel));

	const Clock::time_point started = Clock::now();

	if (lkl_sys_getpid(kernel) < 0)
		die("getpid");

	const Clock::time_point called = Clock::now();
	const double cpu = cpu_time_us() - cpu_before;
	const double faults_called = minor_faults();
	const double resident = resident_kib();
	const Clock::time_point leaving = Clock::now();

	lkl_destroy(kernel);
	return {
		.create = microseconds(start, created),
		.load = microseconds(created, milestones.first_line),
		.boot = microseconds(milestones.first_line, milestones.init),
		.mounts = microseconds(milestones.init, started),
		.first_call = microseconds(started, called),
		.destroy = microseconds(leaving, Clock::now()),
		.cpu = cpu,
		.faults_create = faults_created - faults_before,
		.faults_start = faults_called - faults_created,
		.resident_kib = resident - resident_before,
	};
}

Life live_in_new_process()
{
	Life life;
	int ends[2];

	must(::pipe(ends), "pipe");

	const pid_t child = must(::fork(), "fork");

	if (!child) {
		life = live();
		::_exit(::write(ends[1], &life, sizeof(life)) != sizeof(life));
	}
	::close(ends[1]);
	if (::read(ends[0], &life, sizeof(life)) != sizeof(life))
		die("a start in a new process failed");
	::close(ends[0]);
	must(::waitpid(child, nullptr, 0), "waitpid");
	return life;
}

template <Life live()> void start(benchmark::State &state)
{
	const auto count = [&state](const char *name, double value) {
		benchmark::Counter &counter = state.counters[name];

		counter.value += value;
		counter.flags = benchmark::Counter::kAvgIterations;
	};

	for (auto _ : state) {
		const Life life = live();

		state.SetIterationTime((life.create + life.load + life.boot + life.mounts +
					life.first_call) / 1e6);
		count("create", life.create);
		count("load", life.load);
		count("boot", life.boot);
		count("mounts", life.mounts);
		count("first_call", life.first_call);
		count("destroy", life.destroy);
		count("cpu", life.cpu);
		count("faults_create", life.faults_create);
		count("faults_start", life.faults_start);
		count("resident", life.resident_kib);
	}
}

void settings(benchmark::internal::Benchmark *benchmark)
{
	benchmark->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);
}

BENCHMARK(start<live_in_new_process>)->Name("start/new_process")->Apply(settings);
BENCHMARK(start<live>)->Name("start/again")->Apply(settings);

} // namespace
} // namespace lkl::bench
