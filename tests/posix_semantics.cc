// SPDX-License-Identifier: GPL-2.0
// What a file system answers, point by point: one line each, "point: answer". Run by root
// in an empty directory of two mounts, it tells how they differ.
#include "posix_semantics_data.hh"
#include "posix_semantics_names.hh"
#include "posix_semantics_rights.hh"

using namespace lkl::test;

namespace {

struct Chapter {
	const char *name;
	void (*run)();
};

constexpr Chapter chapters[] = {
	{"unlinked", open_and_unlinked}, {"rename", rename_over_open}, {"append", appending},
	{"permissions", permissions}, {"setgid", setgid_and_setuid}, {"links", links},
	{"times", times}, {"holes", holes}, {"xattr", extended_attributes}, {"names", names},
	{"folders", folders}, {"files", files}, {"mappings", mappings}, {"full", full},
};

} // namespace

int main(int argc, char **argv)
{
	if (argc != 2 || ::chdir(argv[1]) < 0) {
		std::fprintf(stderr, "usage: posix_semantics DIRECTORY\n");
		return 2;
	}
	::umask(022);
	for (const Chapter &chapter : chapters) {
		if (::mkdir(chapter.name, 0755) < 0 || ::chdir(chapter.name) < 0) {
			std::perror(chapter.name);
			return 1;
		}
		chapter.run();
		if (::chdir(argv[1]) < 0)
			return 1;
	}
}
