// SPDX-License-Identifier: GPL-2.0
// confine_files() for Linux: Landlock (landlock(7)).
#include "sandbox.hh"

#include <array>
#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lkl::apps {

namespace {

/// struct landlock_ruleset_attr as of version 6 of the interface: the C library's
/// headers may be older than the running kernel, and fewer rights known mean fewer
/// taken away. Zeroes at the end are no different from a shorter struct.
struct Ruleset {
	std::uint64_t files, network, scopes;
};

/// What each version of the interface added, all of it to be denied.
struct Version {
	long number;
	Ruleset added;
};

constexpr std::array<Version, 6> versions = {{
	{1, {(1 << 13) - 1, 0, 0}},	// all of version 1
	{2, {1 << 13, 0, 0}},		// link or rename to another directory
	{3, {1 << 14, 0, 0}},		// truncate
	{4, {0, 3, 0}},			// bind and connect, TCP
	{5, {1 << 15, 0, 0}},		// ioctl of devices
	{6, {0, 0, 3}},			// others' abstract sockets, signals to others
}};

/// lkl_start() maps the kernel from the program's own file, instead of copying it.
constexpr std::array needed_to_start = {"/proc/self/maps", "/proc/self/exe"};

class Descriptor {
public:
	explicit Descriptor(long fd) : fd_(static_cast<int>(fd)) {}
	~Descriptor()
	{
		if (fd_ >= 0)
			::close(fd_);
	}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;

	int get() const { return fd_; }
	explicit operator bool() const { return fd_ >= 0; }

private:
	int fd_;
};

Ruleset everything_known(long version)
{
	Ruleset all = {};

	for (const Version &known : versions) {
		if (known.number > version)
			break;
		all.files |= known.added.files;
		all.network |= known.added.network;
		all.scopes |= known.added.scopes;
	}
	return all;
}

bool allow(const Descriptor &rules, int file, std::uint64_t access)
{
	const landlock_path_beneath_attr rule = {access, file};

	return ::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

} // namespace

Result<void> confine_files(std::span<const int> directories)
{
	const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
				       LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 0)
		return host_failure("Landlock");

	const Ruleset all = everything_known(version);
	const Descriptor rules(::syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0));
	if (!rules)
		return host_failure("Landlock: rules");

	for (const int directory : directories)
		if (!allow(rules, directory,
			   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG))
			return host_failure("Landlock: rule for a directory");
	for (const char *path : needed_to_start) {
		const Descriptor file(::open(path, O_PATH | O_CLOEXEC));

		// Where it is not there, starting does without.
		if (file)
			allow(rules, file.get(), LANDLOCK_ACCESS_FS_READ_FILE);
	}
	if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return host_failure("no new privileges");
	if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) < 0)
		return host_failure("Landlock: restrict");
	return {};
}

} // namespace lkl::apps
