// SPDX-License-Identifier: GPL-2.0
// Questions about who may do what, and extended attributes.
#pragma once

#include "posix_answers.hh"

namespace lkl::test {

inline void permissions()
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

inline void setgid_and_setuid()
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

inline void extended_attributes()
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

} // namespace lkl::test
