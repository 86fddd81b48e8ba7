// SPDX-License-Identifier: GPL-2.0
// Data that moves inside the kernel: sendfile, splice, tee, copy_file_range,
// direct I/O and io_uring as far as the library offers them.

#include "support_files.hh"

using namespace lkl::test;

namespace {

std::string pattern(std::size_t size, std::uint64_t seed)
{
	std::string data(size, '\0');

	Random(seed).fill(data.data(), size);
	return data;
}

TEST(BootCopy, SendfileCopiesBetweenFiles)
{
	Instance kernel;
	const std::string t = workspace(kernel), data = pattern(3000000, 1);

	put_file(kernel, t + "/from", data);
	{
		const Fd from(kernel, t + "/from", LKL_O_RDONLY);
		const Fd to(kernel, t + "/to", LKL_O_CREAT | LKL_O_WRONLY);
		lkl_s64 offset = 100;

		while (offset < lkl_s64(data.size()))
			ASSERT_GT(lkl_sys_sendfile(kernel, to, from, &offset, data.size()), 0);
	}
	EXPECT_EQ(get_file(kernel, t + "/to"), data.substr(100));
}

TEST(BootCopy, SendfileFeedsASocket)
{
	Instance kernel;
	const std::string t = workspace(kernel), data = pattern(2000000, 2);
	int ends[2];

	put_file(kernel, t + "/from", data);
	must(lkl_sys_socketpair(kernel, LKL_AF_UNIX, LKL_SOCK_STREAM, 0, ends), "socketpair");
	Fd to(kernel, ends[0]);
	const Fd reader(kernel, ends[1]);
	std::thread sender([&] {
		const Fd from(kernel, t + "/from", LKL_O_RDONLY);

		while (must(lkl_sys_sendfile(kernel, to, from, nullptr, 1 << 20), "sendfile") > 0)
			;
		to.close();
	});

	EXPECT_TRUE(read_all(kernel, reader) == data);
	sender.join();
}

TEST(BootCopy, SpliceMovesThroughAPipe)
{
	Instance kernel;
	const std::string t = workspace(kernel), data = pattern(1000000, 3);

	put_file(kernel, t + "/from", data);
	{
		const Fd from(kernel, t + "/from", LKL_O_RDONLY);
		const Fd to(kernel, t + "/to", LKL_O_CREAT | LKL_O_WRONLY);
		const Pipe pipe(kernel);

		while (std::int64_t got = must(lkl_sys_splice(kernel, from, nullptr, pipe.writer, nullptr,
							      65536, 0), "splice in"))
			while (got > 0)
				got -= must(lkl_sys_splice(kernel, pipe.reader, nullptr, to, nullptr,
							   static_cast<lkl_u64>(got), 0), "splice out");
	}
	EXPECT_TRUE(get_file(kernel, t + "/to") == data);
}

TEST(BootCopy, TeeDuplicatesAPipe)
{
	Instance kernel;
	const Pipe one(kernel), two(kernel);
	char a[16] = {}, b[16] = {};

	must(lkl_sys_write(kernel, one.writer, "twice", 5), "write");
	EXPECT_EQ(lkl_sys_tee(kernel, one.reader, two.writer, 100, 0), 5);
	EXPECT_EQ(lkl_sys_read(kernel, one.reader, a, sizeof(a)), 5);
	EXPECT_EQ(lkl_sys_read(kernel, two.reader, b, sizeof(b)), 5);
	EXPECT_STREQ(a, b);
}

TEST(BootCopy, CopyFileRangeCopies)
{
	Instance kernel;
	const std::string t = workspace(kernel), data = pattern(1500000, 4);

	put_file(kernel, t + "/from", data);
	put_file(kernel, t + "/to", std::string(10, 'x'));
	{
		const Fd from(kernel, t + "/from", LKL_O_RDONLY), to(kernel, t + "/to", LKL_O_WRONLY);
		lkl_s64 in = 0, out = 10;

		while (in < lkl_s64(data.size()))
			ASSERT_GT(lkl_sys_copy_file_range(kernel, from, &in, to, &out, data.size(), 0), 0);
	}
	EXPECT_TRUE(get_file(kernel, t + "/to") == std::string(10, 'x') + data);
}

TEST(BootCopy, UserMemoryInPipesIsRightOrRefused)
{
	Instance kernel;
	const Pipe pipe(kernel);
	const std::string data = pattern(4096, 5);
	const lkl_iovec iov = {const_cast<char *>(data.data()), data.size()};
	const std::int64_t sent = lkl_sys_vmsplice(kernel, pipe.writer, &iov, 1, 0);

	// The kernel cannot pin the application's pages: a clear error is fine,
	// other bytes than ours are not.
	if (sent < 0) {
		EXPECT_EQ(sent, -LKL_EFAULT);
	} else {
		EXPECT_EQ(read_all(kernel, pipe.reader, static_cast<std::size_t>(sent)),
			  data.substr(0, static_cast<std::size_t>(sent)));
	}
}

TEST(BootCopy, ProcessMemoryCallsAreRightOrRefused)
{
	Instance kernel;
	char text[] = "memory", copy[8] = {};
	const Fd memory(kernel, "/proc/self/mem", LKL_O_RDONLY);
	const std::int64_t got = lkl_sys_pread64(kernel, memory, copy, 7, lkl_pointer(text));

	if (got > 0) {
		EXPECT_EQ(std::memcmp(copy, text, static_cast<std::size_t>(got)), 0);
	}
	EXPECT_GT(lkl_sys_getpid(kernel), 0);
}

TEST(BootCopy, UringIsReachableOrClearlyRefused)
{
	Instance kernel;
	lkl_io_uring_params params = {};
	const int ring = lkl_sys_io_uring_setup(kernel, 8, &params);

	if (ring < 0) {
		EXPECT_TRUE(ring == -LKL_ENOSYS || ring == -LKL_EPERM || ring == -LKL_EFAULT)
			<< lkl_strerror(ring);
		return;
	}
	const Fd fd(kernel, ring);

	EXPECT_GE(params.sq_entries, 8u);
	EXPECT_GE(params.cq_entries, params.sq_entries);
	EXPECT_EQ(lkl_sys_io_uring_enter(kernel, fd, 0, 0, 0, nullptr, 0), 0);
	EXPECT_EQ(lkl_sys_io_uring_setup(kernel, 0, &params), -LKL_EINVAL);
}

TEST(BootCopy, UringWithOurMemoryIsReachableOrClearlyRefused)
{
	constexpr unsigned no_mmap = 1u << 14;
	Instance kernel;
	lkl_io_uring_params params = {};
	alignas(4096) static char rings[4096], entries[4096];

	params.flags = no_mmap;
	params.cq_off.user_addr = reinterpret_cast<std::uintptr_t>(rings);
	params.sq_off.user_addr = reinterpret_cast<std::uintptr_t>(entries);
	const int ring = lkl_sys_io_uring_setup(kernel, 8, &params);

	if (ring >= 0)
		lkl_sys_close(kernel, ring);
	EXPECT_EQ(lkl_health(kernel), 0);
	EXPECT_GT(lkl_sys_getpid(kernel), 0);
}

} // namespace
