// SPDX-License-Identifier: GPL-2.0
// confine_files() for Linux: Landlock (landlock(7)).
#include "sandbox.hh"

#include "program_walls.hh"

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

Descriptor new_rules(const Ruleset &all)
{
	return Descriptor(static_cast<int>(
		::syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0)));
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
	const Descriptor rules = new_rules(all);
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

Result<Descriptor> file_rules(std::span<const std::string> written)
{
	constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
					  LANDLOCK_ACCESS_FS_READ_DIR;
	constexpr std::uint64_t writing = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
					  1 << 14 | 1 << 15;	// truncate, ioctl of devices
	const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
				       LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 0)
		return host_failure("Landlock");

	const Ruleset all = everything_known(version);
	Descriptor rules = new_rules(all);
	const Descriptor root(::open("/", O_PATH | O_CLOEXEC));
	if (!rules || !root || !allow(rules, root.get(), reading))
		return host_failure("Landlock: rules");
	for (const std::string &path : written) {
		const Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));

		if (!file || !allow(rules, file.get(), writing & all.files))
			return host_failure("Landlock: rule for a file");
	}
	return rules;
}

} // namespace lkl::apps
