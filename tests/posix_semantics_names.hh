// SPDX-License-Identifier: GPL-2.0
// Questions about names, links and folders.
#pragma once

#include "posix_answers.hh"

namespace lkl::test {

inline void open_and_unlinked()
{
	const int file = make("gone", 0640, "still here");
	struct stat stat;

	::unlink("gone");
	say("unlinked.content", content_of(file));
	say("unlinked.links", (::fstat(file, &stat), static_cast<long>(stat.st_nlink)));
	ask("unlinked.write", ::pwrite(file, "more", 4, 10));
	ask("unlinked.chmod", ::fchmod(file, 0600));
	ask("unlinked.truncate", ::ftruncate(file, 5));
	ask("unlinked.xattr", ::fsetxattr(file, "user.x", "1", 1, 0));
	ask("unlinked.sync", ::fsync(file));
	say("unlinked.content_after", content_of(file));
	put("gone", 0644, "another");
	say("unlinked.new_file_of_the_name", content_of("gone"));
	say("unlinked.is_apart", content_of(file));
	ask("unlinked.link_again",
	    ::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(file)).c_str(), AT_FDCWD, "again",
		     AT_SYMLINK_FOLLOW));
	::close(file);
	const int path = ::open("gone", O_PATH);
	::unlink("gone");
	say("unlinked.by_path_descriptor", (::fstat(path, &stat), static_cast<long>(stat.st_nlink)));
	::close(path);
}

inline void rename_over_open()
{
	const int old_file = make("target", 0644, "old"), new_file = make("source", 0644, "new");

	ask("rename.over", ::rename("source", "target"));
	say("rename.old", content_of(old_file));
	say("rename.new", content_of(new_file));
	say("rename.name", content_of("target"));
	ask("rename.source_is_gone", ::access("source", F_OK));
	put("other", 0644, "other");
	ask("rename.noreplace", ::renameat2(AT_FDCWD, "other", AT_FDCWD, "target", RENAME_NOREPLACE));
	ask("rename.exchange", ::renameat2(AT_FDCWD, "other", AT_FDCWD, "target", RENAME_EXCHANGE));
	say("rename.exchanged", content_of("target") + "," + content_of("other"));
	ask("rename.exchange_nothing", ::renameat2(AT_FDCWD, "other", AT_FDCWD, "none", RENAME_EXCHANGE));
	ask("rename.whiteout", ::renameat2(AT_FDCWD, "other", AT_FDCWD, "shown", RENAME_WHITEOUT));
	say("rename.whiteout_is", mode_of("other"));
	::mkdir("full", 0755);
	::mkdir("full/in", 0755);
	::mkdir("empty", 0755);
	ask("rename.over_full_folder", ::rename("empty", "full"));
	ask("rename.over_empty_folder", ::rename("full", "empty"));
	ask("rename.folder_over_file", ::rename("empty", "target"));
	ask("rename.file_over_folder", ::rename("target", "empty"));
	ask("rename.into_itself", ::rename("empty", "empty/in/deeper"));
	ask("rename.to_a_link_of_itself", (::link("target", "twin"), ::rename("target", "twin")));
	say("rename.both_stay", static_cast<long>(stat_of("twin").st_nlink));
	::close(old_file);
	::close(new_file);
}

inline void links()
{
	say("links.of_a_folder", (::mkdir("parent", 0755), static_cast<long>(stat_of("parent").st_nlink)));
	say("links.with_a_folder_in_it",
	    (::mkdir("parent/child", 0755), static_cast<long>(stat_of("parent").st_nlink)));
	::rename("parent/child", "moved");
	say("links.when_it_is_moved", static_cast<long>(stat_of("parent").st_nlink));
	put("one");
	ask("links.link", ::link("one", "two"));
	say("links.both", static_cast<long>(stat_of("one").st_nlink + 10 * stat_of("two").st_nlink));
	say("links.equal_numbers", stat_of("one").st_ino == stat_of("two").st_ino);
	::unlink("one");
	say("links.one_left", static_cast<long>(stat_of("two").st_nlink));
	::rename("two", "three");
	put("four");
	::link("four", "five");
	::rename("three", "four");
	say("links.of_what_was_replaced", static_cast<long>(stat_of("five").st_nlink));
	ask("links.to_a_folder", ::link("parent", "folder"));
	ask("links.over_a_name", ::link("four", "five"));
	ask("links.of_nothing", ::link("nothing", "six"));
	::symlink("parent", "symlink");
	ask("links.of_a_symlink", ::linkat(AT_FDCWD, "symlink", AT_FDCWD, "symlink2", 0));
	say("links.symlinks", static_cast<long>(stat_of("symlink").st_nlink));
	ask("links.unlink_a_folder", ::unlink("parent"));
	ask("links.rmdir_a_file", ::rmdir("four"));
	::mkdir("parent/x", 0755);
	ask("links.rmdir_what_is_full", ::rmdir("parent"));
	ask("links.mkdir_over_a_name", ::mkdir("four", 0755));
	ask("links.mknod_over_a_name", ::mknod("parent", S_IFREG | 0644, 0));
	say("links.of_a_removed_folder", [] {
		struct stat stat;
		const int folder = ::open("moved", O_RDONLY);

		::rmdir("moved");
		::fstat(folder, &stat);
		return std::to_string(stat.st_nlink) + " " +
		       outcome(::openat(folder, "new", O_CREAT | O_WRONLY, 0644));
	}());
}

inline void names()
{
	const std::string longest(255, 'n'), longer(256, 'n');

	ask("names.of_255", ::mknod(longest.c_str(), S_IFREG | 0644, 0));
	ask("names.of_256", ::mknod(longer.c_str(), S_IFREG | 0644, 0));
	ask("names.look_up_256", ::access(longer.c_str(), F_OK));
	ask("names.rename_to_256", ::rename(longest.c_str(), longer.c_str()));
	ask("names.odd_bytes", ::mknod("a\n\x01\xff\\ b", S_IFREG | 0644, 0));
	ask("names.odd_bytes_again", ::access("a\n\x01\xff\\ b", F_OK));
	ask("names.trailing_slash", ::mkdir("slash/", 0755));
	ask("names.file_with_slash", ::access((longest + "/").c_str(), F_OK));
	ask("names.below_a_file", ::access((longest + "/x").c_str(), F_OK));
	ask("names.empty", ::mkdir("", 0755));
	ask("names.dot", ::rmdir("."));
	ask("names.dots", ::rmdir("slash/.."));
	ask("names.symlink_of_4095", ::symlink(std::string(4095, 'x').c_str(), "long_link"));
	ask("names.symlink_of_1000", ::symlink(std::string(1000, 'x').c_str(), "link"));
	char target[5000];
	say("names.symlink_target", ::readlink("link", target, sizeof(target)));
	::symlink("loop", "loop");
	ask("names.loop", ::access("loop", F_OK));
	say("names.most", static_cast<long>([] {
		struct statvfs about;
		::statvfs(".", &about);
		return about.f_namemax;
	}()));
}

inline void folders()
{
	::mkdir("many", 0755);
	for (int i = 0; i < 2000; i++)
		put(("many/" + std::to_string(i)).c_str());
	DIR *directory = ::opendir("many");
	say("folder.names", static_cast<long>(names_in(directory).size()));
	put("many/later");
	::rewinddir(directory);
	say("folder.rewound", static_cast<long>(names_in(directory).size()));
	::rewinddir(directory);
	std::set<std::string> first, second;
	long place = 0;
	for (int i = 0; i < 1000; i++)
		first.insert(::readdir(directory)->d_name);
	place = ::telldir(directory);
	for (const std::string &name : names_in(directory))
		second.insert(name);
	::seekdir(directory, place);
	std::set<std::string> again;
	for (const std::string &name : names_in(directory))
		again.insert(name);
	say("folder.seek_is_exact", again == second && first.size() + second.size() == 2003);
	::rewinddir(directory);
	long removed = 0;
	while (const dirent *entry = ::readdir(directory))
		if (entry->d_name[0] != '.')
			removed += ::unlink((std::string("many/") + entry->d_name).c_str()) == 0;
	say("folder.removed_while_read", removed);
	::closedir(directory);
	ask("folder.is_empty_then", ::rmdir("many"));
	::mkdir("left", 0755);
	const int back = ::open(".", O_RDONLY);
	ask("folder.enter", ::chdir("left"));
	ask("folder.remove_the_working_one", ::rmdir("../left"));
	ask("folder.create_in_it", ::mknod("x", S_IFREG | 0644, 0));
	ask("folder.list_it", ::open(".", O_RDONLY | O_DIRECTORY));
	(void)!::fchdir(back);
	::close(back);
}

} // namespace lkl::test
