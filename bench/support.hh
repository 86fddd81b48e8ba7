// SPDX-License-Identifier: GPL-2.0
// What every benchmark uses: failing, sampling, numbers of a fixed seed, commands.
//
// A benchmark that cannot do its work ends the program: a figure from half a run
// is worse than none. What a machine merely lacks is skipped with a reason
// (State::SkipWithError), which the report shows.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace lkl::bench {

using Clock = std::chrono::steady_clock;

inline double nanoseconds_since(Clock::time_point start)
{
	return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

inline double seconds_since(Clock::time_point start)
{
	return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Print "PROGRAM: @what" and end the process at once, threads or not.
[[noreturn]] void die(const std::string &what);

/// die() of a host call that set errno.
[[noreturn]] void die_of_errno(const char *what);

/// @result of a host call that returns -1 and sets errno; dies with @what if it failed.
template <std::signed_integral Result> Result must(Result result, const char *what)
{
	if (result < 0)
		die_of_errno(what);
	return result;
}

/// Deterministic pseudo-random numbers (splitmix64).
class Random {
public:
	explicit Random(std::uint64_t seed) : state_(seed) {}

	std::uint64_t next()
	{
		std::uint64_t z = state_ += 0x9e3779b97f4a7c15;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		return z ^ (z >> 31);
	}

	/// In [0, 1)
	double fraction()
	{
		return static_cast<double>(next() >> 11) * 0x1p-53;
	}

private:
	std::uint64_t state_;
};

/// @bytes of noise that does not compress.
std::vector<char> noise(std::size_t bytes, std::uint64_t seed);

/// Durations of single events, whose median a disturbance now and then leaves alone.
class Samples {
public:
	void add(double value)
	{
		values_.push_back(value);
	}

	/// The value that @fraction of the samples lie below; there must be samples.
	double percentile(double fraction);

	/// Sets @state's counters p50 and p99, in the unit of the samples.
	void report(benchmark::State &state);

private:
	std::vector<double> values_;
};

/// What a command used, all of its children that it waited for included.
struct Usage {
	double wall_s = 0;
	double cpu_s = 0;		// user and system
	std::int64_t peak_kib = 0;	// largest resident set of one process
	std::uint64_t output_bytes = 0;

	Usage &operator+=(const Usage &other);
};

/// What becomes of a command's standard output.
enum class Output {
	shown,
	discarded,	// by a device that takes it without looking, see process.cc
	counted,	// read through a pipe, into Usage::output_bytes
};

/// Run @command and wait for it; dies unless it exits 0.
Usage run(const std::vector<std::string> &command, Output output = Output::shown);

/// A command that runs until it is told otherwise.
class Background {
public:
	explicit Background(const std::vector<std::string> &command);

	/// Wait for its end, which somebody else brings about; dies unless it exits 0.
	Usage wait();

private:
	int pid_;
	Clock::time_point start_ = Clock::now();
};

/// Can @command be run?
bool have(const std::string &command);

/// The folder of the running program: JSON and images on disk go there.
std::string program_folder();

/// A path of its own for this process, in @folder.
std::string scratch_path(const std::string &folder, const std::string &name);

/// A file of zeroes in @folder, without a name there: it is gone when the process
/// is, however that ends.
class ScratchFile {
public:
	ScratchFile(const std::string &folder, std::uint64_t bytes);
	ScratchFile(const ScratchFile &) = delete;
	ScratchFile &operator=(const ScratchFile &) = delete;
	~ScratchFile();

	int descriptor() const
	{
		return file_;
	}

	/// By which this process, and those that it starts, can open it.
	std::string path() const;

private:
	int file_;
};

/// A copy in /dev/shm, with holes for zeroes, for programs that only open what has a name.
class NamedCopy {
public:
	explicit NamedCopy(const std::string &path);
	NamedCopy(const NamedCopy &) = delete;
	NamedCopy &operator=(const NamedCopy &) = delete;
	~NamedCopy();

	const std::string &path() const
	{
		return path_;
	}

private:
	const std::string path_ = scratch_path("/dev/shm", "copy");
};

/// The path of @descriptor of this process, also for others.
std::string path_of(int descriptor);

} // namespace lkl::bench
