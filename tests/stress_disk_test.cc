// SPDX-License-Identifier: GPL-2.0
// Many threads on file systems on a disk: contents verified while they work, after
// they are done, and in a fresh kernel; then the file system's own checker.

#include "support_disks.hh"

using namespace lkl::test;

namespace {

struct Load {
	const char *type, *mkfs, *check;
	std::uint64_t bytes;
	unsigned cpus, threads;
};

void PrintTo(const Load &load, std::ostream *out)
{
	*out << load.type << ", " << load.cpus << " CPUs, " << load.threads << " threads";
}

std::vector<Load> loads()
{
	std::vector<Load> loads;

	for (const unsigned cpus : cpu_counts())
		for (const unsigned threads : {4u, 16u})
			loads.push_back({"ext4", "mkfs.ext4 -q -F IMG", "e2fsck -fn IMG", 192 << 20, cpus, threads});
	for (const auto &[type, mkfs, check, bytes] :
	     {std::tuple{"xfs", "mkfs.xfs -q -f IMG", "xfs_repair -n IMG", 400u << 20},
	      std::tuple{"btrfs", "mkfs.btrfs -q -f IMG", "btrfs check --readonly IMG", 400u << 20},
	      std::tuple{"f2fs", "mkfs.f2fs -q -f IMG", "fsck.f2fs --dry-run IMG", 192u << 20},
	      std::tuple{"vfat", "mkfs.vfat IMG", "fsck.vfat -n IMG", 192u << 20}})
		loads.push_back({type, mkfs, check, bytes, cpu_counts().back(), 8});
	return loads;
}

/// Only a kernel that the environment names may lack a type.
bool kernel_has(lkl_kernel *kernel, const std::string &type)
{
	return !std::getenv("LKL_TEST_KERNEL") ||
	       get_file(kernel, "/proc/filesystems").find("\t" + type + "\n") != std::string::npos;
}

using Files = std::map<std::string, std::string>;

/// One thread's part of the tree, and what it wrote there.
void work(lkl_kernel *kernel, const std::string &home, std::uint64_t seed, Clock::time_point end, Files &files)
{
	Random random(seed);
	const Pipe pipe(kernel);

	make_directory(kernel, home);
	while (Clock::now() < end) {
		const std::string name = home + "/f" + std::to_string(random.below(15));

		switch (random.below(10)) {
		case 0: case 1: case 2: case 3: {
			std::string data(random.below(random.below(6) ? 20000 : 500000), '\0');

			random.fill(data.data(), data.size());
			const Fd file(kernel, name, LKL_O_CREAT | LKL_O_TRUNC | LKL_O_RDWR);

			write_all(kernel, file, data);
			if (random.below(3) == 0)
				must(lkl_sys_fsync(kernel, file), "fsync");
			files[name] = std::move(data);
			break;
		}
		case 4: case 5: case 6:
			if (files.contains(name) && get_file(kernel, name) != files[name])
				throw std::runtime_error(name + " has wrong content");
			break;
		case 7:
			if (files.contains(name)) {
				const std::string to = home + "/r" + std::to_string(random.below(15));

				must(lkl_sys_renameat2(kernel, LKL_AT_FDCWD, name.c_str(), LKL_AT_FDCWD, to.c_str(), 0),
				     "rename");
				files[to] = std::move(files[name]);
				files.erase(name);
			}
			break;
		case 8:
			if (files.contains(name)) {
				must(lkl_sys_unlinkat(kernel, LKL_AT_FDCWD, name.c_str(), 0), "unlink");
				files.erase(name);
			}
			break;
		case 9: {
			const lkl_timespec wait = {0, lkl_s64(random.below(1000000))};
			char byte = 'x';

			must(lkl_sys_nanosleep(kernel, &wait, nullptr), "nanosleep");
			must(lkl_sys_write(kernel, pipe.writer, &byte, 1), "write pipe");
			must(lkl_sys_read(kernel, pipe.reader, &byte, 1), "read pipe");
			if (random.below(10) == 0)
				must(lkl_sys_sync(kernel), "sync");
			break;
		}
		}
	}
}

void must_have(lkl_kernel *kernel, const std::string &root, const std::vector<Files> &all)
{
	for (unsigned i = 0; i < all.size(); i++) {
		const std::string home = root + "/t" + std::to_string(i);

		ASSERT_EQ(names_in(kernel, home).size(), all[i].size()) << home;
		for (const auto &[name, content] : all[i])
			ASSERT_TRUE(get_file(kernel, home + name.substr(name.rfind('/'))) == content) << name;
	}
}

class StressDisk : public testing::TestWithParam<Load> {};

TEST_P(StressDisk, ContentsAreRightAndTheCheckerIsContent)
{
	const Load &load = GetParam();
	const std::string mkfs = load.mkfs;

	if (!host_has(mkfs.substr(0, mkfs.find(' '))))
		GTEST_SKIP() << "no " << mkfs.substr(0, mkfs.find(' '));
	const Image image(load.bytes, mkfs + " >/dev/null");
	const double seconds = 2 * environment("LKL_TEST_SCALE", 1);
	std::vector<Files> files(load.threads);

	Watchdog::extend(std::int64_t(seconds) * 3);
	{
		Instance kernel({.cpus = load.cpus});

		if (!kernel_has(kernel, load.type))
			GTEST_SKIP() << "a lean kernel has no " << load.type;
		const int disk = add_disk(kernel, disk_of(image.path()));
		const std::string root = mount_disk(kernel, disk);
		const auto end = Clock::now() + std::chrono::milliseconds(std::int64_t(seconds * 1000));

		in_threads(load.threads, [&](unsigned i) {
			work(kernel, root + "/t" + std::to_string(i), i + 100, end, files[i]);
		});
		must_have(kernel, root, files);
		// Through the disk and back, not from the cache.
		must(lkl_sys_sync(kernel), "sync");
		put_file(kernel, "/proc/sys/vm/drop_caches", "3");
		must_have(kernel, root, files);
		// Lock checking ends with the first complaint, or for want of memory.
		if (exists(kernel, "/proc/lockdep_stats")) {
			EXPECT_NE(get_file(kernel, "/proc/lockdep_stats").find(
				"debug_locks:                             1\n"), std::string::npos);
		}
		for (const char *alarm : {"I/O error", "EXT4-fs error"})
			EXPECT_FALSE(kernel.log().contains(alarm)) << kernel.log().text();
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	}
	EXPECT_NO_THROW(image.run(load.check));
	Instance fresh;

	must_have(fresh, mount_disk(fresh, add_disk(fresh, disk_of(image.path()))), files);
}

INSTANTIATE_TEST_SUITE_P(Loads, StressDisk, testing::ValuesIn(loads()),
			 [](const testing::TestParamInfo<Load> &load) {
				 return std::string(load.param.type) + "_" + std::to_string(load.param.cpus) +
					"cpus_" + std::to_string(load.param.threads) + "threads";
			 });

TEST(StressDiskMemory, FileSystemLargerThanMemoryIsWrittenAndRead)
{
	const Image image(512 << 20, "mkfs.ext4 -q -F IMG");
	Instance kernel({.memory_bytes = 48 << 20});
	const std::string root = mount_disk(kernel, add_disk(kernel, disk_of(image.path())));
	std::string chunk(1 << 20, '\0');

	Watchdog::extend(240);
	{
		const Fd file(kernel, root + "/large", LKL_O_CREAT | LKL_O_WRONLY);

		for (unsigned i = 0; i < 300; i++) {
			Random(i).fill(chunk.data(), chunk.size());
			write_all(kernel, file, chunk);
		}
	}
	const Fd file(kernel, root + "/large", LKL_O_RDONLY);

	for (unsigned i = 0; i < 300; i++) {
		Random(i).fill(chunk.data(), chunk.size());
		ASSERT_TRUE(read_all(kernel, file, chunk.size()) == chunk) << "MiB " << i;
	}
	EXPECT_EQ(lkl_health(kernel), 0);
	EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	EXPECT_NO_THROW(image.run("e2fsck -fn IMG"));
}

/// A burst of small files is what costs a file system's log most memory: xfs keeps 4 KiB
/// for each until an eighth of its log is full.
struct Burst {
	const char *type, *mkfs, *check;
	std::uint64_t memory_bytes;	// 0: the default
};

void PrintTo(const Burst &burst, std::ostream *out)
{
	*out << burst.type;
}

class StressBurst : public testing::TestWithParam<Burst> {};

TEST_P(StressBurst, OfSmallFiles)
{
	const auto [type, mkfs, check, memory_bytes] = GetParam();
	const Image image(1 << 30, mkfs + std::string(" >/dev/null"));
	const unsigned count = scaled(40000);
	auto path = [](const std::string &root, unsigned i) {
		return root + "/" + std::to_string(i / 1000) + "/" + std::to_string(i);
	};
	auto content = [](unsigned i) { return std::string(i % 9000, char('a' + i % 26)); };

	Watchdog::extend(240);
	{
		Instance kernel({.memory_bytes = memory_bytes});

		if (!kernel_has(kernel, type))
			GTEST_SKIP() << "a lean kernel has no " << type;
		const std::string root = mount_disk(kernel, add_disk(kernel, disk_of(image.path())));

		for (unsigned i = 0; i < count; i++) {
			if (i % 1000 == 0)
				make_directory(kernel, root + "/" + std::to_string(i / 1000));
			put_file(kernel, path(root, i), content(i));
		}
		EXPECT_EQ(lkl_health(kernel), 0);
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
	}
	EXPECT_NO_THROW(image.run(check));
	Instance fresh;
	const std::string root = mount_disk(fresh, add_disk(fresh, disk_of(image.path())));

	for (unsigned i = 0; i < count; i += 7)
		ASSERT_EQ(get_file(fresh, path(root, i)), content(i)) << i;
}

INSTANTIATE_TEST_SUITE_P(Types, StressBurst, testing::Values(
	Burst{"ext4", "mkfs.ext4 -q -F IMG", "e2fsck -fn IMG", 96 << 20},
	Burst{"xfs", "mkfs.xfs -q -f IMG", "xfs_repair -n IMG", 0},
	Burst{"btrfs", "mkfs.btrfs -q -f IMG", "btrfs check --readonly IMG", 0},
	Burst{"f2fs", "mkfs.f2fs -q -f IMG", "fsck.f2fs --dry-run IMG", 0}),
	[](const testing::TestParamInfo<Burst> &burst) { return std::string(burst.param.type); });

} // namespace
