// SPDX-License-Identifier: GPL-2.0
// The null system call: entering a kernel and coming back.
#include "bench/systems.hh"

namespace lkl::bench {
namespace {

template <class System> void null_call(benchmark::State &state)
{
	System &system = shared<System>();

	for (auto _ : state)
		benchmark::DoNotOptimize(system.getppid());
}

BENCHMARK(null_call<Library>)->Name("null_call/ours");
BENCHMARK(null_call<Native>)->Name("null_call/native");

} // namespace
} // namespace lkl::bench
