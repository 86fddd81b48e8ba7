// SPDX-License-Identifier: GPL-2.0
#include "kernel_log.hh"

#include <array>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

namespace lkl::apps {

namespace {

// Log levels: 4 is a warning, smaller is worse.
constexpr int worst_harmless = 5;

/// What file systems say when they bring themselves up to date from their journal
/// or log (Linux 6.12, fs/*/super.c, xfs_log_recover.c, f2fs/recovery.c).
constexpr std::array<std::string_view, 5> recovery_words = {
	"recovery complete",	     // ext3, ext4, nilfs2
	"Starting recovery",	     // xfs
	"start tree-log replay",     // btrfs
	"recover fsync data",	     // f2fs
	"recover_data",		     // f2fs
};

/// What file systems say where names may be looked up regardless of case (Linux 6.12,
/// fs/ext4/super.c, fs/f2fs/super.c, fs/xfs/xfs_super.c).
constexpr std::array<std::string_view, 2> case_words = {
	"Using encoding defined by superblock",	// ext4, f2fs
	"case-insensitivity",			// xfs
};

/// Lines that follow the one with the reason, which is worth more.
constexpr std::array<std::string_view, 2> echoes = {
	"Buffer I/O error on dev dm-",
	"device-mapper: ioctl: error adding target to table",
};

bool is_echo(std::string_view line)
{
	for (const std::string_view words : echoes)
		if (line.starts_with(words))
			return true;
	return false;
}

bool speaks_of(std::span<const std::string_view> things, std::string_view line)
{
	for (const std::string_view words : things)
		if (line.find(words) != line.npos)
			return true;
	return false;
}

} // namespace

void KernelLog::receive(void *user, int level, std::uint64_t time_us, const char *line) noexcept
{
	static_cast<KernelLog *>(user)->add(level, time_us, line);
}

void KernelLog::add(int level, std::uint64_t time_us, const char *line)
{
	const std::lock_guard guard(mutex_);

	if (show_)
		std::fprintf(stderr, "[%5llu.%06llu] %s\n",
			     static_cast<unsigned long long>(time_us / 1000000),
			     static_cast<unsigned long long>(time_us % 1000000), line);
	if (level < worst_harmless && (complaint_.empty() || !is_echo(line)))
		complaint_ = line;
	recovered_ = recovered_ || speaks_of(recovery_words, line);
	folds_case_ = folds_case_ || speaks_of(case_words, line);
	if (listener_)
		listener_(level, line);
}

std::string KernelLog::complaint()
{
	const std::lock_guard guard(mutex_);
	const std::string line = std::exchange(complaint_, {});

	return line.empty() ? line : " (" + line + ")";
}

bool KernelLog::recovered()
{
	const std::lock_guard guard(mutex_);

	return recovered_;
}

bool KernelLog::folds_case()
{
	const std::lock_guard guard(mutex_);

	return folds_case_;
}

void KernelLog::listen(std::function<void(int level, const char *line)> listener)
{
	const std::lock_guard guard(mutex_);

	listener_ = std::move(listener);
}

} // namespace lkl::apps
