// SPDX-License-Identifier: GPL-2.0
// What lkl_create() is told, and what the kernel makes of it.

#include "support_files.hh"

using namespace lkl::test;

namespace {

/// Create and start from @options; 0 or the first error, whose text goes to @why.
int try_start(const lkl_options &options, std::string &why)
{
	lkl_kernel *kernel = nullptr;
	int result = lkl_create(&options, &kernel);

	if (result < 0) {
		why = lkl_last_error(nullptr);
		return result;
	}
	result = lkl_start(kernel);
	if (result < 0)
		why = lkl_last_error(kernel);
	else
		result = lkl_sys_getpid(kernel) > 0 ? 0 : -LKL_ESRCH;
	lkl_destroy(kernel);
	return result;
}

lkl_options defaults()
{
	lkl_options options = {};

	options.size = sizeof(options);
	options.kernel_path = std::getenv("LKL_TEST_KERNEL");
	return options;
}

/// A host file with @content that goes away again.
class HostFile {
public:
	explicit HostFile(std::string_view content)
	{
		const int fd = ::mkstemp(path_);

		if (fd < 0 || ::write(fd, content.data(), content.size()) != ssize_t(content.size()))
			throw std::runtime_error("temporary file");
		::close(fd);
	}

	~HostFile()
	{
		::unlink(path_);
	}

	const char *path() const
	{
		return path_;
	}

private:
	char path_[40] = "/dev/shm/lkl-test-XXXXXX";
};

TEST(LifeOptions, NoneMeansDefaults)
{
	lkl_kernel *kernel = nullptr;

	if (std::getenv("LKL_TEST_KERNEL"))
		GTEST_SKIP() << "defaults mean the built-in kernel; another was asked for";
	ASSERT_TRUE(ok(lkl_create(nullptr, &kernel)));
	EXPECT_TRUE(ok(lkl_start(kernel)));
	EXPECT_EQ(get_file(kernel, "/sys/devices/system/cpu/online"), "0\n");
	lkl_destroy(kernel);
}

TEST(LifeOptions, LogCallbackGetsTheBannerLineByLine)
{
	const Instance kernel;
	const std::string text = kernel.log().text();

	EXPECT_NE(text.find("Linux version"), std::string::npos);
	EXPECT_EQ(text.find("\n\n"), std::string::npos);
	EXPECT_EQ(text.find('\r'), std::string::npos);
}

struct Levels {
	std::mutex mutex;
	std::vector<int> levels;
	std::vector<std::uint64_t> times;
	std::string last;

	static void receive(void *user, int level, std::uint64_t time_us, const char *line)
	{
		Levels *self = static_cast<Levels *>(user);
		const std::lock_guard guard(self->mutex);

		self->levels.push_back(level);
		self->times.push_back(time_us);
		self->last = line;
	}
};

TEST(LifeOptions, LogLinesHaveLevelAndTime)
{
	Levels levels;
	lkl_options options = defaults();
	lkl_kernel *kernel = nullptr;

	options.log = Levels::receive;
	options.log_user = &levels;
	ASSERT_TRUE(ok(lkl_create(&options, &kernel)));
	ASSERT_TRUE(ok(lkl_start(kernel)));
	put_file(kernel, "/dev/kmsg", "<3>said by the test\n");
	EXPECT_TRUE(eventually([&] {
		const std::lock_guard guard(levels.mutex);

		return levels.last == "said by the test";
	}));
	char tail[256];

	EXPECT_GT(lkl_log_tail(kernel, 3, tail, sizeof(tail)), 0u);
	EXPECT_NE(std::strstr(tail, "said by the test"), nullptr);
	EXPECT_EQ(lkl_log_tail(kernel, 7, tail, 1), 0u);
	EXPECT_EQ(tail[0], '\0');
	lkl_destroy(kernel);
	EXPECT_EQ(levels.levels.back() >= 0 && levels.levels.back() <= 7, true);
	for (const int level : levels.levels)
		EXPECT_TRUE(level >= 0 && level <= 7) << level;
	EXPECT_LT(levels.times.back(), 60000000u);
}

TEST(LifeOptions, LongLogLinesArrive)
{
	Instance kernel;
	const std::string line(900, 'l');

	put_file(kernel, "/dev/kmsg", line + "\n");
	EXPECT_TRUE(eventually([&] { return kernel.log().contains(line); }));
}

TEST(LifeOptions, CommandLineIsSeenInside)
{
	Instance kernel({.command_line = "lkl_test.mark=\"a b\" loglevel=7"});

	EXPECT_NE(get_file(kernel, "/proc/cmdline").find("lkl_test.mark=\"a b\" loglevel=7"),
		  std::string::npos) << get_file(kernel, "/proc/cmdline");
}

TEST(LifeOptions, OverlongCommandLineIsRefusedOrKept)
{
	const std::string line = "a=" + std::string(100000, 'x');
	lkl_options options = defaults();
	std::string why;

	options.command_line = line.c_str();
	const int result = try_start(options, why);

	if (result < 0) {
		EXPECT_NE(why, "");
	}
}

TEST(LifeOptions, CpuCountsFromOneToMany)
{
	for (const unsigned count : {1u, 2u, 3u, 4u, 8u, 16u}) {
		if (count > 1 && std::getenv("LKL_TEST_KERNEL"))
			continue;
		Instance kernel({.cpus = count});

		EXPECT_EQ(get_file(kernel, "/sys/devices/system/cpu/online"),
			  count == 1 ? "0\n" : "0-" + std::to_string(count - 1) + "\n");
		in_threads(2 * count, [&](unsigned) {
			for (unsigned round = 0; round < 50; round++)
				if (lkl_sys_getpid(kernel) <= 0)
					ADD_FAILURE() << "getpid failed";
		});
	}
}

TEST(LifeOptions, TooManyCpusAreRefused)
{
	for (const unsigned count : {100000u, ~0u}) {
		lkl_options options = defaults();
		std::string why;

		options.cpus = count;
		EXPECT_LT(try_start(options, why), 0) << count;
		EXPECT_NE(why, "");
	}
}

TEST(LifeOptions, SpinPolicies)
{
	for (const int spin_us : {-1, 0, 20, 1000}) {
		lkl_options options = defaults();
		lkl_kernel *kernel = nullptr;

		options.spin_us = spin_us;
		options.cpus = cpus();
		ASSERT_TRUE(ok(lkl_create(&options, &kernel)));
		ASSERT_TRUE(ok(lkl_start(kernel)));
		{
			const Pipe there(kernel), back(kernel);
			std::thread echo([&] {
				char byte;

				for (unsigned round = 0; round < 200; round++) {
					lkl_sys_read(kernel, there.reader, &byte, 1);
					lkl_sys_write(kernel, back.writer, &byte, 1);
				}
			});
			char byte = 'x';

			for (unsigned round = 0; round < 200; round++) {
				EXPECT_EQ(lkl_sys_write(kernel, there.writer, &byte, 1), 1);
				EXPECT_EQ(lkl_sys_read(kernel, back.reader, &byte, 1), 1);
			}
			echo.join();
		}
		lkl_destroy(kernel);
	}
}

TEST(LifeOptions, StructSizeIsChecked)
{
	lkl_options options = defaults();
	std::string why;

	options.size = 0;
	EXPECT_EQ(try_start(options, why), -LKL_EINVAL);
	EXPECT_NE(why, "");
	// An older caller knows fewer members.
	options.size = offsetof(lkl_options, log);
	EXPECT_EQ(try_start(options, why), 0) << why;
}

TEST(LifeOptions, UnusableKernelFilesAreRefusedWithTheirName)
{
	const std::string elf_head("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0", 24);
	const HostFile empty(""), text("this is not a kernel\n"), cut(elf_head),
		zeroes(elf_head + std::string(100000, '\0')), ones(elf_head + std::string(100000, '\377'));

	for (const char *path : {"/nowhere/vmlinux", "/dev/shm", "/dev/null", "/bin/true", empty.path(),
				 text.path(), cut.path(), zeroes.path(), ones.path()}) {
		lkl_options options = defaults();
		std::string why;

		options.kernel_path = path;
		EXPECT_LT(try_start(options, why), 0) << path;
		EXPECT_NE(why.find(path), std::string::npos) << path << ": " << why;
	}
}

TEST(LifeOptions, ErrorsOfThreadsAreApart)
{
	Instance kernel;

	EXPECT_LT(lkl_umount(kernel, "/nowhere"), 0);
	const std::string mine = lkl_last_error(kernel);

	in_threads(1, [&](unsigned) {
		EXPECT_LT(lkl_disk_remove(kernel, 12345), 0);
		EXPECT_NE(lkl_last_error(kernel), mine);
	});
	EXPECT_EQ(lkl_last_error(kernel), mine);
	EXPECT_NE(mine.find("/nowhere"), std::string::npos) << mine;
}

} // namespace
