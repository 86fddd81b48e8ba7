// SPDX-License-Identifier: GPL-2.0
// Files and directories on tmpfs: what every program expects of them.

#include "support_files.hh"

using namespace lkl::test;

namespace {

TEST(BootFiles, FirstDescriptorIsThree)
{
	Instance kernel;
	const Fd first(kernel, "/", LKL_O_RDONLY | LKL_O_DIRECTORY);
	const Fd second(kernel, "/", LKL_O_RDONLY | LKL_O_DIRECTORY);

	EXPECT_EQ(int(first), 3);
	EXPECT_EQ(int(second), 4);
}

TEST(BootFiles, CreateWriteSeekReadClose)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	char buffer[16] = {};
	Fd file(kernel, path, LKL_O_CREAT | LKL_O_EXCL | LKL_O_RDWR, 0640);

	EXPECT_EQ(lkl_sys_write(kernel, file, "hello, world", 12), 12);
	EXPECT_EQ(lkl_sys_lseek(kernel, file, 0, LKL_SEEK_CUR), 12);
	EXPECT_EQ(lkl_sys_lseek(kernel, file, 7, LKL_SEEK_SET), 7);
	EXPECT_EQ(lkl_sys_read(kernel, file, buffer, sizeof(buffer)), 5);
	EXPECT_STREQ(buffer, "world");
	EXPECT_EQ(lkl_sys_read(kernel, file, buffer, sizeof(buffer)), 0);
	EXPECT_EQ(lkl_sys_lseek(kernel, file, -5, LKL_SEEK_END), 7);
	EXPECT_EQ(lkl_sys_lseek(kernel, file, -1, LKL_SEEK_SET), -LKL_EINVAL);
	EXPECT_EQ(file.close(), 0);
	EXPECT_EQ(get_file(kernel, path), "hello, world");
}

TEST(BootFiles, StatTellsWhatWasMade)
{
	Instance kernel;
	const std::string t = workspace(kernel);
	lkl_stat by_fd = {};
	lkl_statx extended = {};

	{
		const Fd file(kernel, t + "/file", LKL_O_CREAT | LKL_O_RDWR, 0640);

		write_all(kernel, file, std::string(5000, 'x'));
		must(lkl_sys_fchown(kernel, file, 70000, 3000000000u), "fchown");
		must(lkl_sys_fstat(kernel, file, &by_fd), "fstat");
	}
	const lkl_stat by_path = stat_of(kernel, t + "/file");

	EXPECT_EQ(std::memcmp(&by_fd, &by_path, sizeof(by_fd)), 0);
	EXPECT_EQ(by_fd.st_mode, LKL_S_IFREG | 0640u);
	EXPECT_EQ(by_fd.st_size, 5000);
	EXPECT_EQ(by_fd.st_nlink, 1u);
	EXPECT_EQ(by_fd.st_uid, 70000u);
	EXPECT_EQ(by_fd.st_gid, 3000000000u);
	EXPECT_EQ(by_fd.st_blocks, 16);
	ASSERT_TRUE(ok(lkl_sys_statx(kernel, LKL_AT_FDCWD, (t + "/file").c_str(), 0,
				     LKL_STATX_BASIC_STATS | LKL_STATX_BTIME, &extended)));
	EXPECT_EQ(extended.stx_mode, by_fd.st_mode);
	EXPECT_EQ(extended.stx_size, 5000u);
	EXPECT_EQ(extended.stx_ino, by_fd.st_ino);
	EXPECT_EQ(extended.stx_mtime.tv_sec, by_fd.st_mtime_sec);
	EXPECT_EQ(extended.stx_gid, 3000000000u);
	EXPECT_EQ(stat_of(kernel, t).st_mode & LKL_S_IFMT, unsigned(LKL_S_IFDIR));
	must(lkl_sys_mknodat(kernel, LKL_AT_FDCWD, (t + "/dev").c_str(), LKL_S_IFCHR | 0600,
			     lkl_makedev(259, 70000)), "mknod");
	EXPECT_EQ(lkl_major(stat_of(kernel, t + "/dev").st_rdev), 259u);
	EXPECT_EQ(lkl_minor(stat_of(kernel, t + "/dev").st_rdev), 70000u);
}

TEST(BootFiles, UmaskTakesBitsAway)
{
	Instance kernel;
	const std::string t = workspace(kernel);

	lkl_sys_umask(kernel, 0027);
	EXPECT_EQ(lkl_sys_umask(kernel, 0027), 0027u);
	{
		const Fd file(kernel, t + "/file", LKL_O_CREAT | LKL_O_WRONLY, 0666);
	}
	make_directory(kernel, t + "/directory", 0777);
	EXPECT_EQ(stat_of(kernel, t + "/file").st_mode & 07777, 0640u);
	EXPECT_EQ(stat_of(kernel, t + "/directory").st_mode & 07777, 0750u);
}

TEST(BootFiles, DirectoriesListEveryNameOnce)
{
	Instance kernel;
	const std::string t = workspace(kernel);
	std::multiset<std::string> made;

	for (unsigned i = 0; i < 1500; i++) {
		// Lengths from 1 to 255 bytes, so that records of every size occur.
		std::string name = std::to_string(i);

		name.append(i % 252, 'n');
		put_file(kernel, t + "/" + name, "");
		made.insert(name);
	}
	EXPECT_EQ(names_in(kernel, t), made);
	EXPECT_EQ(names_in(kernel, t, 300), made);
	for (const std::string &name : made)
		must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, (t + "/" + name).c_str(), 0), "unlink");
	EXPECT_TRUE(names_in(kernel, t).empty());
}

TEST(BootFiles, RenameReplacesAndExchanges)
{
	Instance kernel;
	const std::string t = workspace(kernel), a = t + "/a", b = t + "/b";

	put_file(kernel, a, "first");
	put_file(kernel, b, "second");
	EXPECT_EQ(lkl_sys_renameat2(kernel, LKL_AT_FDCWD, a.c_str(), LKL_AT_FDCWD, b.c_str(),
				    LKL_RENAME_NOREPLACE), -LKL_EEXIST);
	EXPECT_TRUE(ok(lkl_sys_renameat2(kernel, LKL_AT_FDCWD, a.c_str(), LKL_AT_FDCWD, b.c_str(),
					 LKL_RENAME_EXCHANGE)));
	EXPECT_EQ(get_file(kernel, a), "second");
	EXPECT_TRUE(ok(lkl_sys_renameat2(kernel, LKL_AT_FDCWD, a.c_str(), LKL_AT_FDCWD, b.c_str(), 0)));
	EXPECT_EQ(get_file(kernel, b), "second");
	EXPECT_FALSE(exists(kernel, a));
}

TEST(BootFiles, LinksCountAndOutliveTheName)
{
	Instance kernel;
	const std::string t = workspace(kernel), a = t + "/a", b = t + "/b";
	char target[64] = {};

	put_file(kernel, a, "content");
	EXPECT_TRUE(ok(lkl_sys_linkat(kernel, LKL_AT_FDCWD, a.c_str(), LKL_AT_FDCWD, b.c_str(), 0)));
	EXPECT_EQ(stat_of(kernel, b).st_nlink, 2u);
	const Fd held(kernel, a, LKL_O_RDONLY);

	must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, a.c_str(), 0), "unlink");
	must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, b.c_str(), 0), "unlink");
	EXPECT_EQ(read_all(kernel, held), "content");
	EXPECT_TRUE(ok(lkl_sys_symlinkat(kernel, "no/where", LKL_AT_FDCWD, a.c_str())));
	EXPECT_EQ(lkl_sys_readlinkat(kernel, LKL_AT_FDCWD, a.c_str(), target, sizeof(target)), 8);
	EXPECT_STREQ(target, "no/where");
	EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, a.c_str(), LKL_O_RDONLY, 0), -LKL_ENOENT);
}

TEST(BootFiles, TruncatedAndSparseFilesReadAsZeroes)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	const Fd file(kernel, path, LKL_O_CREAT | LKL_O_RDWR);

	write_all(kernel, file, std::string(10000, 'x'));
	must(lkl_sys_ftruncate(kernel, file, 5000), "ftruncate");
	must(lkl_sys_ftruncate(kernel, file, 1 << 30), "ftruncate");
	must(lkl_sys_pwrite64(kernel, file, "end", 3, (1 << 30) - 3), "pwrite");
	must(lkl_sys_lseek(kernel, file, 0, LKL_SEEK_SET), "lseek");
	EXPECT_EQ(read_all(kernel, file, 10000),
		  std::string(5000, 'x') + std::string(5000, '\0'));
	EXPECT_EQ(lkl_sys_lseek(kernel, file, 0, LKL_SEEK_HOLE), 8192);
	EXPECT_EQ(lkl_sys_lseek(kernel, file, 8192, LKL_SEEK_DATA), (1 << 30) - 4096);
	EXPECT_LT(stat_of(kernel, path).st_blocks, 64);
	EXPECT_TRUE(ok(lkl_sys_fallocate(kernel, file,
					 LKL_FALLOC_FL_PUNCH_HOLE | LKL_FALLOC_FL_KEEP_SIZE, 0, 4096)));
	EXPECT_EQ(lkl_sys_lseek(kernel, file, 0, LKL_SEEK_DATA), 4096);
}

TEST(BootFiles, VectorsScatterAndGather)
{
	Instance kernel;
	const Fd file(kernel, workspace(kernel) + "/file", LKL_O_CREAT | LKL_O_RDWR);
	char a[] = "one", b[] = "", c[] = "three", x[4] = {}, y[8] = {};
	const lkl_iovec out[] = {{a, 3}, {b, 0}, {c, 5}};
	const lkl_iovec in[] = {{x, 2}, {nullptr, 0}, {y, 7}};

	EXPECT_EQ(lkl_sys_writev(kernel, file, out, 3), 8);
	EXPECT_EQ(lkl_sys_preadv(kernel, file, in, 3, 0), 8);
	EXPECT_STREQ(x, "on");
	EXPECT_STREQ(y, "ethree");
	EXPECT_EQ(lkl_sys_preadv2(kernel, file, in, 3, 4, 0), 4);
	EXPECT_EQ(lkl_sys_preadv2(kernel, file, in, 3, 0, 0x4000), -LKL_EOPNOTSUPP);
}

TEST(BootFiles, AppendsOfManyThreadsAllArrive)
{
	constexpr unsigned threads = 8, lines = 200;
	Instance kernel;
	const std::string path = workspace(kernel) + "/log";

	in_threads(threads, [&](unsigned i) {
		const Fd file(kernel, path, LKL_O_CREAT | LKL_O_WRONLY | LKL_O_APPEND);

		for (unsigned line = 0; line < lines; line++) {
			char text[32];

			std::snprintf(text, sizeof(text), "%02u %05u\n", i, line);
			EXPECT_EQ(lkl_sys_write(kernel, file, text, 9), 9);
		}
	});
	const std::string content = get_file(kernel, path);
	std::vector<unsigned> next(threads);

	ASSERT_EQ(content.size(), threads * lines * 9u);
	for (std::size_t at = 0; at < content.size(); at += 9) {
		unsigned i, line;

		ASSERT_EQ(std::sscanf(content.c_str() + at, "%u %u", &i, &line), 2);
		EXPECT_EQ(line, next.at(i)++);
	}
}

TEST(BootFiles, UnnamedFileGetsANameByLink)
{
	Instance kernel;
	const std::string t = workspace(kernel);
	const Fd file(kernel, t, LKL_O_TMPFILE | LKL_O_RDWR, 0600);

	write_all(kernel, file, "late");
	EXPECT_TRUE(names_in(kernel, t).empty());
	EXPECT_TRUE(ok(lkl_sys_linkat(kernel, file, "", LKL_AT_FDCWD, (t + "/named").c_str(),
				      LKL_AT_EMPTY_PATH)));
	EXPECT_EQ(get_file(kernel, t + "/named"), "late");
}

TEST(BootFiles, ResolutionCanBeConfined)
{
	Instance kernel;
	const std::string t = workspace(kernel);
	lkl_open_how how = {LKL_O_RDONLY, 0, LKL_RESOLVE_BENEATH};

	make_directory(kernel, t + "/jail");
	put_file(kernel, t + "/secret", "x");
	const Fd jail(kernel, t + "/jail", LKL_O_PATH | LKL_O_DIRECTORY);

	EXPECT_EQ(lkl_sys_openat2(kernel, jail, "../secret", &how, sizeof(how)), -LKL_EXDEV);
	how.resolve = LKL_RESOLVE_IN_ROOT;
	EXPECT_EQ(lkl_sys_openat2(kernel, jail, "../secret", &how, sizeof(how)), -LKL_ENOENT);
}

TEST(BootFiles, AttributesAndAccessListsAreKept)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	char value[64] = {}, list[64] = {};
	// POSIX ACL, version 2: rw for the owner, r for user 1000, and a mask.
	const unsigned char acl[] = {2, 0, 0, 0,
		1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 232, 3, 0, 0,
		4, 0, 0, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255,
		32, 0, 0, 0, 255, 255, 255, 255};

	put_file(kernel, path, "");
	EXPECT_TRUE(ok(lkl_sys_setxattr(kernel, path.c_str(), "user.color", "red", 3, 0)));
	EXPECT_TRUE(ok(lkl_sys_setxattr(kernel, path.c_str(), "trusted.t", "x", 1, 0)));
	EXPECT_TRUE(ok(lkl_sys_setxattr(kernel, path.c_str(), "system.posix_acl_access", acl,
					sizeof(acl), 0)));
	EXPECT_EQ(lkl_sys_getxattr(kernel, path.c_str(), "user.color", value, sizeof(value)), 3);
	EXPECT_STREQ(value, "red");
	EXPECT_GT(lkl_sys_listxattr(kernel, path.c_str(), list, sizeof(list)), 0);
	EXPECT_EQ(lkl_sys_getxattr(kernel, path.c_str(), "user.none", value, sizeof(value)),
		  -LKL_ENODATA);
	EXPECT_EQ(stat_of(kernel, path).st_mode & 0777, 0640u);
}

TEST(BootFiles, StatfsTellsTheSize)
{
	Instance kernel;
	lkl_statfs statfs = {};

	make_directory(kernel, "/small");
	must(lkl_sys_mount(kernel, "none", "/small", "tmpfs", 0, "size=1m,nr_inodes=20"), "mount");
	ASSERT_TRUE(ok(lkl_sys_statfs(kernel, "/small", &statfs)));
	EXPECT_EQ(statfs.f_type, 0x01021994);
	EXPECT_EQ(statfs.f_bsize * statfs.f_blocks, 1 << 20);
	EXPECT_EQ(statfs.f_files, 20);
	EXPECT_EQ(statfs.f_namelen, 255);
}

TEST(BootFiles, FullFileSystemSaysSo)
{
	Instance kernel;

	make_directory(kernel, "/small");
	must(lkl_sys_mount(kernel, "none", "/small", "tmpfs", 0, "size=1m,nr_inodes=5"), "mount");
	const Fd file(kernel, "/small/file", LKL_O_CREAT | LKL_O_WRONLY);
	const std::string big(2 << 20, 'x');

	EXPECT_EQ(lkl_sys_write(kernel, file, big.data(), big.size()), 1 << 20);
	EXPECT_EQ(lkl_sys_write(kernel, file, big.data(), big.size()), -LKL_ENOSPC);
	must(lkl_sys_ftruncate(kernel, file, 0), "ftruncate");
	EXPECT_EQ(lkl_sys_write(kernel, file, big.data(), 4096), 4096);
	for (unsigned i = 0; i < 3; i++)
		put_file(kernel, "/small/" + std::to_string(i), "");
	EXPECT_EQ(lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, "/small/more", 0755), -LKL_ENOSPC);
}

TEST(BootFiles, SixtyFourMebibytesComeBackAsWritten)
{
	constexpr std::size_t size = 64 << 20, odd = 1048573;
	Instance kernel({.memory_bytes = 256 << 20});
	const Fd file(kernel, workspace(kernel) + "/large", LKL_O_CREAT | LKL_O_RDWR);
	const std::vector<unsigned char> data = Random(7).bytes(size);
	std::vector<unsigned char> back(size);

	for (std::size_t at = 0; at < size; at += odd)
		ASSERT_EQ(lkl_sys_write(kernel, file, &data[at], std::min(odd, size - at)),
			  std::int64_t(std::min(odd, size - at)));
	ASSERT_EQ(lkl_sys_pread64(kernel, file, back.data(), size, 0), std::int64_t(size));
	EXPECT_TRUE(data == back);
}

} // namespace
