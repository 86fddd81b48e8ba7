// SPDX-License-Identifier: GPL-2.0
// What a file system answers, point by point: one line each, "point: answer". Run by root
// in an empty directory of two mounts, it tells how they differ.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace {

void say(const std::string &point, const std::string &answer)
{
	std::printf("%s: %s\n", point.c_str(), answer.c_str());
	std::fflush(stdout);
}

void say(const std::string &point, long answer)
{
	say(point, std::to_string(answer));
}

/// Success, or the error's name, of what a system call returned.
std::string outcome(long result)
{
	return result >= 0 ? "ok" : ::strerrorname_np(errno);
}

void ask(const std::string &point, long result)
{
	say(point, outcome(result));
}

int make(const char *name, mode_t mode = 0644, const std::string &content = "")
{
	const int file = ::open(name, O_RDWR | O_CREAT | O_TRUNC, mode);

	if (file < 0 || ::fchmod(file, mode) < 0 ||
	    ::write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
		std::perror(name);
		std::exit(1);
	}
	return file;
}

void put(const char *name, mode_t mode = 0644, const std::string &content = "")
{
	::close(make(name, mode, content));
}

struct stat stat_of(const char *name)
{
	struct stat stat = {};

	::lstat(name, &stat);
	return stat;
}

std::string mode_of(const char *name)
{
	char text[16];

	std::snprintf(text, sizeof(text), "%06o", stat_of(name).st_mode);
	return text;
}

std::string content_of(int file)
{
	std::string text(1 << 16, '\0');
	const ssize_t got = ::pread(file, text.data(), text.size(), 0);

	text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
	return got < 0 ? outcome(got) : text;
}

std::string content_of(const char *name)
{
	const int file = ::open(name, O_RDONLY);
	const std::string text = file < 0 ? outcome(file) : content_of(file);

	if (file >= 0)
		::close(file);
	return text;
}

/// @body in a process of user @uid, who is in @groups, the first of which is his own.
void as_user(uid_t uid, const std::vector<gid_t> &groups, const std::function<void()> &body)
{
	const pid_t child = ::fork();

	if (child == 0) {
		if (::setgroups(groups.size(), groups.data()) < 0 || ::setgid(groups.front()) < 0 ||
		    ::setuid(uid) < 0)
			std::perror("become another user");
		body();
		std::fflush(stdout);
		::_exit(0);
	}
	::waitpid(child, nullptr, 0);
}

std::vector<std::string> names_in(DIR *directory)
{
	std::vector<std::string> names;

	while (const dirent *entry = ::readdir(directory))
		names.emplace_back(entry->d_name);
	std::ranges::sort(names);
	return names;
}

void open_and_unlinked()
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

void rename_over_open()
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

void appending()
{
	constexpr int processes = 2, lines = 2000;

	put("log");
	for (int i = 0; i < processes; i++)
		if (::fork() == 0) {
			const int file = ::open("log", O_WRONLY | O_APPEND);

			for (int line = 0; line < lines; line++) {
				char text[16];
				const int bytes = std::snprintf(text, sizeof(text), "%d %05d\n", i, line);

				if (::write(file, text, static_cast<std::size_t>(bytes)) != bytes)
					std::perror("append");
			}
			::_exit(0);
		}
	while (::wait(nullptr) > 0)
		;
	say("append.bytes", stat_of("log").st_size);

	std::set<std::string> seen;
	std::FILE *log = std::fopen("log", "r");
	char text[32];
	while (std::fgets(text, sizeof(text), log))
		seen.insert(text);
	std::fclose(log);
	say("append.lines", static_cast<long>(seen.size()));
	const int file = ::open("log", O_RDWR | O_APPEND);
	say("append.pwrite_appends", (::pwrite(file, "x", 1, 0), stat_of("log").st_size));
	::close(file);
}

void permissions()
{
	::chmod(".", 0755);
	put("private", 0600, "p");
	put("group", 0640, "g");
	put("public", 0644, "w");
	put("program", 0711, "#!/bin/true\n");
	::chown("group", 0, 5000);
	::mkdir("closed", 0700);
	put("closed/in");
	::mkdir("blind", 0711);
	put("blind/in", 0644, "b");
	::mkdir("listed", 0744);
	put("listed/in");
	as_user(1000, {1000, 5000}, [] {
		say("user.private", content_of("private"));
		say("user.of_his_second_group", content_of("group"));
		ask("user.write_public", ::open("public", O_WRONLY));
		ask("user.chmod", ::chmod("public", 0777));
		ask("user.chown", ::chown("public", 1000, 1000));
		ask("user.create", ::open("mine", O_CREAT | O_WRONLY, 0644));
		ask("user.unlink", ::unlink("public"));
		ask("user.in_closed", ::access("closed/in", F_OK));
		say("user.in_blind", content_of("blind/in"));
		say("user.list_blind", ::opendir("blind") ? "ok" : outcome(-1));
		say("user.list_listed", ::opendir("listed") ? "ok" : outcome(-1));
		ask("user.in_listed", ::access("listed/in", F_OK));
		ask("user.may_execute", ::access("program", X_OK));
		ask("user.may_read_program", ::access("program", R_OK));
		ask("user.utimes", ::utimensat(AT_FDCWD, "public", nullptr, 0));
		ask("user.truncate", ::truncate("public", 0));
		ask("user.set_trusted", ::setxattr("public", "trusted.x", "1", 1, 0));
		ask("user.mknod", ::mknod("blind/null", S_IFCHR | 0666, 0x103));
	});
	as_user(1001, {1001}, [] { say("stranger.group", content_of("group")); });
	::mkdir("shared", 0777);
	::chmod("shared", 01777);
	as_user(1000, {1000}, [] {
		::umask(027);
		put("shared/his", 0666, "1000");
		::mkdir("shared/dir", 0777);
		say("umask.folder", mode_of("shared/dir"));
		ask("umask.file", ::open("shared/masked", O_CREAT | O_WRONLY, 0666));
		say("umask.mode", mode_of("shared/masked"));
		say("owner.is_the_maker", stat_of("shared/his").st_uid);
		say("owner.group", stat_of("shared/his").st_gid);
		ask("owner.gives_to_another", ::chown("shared/his", 1001, -1));
		ask("owner.gives_to_a_strange_group", ::chown("shared/his", -1, 77));
	});
	as_user(1001, {1001}, [] {
		ask("sticky.unlink_of_another", ::unlink("shared/his"));
		ask("sticky.rename_of_another", ::rename("shared/his", "shared/mine"));
		ask("sticky.write_of_another", ::open("shared/his", O_WRONLY));
		put("shared/mine");
		ask("sticky.unlink_own", ::unlink("shared/mine"));
	});
}

void setgid_and_setuid()
{
	::mkdir("team", 0777);
	::chown("team", 0, 5000);
	::chmod("team", 02777);
	as_user(1000, {1000}, [] {
		::umask(0);
		put("team/file");
		::mkdir("team/dir", 0755);
		::symlink("x", "team/link");
		say("setgid.file_group", stat_of("team/file").st_gid);
		say("setgid.link_group", stat_of("team/link").st_gid);
		say("setgid.folder", mode_of("team/dir") + " " + std::to_string(stat_of("team/dir").st_gid));
		const int file = ::open("team/bits", O_CREAT | O_WRONLY, 02775);
		say("setgid.bit_of_a_stranger", mode_of("team/bits"));
		ask("setgid.chmod_of_a_stranger", ::fchmod(file, 02775));
		say("setgid.after_chmod", mode_of("team/bits"));
	});
	as_user(1000, {1000, 5000}, [] {
		::umask(0);
		ask("setgid.of_a_member", ::open("team/member", O_CREAT | O_WRONLY, 02775));
		say("setgid.bit_of_a_member", mode_of("team/member"));
	});
	const auto fresh = [](const char *name) {
		put(name, 0644, "binary");
		::chown(name, 1000, 5000);
		::chmod(name, 06777);
	};
	fresh("suid");
	as_user(1001, {1001}, [] {
		const int file = ::open("suid", O_WRONLY);

		ask("setuid.write", ::write(file, "x", 1));
		say("setuid.after_write", mode_of("suid"));
	});
	fresh("suid");
	as_user(1001, {1001}, [] { ask("setuid.truncate", ::truncate("suid", 1)); });
	say("setuid.after_truncate", mode_of("suid"));
	fresh("suid");
	as_user(1001, {1001}, [] { ask("setuid.open_truncating", ::open("suid", O_WRONLY | O_TRUNC)); });
	say("setuid.after_open_truncating", mode_of("suid"));
	fresh("suid");
	const int file = ::open("suid", O_WRONLY);
	ask("setuid.write_of_root", ::write(file, "x", 1));
	say("setuid.after_write_of_root", mode_of("suid"));
	::close(file);
	fresh("suid");
	ask("setuid.chown", ::chown("suid", 1001, 1001));
	say("setuid.after_chown", mode_of("suid"));
	put("capable", 0777);
	// VFS_CAP_REVISION_2, CAP_NET_RAW
	const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
	ask("capability.set", ::setxattr("capable", "security.capability", capability, 20, 0));
	const int capable = ::open("capable", O_WRONLY);
	ask("capability.write", ::write(capable, "x", 1));
	ask("capability.after_write", ::getxattr("capable", "security.capability", nullptr, 0));
	::close(capable);
}

void links()
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

/// Of @stat, which of the three times differ from those before.
std::string moved(const struct stat &before, const char *name)
{
	const struct stat after = stat_of(name);
	const auto same = [](const timespec &a, const timespec &b) {
		return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
	};
	std::string which;

	if (!same(before.st_atim, after.st_atim))
		which += "a";
	if (!same(before.st_mtim, after.st_mtim))
		which += "m";
	if (!same(before.st_ctim, after.st_ctim))
		which += "c";
	return which;
}

/// Which times of @name a change by @action moves.
void times_of(const std::string &point, const char *name, const std::function<long()> &action)
{
	const struct stat before = stat_of(name);

	// Longer than the steps of a file system's clock.
	::usleep(30000);
	const std::string done = outcome(action());
	say("times." + point, done + " " + moved(before, name));
}

void times()
{
	const timespec set[2] = {{1'000'000'001, 123'456'789}, {1'500'000'002, 987'654'321}};
	const int file = make("timed", 0644, "content");

	times_of("write", "timed", [&] { return ::pwrite(file, "x", 1, 0); });
	times_of("write_more", "timed", [&] { return ::pwrite(file, "x", 1, 5000); });
	times_of("truncate", "timed", [&] { return ::ftruncate(file, 100); });
	times_of("truncate_to_the_same", "timed", [&] { return ::ftruncate(file, 100); });
	times_of("chmod", "timed", [&] { return ::fchmod(file, 0600); });
	times_of("chown", "timed", [&] { return ::fchown(file, 5, 5); });
	times_of("xattr", "timed", [&] { return ::fsetxattr(file, "user.t", "1", 1, 0); });
	times_of("link", "timed", [&] { return ::link("timed", "timed2"); });
	times_of("unlink_of_the_other", "timed", [&] { return ::unlink("timed2"); });
	times_of("rename", "timed", [&] { return ::rename("timed", "timed3") + ::rename("timed3", "timed"); });
	times_of("fallocate", "timed", [&] { return ::fallocate(file, 0, 0, 50000); });
	times_of("set", "timed", [&] { return ::futimens(file, set); });
	char text[64];
	const struct stat exact = stat_of("timed");
	std::snprintf(text, sizeof(text), "%ld.%09ld %ld.%09ld", exact.st_atim.tv_sec, exact.st_atim.tv_nsec,
		      exact.st_mtim.tv_sec, exact.st_mtim.tv_nsec);
	say("times.are_exact", text);
	const timespec only_access[2] = {{77, 5}, {0, UTIME_OMIT}}, only_change[2] = {{0, UTIME_OMIT}, {88, 6}};
	times_of("set_access_only", "timed", [&] { return ::futimens(file, only_access); });
	times_of("set_modification_only", "timed", [&] { return ::futimens(file, only_change); });
	const struct stat both = stat_of("timed");
	std::snprintf(text, sizeof(text), "%ld.%09ld %ld.%09ld", both.st_atim.tv_sec, both.st_atim.tv_nsec,
		      both.st_mtim.tv_sec, both.st_mtim.tv_nsec);
	say("times.each_its_own", text);
	times_of("now", "timed", [&] { return ::futimens(file, nullptr); });
	const timespec before_1970[2] = {{-5, 999'999'999}, {-1000, 1}};
	::futimens(file, before_1970);
	say("times.before_1970", stat_of("timed").st_atim.tv_sec);
	::mkdir("folder", 0755);
	times_of("folder_create", "folder", [] { return ::mknod("folder/x", S_IFREG | 0644, 0); });
	times_of("folder_rename_in", "folder", [] { return ::rename("folder/x", "folder/y"); });
	times_of("folder_rename_out", "folder", [] { return ::rename("folder/y", "outside"); });
	times_of("folder_rename_into", "folder", [] { return ::rename("outside", "folder/z"); });
	times_of("folder_write_inside", "folder", [] {
		const int inside = ::open("folder/z", O_WRONLY);
		const long put = ::write(inside, "x", 1);

		::close(inside);
		return put;
	});
	times_of("folder_unlink", "folder", [] { return ::unlink("folder/z"); });
	times_of("folder_symlink", "folder", [] { return ::symlink("x", "folder/l"); });
	times_of("folder_chmod", "folder", [] { return ::chmod("folder", 0700); });
	const timespec now = [] {
		timespec time;
		::clock_gettime(CLOCK_REALTIME, &time);
		return time;
	}();
	put("newest");
	say("times.clock_is_the_machines", std::labs(stat_of("newest").st_mtim.tv_sec - now.tv_sec) <= 1);
	::close(file);
}

void holes()
{
	constexpr long block = 64 * 1024;
	const int file = make("holes");
	const auto seek = [&](const char *point, long from, int whence) {
		const long found = ::lseek(file, from, whence);

		say(std::string("holes.") + point, found < 0 ? outcome(found) : std::to_string(found));
	};

	::pwrite(file, std::string(block, 'x').data(), block, 4 * block);
	::fsync(file);
	say("holes.size", stat_of("holes").st_size);
	say("holes.blocks_are_few", stat_of("holes").st_blocks * 512 < 3 * block);
	seek("data_from_0", 0, SEEK_DATA);
	seek("hole_from_0", 0, SEEK_HOLE);
	seek("hole_in_data", 4 * block, SEEK_HOLE);
	seek("data_in_data", 4 * block + 5, SEEK_DATA);
	seek("data_at_the_end", 5 * block, SEEK_DATA);
	seek("hole_at_the_end", 5 * block, SEEK_HOLE);
	seek("negative", -1, SEEK_DATA);
	ask("holes.extend", ::ftruncate(file, 10 * block));
	seek("data_behind_data", 5 * block, SEEK_DATA);
	seek("end", 0, SEEK_END);
	ask("holes.punch", ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * block, block / 2));
	::fsync(file);
	seek("data_after_punch", 0, SEEK_DATA);
	char byte = 1;
	say("holes.punched_is_zero", (::pread(file, &byte, 1, 4 * block), static_cast<long>(byte)));
	ask("holes.zero", ::fallocate(file, FALLOC_FL_ZERO_RANGE, 4 * block + block / 2, block / 4));
	say("holes.zeroed_is_zero", (::pread(file, &byte, 1, 4 * block + block / 2), static_cast<long>(byte)));
	say("holes.rest_is_not", (::pread(file, &byte, 1, 5 * block - 1), static_cast<long>(byte)));
	ask("holes.keep_size", ::fallocate(file, FALLOC_FL_KEEP_SIZE, 20 * block, block));
	say("holes.size_is_kept", stat_of("holes").st_size);
	ask("holes.allocate", ::fallocate(file, 0, 20 * block, block));
	say("holes.size_grows", stat_of("holes").st_size);
	ask("holes.punch_without_keep", ::fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, block));
	ask("holes.allocate_nothing", ::fallocate(file, 0, 0, 0));
	::close(file);
}

void extended_attributes()
{
	put("attributed");
	const auto set = [](const std::string &name, std::size_t bytes, int flags = 0) {
		return ::setxattr("attributed", name.c_str(), std::string(bytes, 'v').data(), bytes, flags);
	};

	ask("xattr.set", set("user.a", 10));
	ask("xattr.create_again", set("user.a", 10, XATTR_CREATE));
	ask("xattr.replace_nothing", set("user.b", 10, XATTR_REPLACE));
	ask("xattr.empty", set("user.empty", 0));
	say("xattr.size_of_empty", ::getxattr("attributed", "user.empty", nullptr, 0));
	ask("xattr.of_255", set("user." + std::string(250, 'n'), 1));
	ask("xattr.of_256", set("user." + std::string(251, 'n'), 1));
	ask("xattr.without_name", set("user.", 1));
	ask("xattr.without_namespace", set("none.x", 1));
	ask("xattr.no_namespace_at_all", set("x", 1));
	ask("xattr.trusted", set("trusted.x", 1));
	ask("xattr.security", set("security.x", 1));
	ask("xattr.more_than_64_kib", set("user.huge", 65537));
	char small[4];
	ask("xattr.too_small_a_buffer", ::getxattr("attributed", "user.a", small, sizeof(small)));
	ask("xattr.missing", ::getxattr("attributed", "user.none", small, sizeof(small)));
	ask("xattr.remove", ::removexattr("attributed", "user.a"));
	ask("xattr.remove_again", ::removexattr("attributed", "user.a"));
	ask("xattr.too_small_a_list", ::listxattr("attributed", small, sizeof(small)));
	std::string list(65536, '\0');
	list.resize(static_cast<std::size_t>(::listxattr("attributed", list.data(), list.size())));
	std::vector<std::string> names;
	for (std::size_t at = 0; at < list.size(); at += names.back().size() + 1)
		names.emplace_back(list.c_str() + at);
	std::ranges::sort(names);
	std::string all;
	for (const std::string &name : names)
		all += name.substr(0, 20) + " ";
	say("xattr.list", all);
	::chmod("attributed", 0644);
	as_user(1000, {1000}, [] {
		std::string mine(65536, '\0');
		const ssize_t bytes = ::listxattr("attributed", mine.data(), mine.size());

		mine.resize(static_cast<std::size_t>(std::max<ssize_t>(bytes, 0)));
		say("xattr.user_sees_trusted", mine.find("trusted.") != mine.npos);
		ask("xattr.user_sets_on_others", ::setxattr("attributed", "user.u", "1", 1, 0));
	});
	::symlink("attributed", "link");
	ask("xattr.user_on_symlink", ::lsetxattr("link", "user.x", "1", 1, 0));
	ask("xattr.trusted_on_symlink", ::lsetxattr("link", "trusted.x", "1", 1, 0));
	ask("xattr.is_not_the_files", ::getxattr("attributed", "trusted.x2", small, 1));
}

void names()
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

void folders()
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

void files()
{
	const int file = make("file", 0644, "0123456789");
	char text[16] = {};

	say("file.read_at_the_end", ::pread(file, text, 5, 10));
	say("file.read_across_the_end", ::pread(file, text, 16, 8));
	ask("file.extend", ::ftruncate(file, 20));
	say("file.extended_is_zero", (::pread(file, text, 1, 15), static_cast<long>(text[0])));
	ask("file.shrink", ::ftruncate(file, 4));
	ask("file.extend_again", ::ftruncate(file, 10));
	say("file.old_bytes_are_gone", (::pread(file, text, 1, 6), static_cast<long>(text[0])));
	ask("file.negative_size", ::ftruncate(file, -1));
	ask("file.exclusive", ::open("file", O_CREAT | O_EXCL | O_RDWR, 0644));
	ask("file.directory", ::open("file", O_RDONLY | O_DIRECTORY));
	::mkdir("dir", 0755);
	ask("file.write_a_folder", ::open("dir", O_WRONLY));
	ask("file.truncate_a_folder", ::truncate("dir", 0));
	ask("file.read_only_write", [] {
		const int reading = ::open("file", O_RDONLY);
		return ::write(reading, "x", 1);
	}());
	ask("file.read_only_truncate", [] {
		const int reading = ::open("file", O_RDONLY);
		return ::ftruncate(reading, 0);
	}());
	::symlink("file", "link");
	ask("file.nofollow", ::open("link", O_RDONLY | O_NOFOLLOW));
	ask("file.through_link", ::open("link", O_RDONLY));
	const int temporary = ::open(".", O_TMPFILE | O_RDWR, 0640);
	ask("tmpfile.open", temporary);
	if (temporary >= 0) {
		struct stat stat;

		ask("tmpfile.write", ::write(temporary, "temporary", 9));
		say("tmpfile.links", (::fstat(temporary, &stat), static_cast<long>(stat.st_nlink)));
		ask("tmpfile.link", ::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(temporary)).c_str(),
					     AT_FDCWD, "kept", AT_SYMLINK_FOLLOW));
		say("tmpfile.content", content_of("kept") + " " + mode_of("kept"));
	}
	const int target = make("copy");
	loff_t from = 2, to = 0;
	::pwrite(file, "abcdefghij", 10, 0);
	say("copy.bytes", ::copy_file_range(file, &from, target, &to, 5, 0));
	say("copy.content", content_of("copy"));
	ask("lock.flock", ::flock(file, LOCK_EX));
	const int second = ::open("file", O_RDWR);
	ask("lock.flock_of_another", ::flock(second, LOCK_EX | LOCK_NB));
	::flock(file, LOCK_UN);
	ask("lock.flock_after", ::flock(second, LOCK_EX | LOCK_NB));
	struct flock lock = {};
	lock.l_type = F_WRLCK;
	lock.l_start = 2;
	lock.l_len = 3;
	ask("lock.posix", ::fcntl(file, F_SETLK, &lock));
	as_user(0, {0}, [] {
		const int other = ::open("file", O_RDWR);
		struct flock wanted = {};

		wanted.l_type = F_WRLCK;
		wanted.l_start = 4;
		wanted.l_len = 1;
		ask("lock.posix_of_another", ::fcntl(other, F_SETLK, &wanted));
		wanted.l_start = 5;
		ask("lock.posix_beside", ::fcntl(other, F_SETLK, &wanted));
		wanted.l_start = 0;
		wanted.l_len = 0;
		wanted.l_type = F_RDLCK;
		say("lock.posix_is_told", (::fcntl(other, F_GETLK, &wanted), static_cast<long>(wanted.l_start)));
	});
}

void mappings()
{
	const long page = ::sysconf(_SC_PAGESIZE);
	const int file = make("mapped", 0644, std::string(static_cast<std::size_t>(3 * page), 'f'));
	char *shared = static_cast<char *>(::mmap(nullptr, static_cast<std::size_t>(3 * page),
						  PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	char *apart = static_cast<char *>(::mmap(nullptr, static_cast<std::size_t>(3 * page),
						 PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));

	shared[1] = 's';
	apart[2] = 'p';
	say("map.shared_is_in_the_file", content_of("mapped").substr(0, 3));
	::pwrite(file, "w", 1, 0);
	say("map.write_is_in_the_mapping", std::string(shared, 3));
	ask("map.sync", ::msync(shared, static_cast<std::size_t>(page), MS_SYNC));
	::ftruncate(file, page);
	const pid_t child = ::fork();
	if (child == 0) {
		shared[2 * page] = 'x';
		::_exit(0);
	}
	int status = 0;
	::waitpid(child, &status, 0);
	say("map.behind_the_end", WIFSIGNALED(status) ? ::sigabbrev_np(WTERMSIG(status)) : "ok");
	::unlink("mapped");
	shared[5] = 'u';
	say("map.of_the_unlinked", std::string(shared, 6));
	::munmap(shared, static_cast<std::size_t>(3 * page));
	::munmap(apart, static_cast<std::size_t>(3 * page));
	::close(file);
}

void full()
{
	const int file = make("filler");
	const std::string piece(1 << 20, 'z');
	long result = 0;
	const int mapped = make("reserved", 0644, std::string(65536, 'r'));
	char *bytes = static_cast<char *>(::mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, 0));

	::fsync(mapped);
	// More than there can be, for those that take everything and say it later.
	for (int pieces = 0; pieces < 1024; pieces++)
		if ((result = ::write(file, piece.data(), piece.size())) <= 0)
			break;
	ask("full.write", result);
	ask("full.fallocate", ::fallocate(file, 0, 0, 1L << 40));
	const pid_t child = ::fork();
	if (child == 0) {
		std::memset(bytes, 'm', 65536);
		ask("full.sync_of_a_mapping", ::msync(bytes, 65536, MS_SYNC));
		::_exit(0);
	}
	int status = 0;
	::waitpid(child, &status, 0);
	say("full.mapping", WIFSIGNALED(status) ? ::sigabbrev_np(WTERMSIG(status)) : "ok");
	ask("full.truncate", ::ftruncate(file, 0));
	ask("full.sync", ::fsync(file));
	ask("full.write_after", ::write(file, "x", 1));
	::munmap(bytes, 65536);
}

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
