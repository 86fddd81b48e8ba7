// SPDX-License-Identifier: GPL-2.0
// main() of every benchmark: Google Benchmark with our defaults, which arguments
// override.
//
// Repetitions of all benchmarks of a program run in random order, so that a
// disturbance of the machine meets both sides of a comparison. Every repetition
// goes to PROGRAM.json beside the program; bench/report.py makes the table.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <stdlib.h>

#include "bench/support.hh"

int main(int argc, char **argv)
{
	const std::string folder = lkl::bench::program_folder();
	std::vector<std::string> defaults = {
		"--benchmark_repetitions=9",
		"--benchmark_enable_random_interleaving=true",
		"--benchmark_min_time=0.05",
		"--benchmark_display_aggregates_only=true",
		"--benchmark_out=" + folder + "/" + program_invocation_short_name + ".json",
	};
	std::vector<char *> arguments = {argv[0]};

	for (std::string &argument : defaults)
		arguments.push_back(argument.data());
	for (int i = 1; i < argc; i++)
		arguments.push_back(argv[i]);
	// Where mke2fs is, also for those whose PATH is not root's.
	::setenv("PATH", (std::string(::getenv("PATH")) + ":/usr/sbin:/sbin").c_str(), 1);

	int count = static_cast<int>(arguments.size());

	arguments.push_back(nullptr);
	benchmark::Initialize(&count, arguments.data());
	if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
		return 1;
	return benchmark::RunSpecifiedBenchmarks() == 0;
}
