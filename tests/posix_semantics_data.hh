// SPDX-License-Identifier: GPL-2.0
// Questions about times and what is in files.
#pragma once

#include "posix_answers.hh"

namespace lkl::test {

inline void appending()
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

/// Of @stat, which of the three times differ from those before.
inline std::string moved(const struct stat &before, const char *name)
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
inline void times_of(const std::string &point, const char *name, const std::function<long()> &action)
{
	const struct stat before = stat_of(name);

	// Longer than the steps of a file system's clock.
	::usleep(30000);
	const std::string done = outcome(action());
	say("times." + point, done + " " + moved(before, name));
}

inline void times()
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

inline void holes()
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

inline void files()
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

inline void mappings()
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

inline void full()
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

} // namespace lkl::test
