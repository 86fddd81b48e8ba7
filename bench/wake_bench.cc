// SPDX-License-Identifier: GPL-2.0
// How late a timer wakes a caller that sleeps in the kernel: nanosleep of 50 us,
// with the default timer slack and with the least.
//
// The library's caller sleeps in the host, so the slack of the host's thread counts
// as well as that of the library's task. "Default" leaves both alone.
#include "bench/systems.hh"

namespace lkl::bench {
namespace {

constexpr std::int64_t sleep_ns = 50'000;
// As prctl(PR_SET_TIMERSLACK) takes it.
constexpr std::int64_t least_slack = 1, default_slack = 0;

template <class System> void overshoot(benchmark::State &state)
{
	System &system = shared<System>();
	Samples samples;

	if (state.range(0)) {
		system.set_timer_slack(least_slack);
		Native().set_timer_slack(least_slack);
	}
	for (auto _ : state) {
		const Clock::time_point start = Clock::now();

		system.sleep(sleep_ns);
		samples.add(nanoseconds_since(start) - sleep_ns);
	}
	system.set_timer_slack(default_slack);
	Native().set_timer_slack(default_slack);
	samples.report(state);
}

void settings(benchmark::internal::Benchmark *benchmark)
{
	benchmark->Arg(0)->Arg(1)->ArgName("least_slack")->Iterations(500)->UseRealTime();
}

BENCHMARK(overshoot<Library>)->Name("overshoot/ours")->Apply(settings);
BENCHMARK(overshoot<Native>)->Name("overshoot/native")->Apply(settings);

} // namespace
} // namespace lkl::bench
