// SPDX-License-Identifier: GPL-2.0
#include "bench/support.hh"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace lkl::bench {

void die(const std::string &what)
{
	std::fflush(stdout);
	std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
	::_exit(1);
}

void die_of_errno(const char *what)
{
	die(std::string(what) + ": " + std::strerror(errno));
}

std::vector<char> noise(std::size_t bytes, std::uint64_t seed)
{
	std::vector<char> data(bytes);
	Random random(seed);

	for (std::size_t at = 0; at < bytes; at += 8) {
		const std::uint64_t value = random.next();

		std::memcpy(&data[at], &value, std::min<std::size_t>(8, bytes - at));
	}
	return data;
}

double Samples::percentile(double fraction)
{
	const auto at = values_.begin() +
			static_cast<std::ptrdiff_t>(fraction * static_cast<double>(values_.size()));

	std::nth_element(values_.begin(), at, values_.end());
	return *at;
}

void Samples::report(benchmark::State &state)
{
	state.counters["p50"] = percentile(0.50);
	state.counters["p99"] = percentile(0.99);
}

std::string program_folder()
{
	return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::string scratch_path(const std::string &folder, const std::string &name)
{
	return folder + "/lkl-bench-" + std::to_string(::getpid()) + "-" + name;
}

ScratchFile::ScratchFile(const std::string &folder, std::uint64_t bytes)
    : file_(must(::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), folder.c_str()))
{
	must(::ftruncate(file_, static_cast<off_t>(bytes)), "ftruncate");
}

ScratchFile::~ScratchFile()
{
	::close(file_);
}

std::string ScratchFile::path() const
{
	return path_of(file_);
}

NamedCopy::NamedCopy(const std::string &path)
{
	run({"cp", "--sparse=always", path, path_});
}

NamedCopy::~NamedCopy()
{
	::unlink(path_.c_str());
}

std::string path_of(int descriptor)
{
	return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor);
}

} // namespace lkl::bench
