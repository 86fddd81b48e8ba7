// SPDX-License-Identifier: GPL-2.0
// Halt while threads are inside system calls: every call returns with an
// error, halt returns, the process goes on.

#include "support_files.hh"

#include <memory>

using namespace lkl::test;

namespace {

/// What a call may return because of a halt.
bool is_halt_error(std::int64_t result)
{
	return result == -LKL_EINTR || result == -LKL_ESHUTDOWN;
}

/// A way to be inside the kernel. Prepared by one thread, entered by eight.
struct Blocked {
	const char *name;
	std::function<int(lkl_kernel *)> prepare;
	std::function<std::int64_t(lkl_kernel *, int)> enter;
};

void PrintTo(const Blocked &blocked, std::ostream *out)
{
	*out << blocked.name;
}

int quiet_pipe(lkl_kernel *kernel)
{
	int ends[2];

	must(lkl_sys_pipe2(kernel, ends, 0), "pipe2");
	return ends[0];
}

int full_pipe(lkl_kernel *kernel)
{
	const std::string data(65536, 'x');
	int ends[2];

	must(lkl_sys_pipe2(kernel, ends, 0), "pipe2");
	must(lkl_sys_write(kernel, ends[1], data.data(), data.size()), "write");
	return ends[1];
}

int listening_socket(lkl_kernel *kernel)
{
	lkl_sockaddr_in any = {};
	const int fd = lkl_sys_socket(kernel, LKL_AF_INET, LKL_SOCK_STREAM, 0);

	any.sin_family = LKL_AF_INET;
	must(lkl_sys_bind(kernel, fd, &any, sizeof(any)), "bind");
	must(lkl_sys_listen(kernel, fd, 8), "listen");
	return fd;
}

int locked_file(lkl_kernel *kernel)
{
	const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, "/locked", LKL_O_CREAT | LKL_O_RDWR, 0644);

	must(lkl_sys_flock(kernel, fd, LKL_LOCK_EX), "flock");
	return fd;
}

int nothing(lkl_kernel *)
{
	return -1;
}

/// One word that never changes: waiting on it never ends by itself.
lkl_u32 still;

const Blocked ways[] = {
	{"PipeRead", quiet_pipe, [](lkl_kernel *kernel, int fd) -> std::int64_t {
		 char byte;
		 return lkl_sys_read(kernel, fd, &byte, 1);
	 }},
	{"PipeWrite", full_pipe, [](lkl_kernel *kernel, int fd) -> std::int64_t {
		 return lkl_sys_write(kernel, fd, "x", 1);
	 }},
	{"Nanosleep", nothing, [](lkl_kernel *kernel, int) -> std::int64_t {
		 const lkl_timespec wait = {1000, 0};
		 return lkl_sys_nanosleep(kernel, &wait, nullptr);
	 }},
	{"Epoll", [](lkl_kernel *kernel) { return lkl_sys_epoll_create1(kernel, 0); },
	 [](lkl_kernel *kernel, int fd) -> std::int64_t {
		 lkl_epoll_event event;
		 return lkl_sys_epoll_wait(kernel, fd, &event, 1, -1);
	 }},
	{"Poll", quiet_pipe, [](lkl_kernel *kernel, int fd) -> std::int64_t {
		 lkl_pollfd poll = {fd, LKL_POLLIN, 0};
		 return lkl_sys_ppoll(kernel, &poll, 1, nullptr, nullptr, 0);
	 }},
	{"Accept", listening_socket, [](lkl_kernel *kernel, int fd) -> std::int64_t {
		 return lkl_sys_accept(kernel, fd, nullptr, nullptr);
	 }},
	{"Futex", nothing, [](lkl_kernel *kernel, int) -> std::int64_t {
		 return lkl_sys_futex(kernel, &still, LKL_FUTEX_WAIT | LKL_FUTEX_PRIVATE_FLAG, 0, nullptr,
				      nullptr, 0);
	 }},
	{"Flock", locked_file, [](lkl_kernel *kernel, int) -> std::int64_t {
		 const int fd = lkl_sys_openat(kernel, LKL_AT_FDCWD, "/locked", LKL_O_RDWR, 0);
		 return fd < 0 ? fd : lkl_sys_flock(kernel, fd, LKL_LOCK_EX);
	 }},
	{"FifoOpen", [](lkl_kernel *kernel) {
		 return lkl_sys_mknodat(kernel, LKL_AT_FDCWD, "/fifo", LKL_S_IFIFO | 0600, 0);
	 }, [](lkl_kernel *kernel, int) -> std::int64_t {
		 return lkl_sys_openat(kernel, LKL_AT_FDCWD, "/fifo", LKL_O_RDONLY, 0);
	 }},
	{"EventfdRead", [](lkl_kernel *kernel) { return lkl_sys_eventfd2(kernel, 0, 0); },
	 [](lkl_kernel *kernel, int fd) -> std::int64_t {
		 std::uint64_t value;
		 return lkl_sys_read(kernel, fd, &value, 8);
	 }},
	{"BusyGetpid", nothing, [](lkl_kernel *kernel, int) -> std::int64_t {
		 std::int64_t result;
		 do
			 result = lkl_sys_getpid(kernel);
		 while (result > 0);
		 return result;
	 }},
	{"BusyFileWrites", nothing, [](lkl_kernel *kernel, int) -> std::int64_t {
		 const std::string data(50000, 'x');
		 std::int64_t result = lkl_sys_openat(kernel, LKL_AT_FDCWD, "/busy",
						      LKL_O_CREAT | LKL_O_RDWR, 0644);
		 const int fd = static_cast<int>(result);

		 while (result >= 0)
			 result = lkl_sys_pwrite64(kernel, fd, data.data(), data.size(), 0);
		 return result;
	 }},
};

class LifeHalt : public testing::TestWithParam<Blocked> {};

TEST_P(LifeHalt, BringsEightThreadsOut)
{
	constexpr unsigned count = 8;
	Instance kernel;
	const int fd = GetParam().prepare(kernel);
	std::vector<std::int64_t> results(count), later(count);
	std::vector<std::thread> threads;
	std::atomic<unsigned> entering = 0;

	for (unsigned i = 0; i < count; i++)
		threads.emplace_back([&, i] {
			lkl_attach(kernel);
			entering++;
			results[i] = GetParam().enter(kernel, fd);
			later[i] = lkl_sys_getpid(kernel);
		});
	eventually([&] { return entering == count; });
	std::this_thread::sleep_for(30ms);
	const auto start = Clock::now();

	lkl_halt(kernel);
	EXPECT_LT(seconds_since(start), 10);
	for (std::thread &thread : threads)
		thread.join();
	for (unsigned i = 0; i < count; i++) {
		EXPECT_TRUE(is_halt_error(results[i])) << results[i];
		EXPECT_EQ(later[i], -LKL_ESHUTDOWN);
	}
	const Instance next;

	EXPECT_GT(lkl_sys_getpid(next), 0);
}

INSTANTIATE_TEST_SUITE_P(Ways, LifeHalt, testing::ValuesIn(ways),
			 [](const testing::TestParamInfo<Blocked> &way) { return way.param.name; });

TEST(LifeHaltMixed, AllWaysAtOnceRepeatedly)
{
	for (unsigned round = 0; round < scaled(10); round++) {
		Instance kernel;
		std::vector<std::thread> threads;
		std::atomic<unsigned> wrong = 0;

		for (const Blocked &way : ways) {
			const int fd = way.prepare(kernel);

			threads.emplace_back([&, fd] { wrong += !is_halt_error(way.enter(kernel, fd)); });
		}
		// Rounds catch the threads at different points of their way in.
		std::this_thread::sleep_for(std::chrono::microseconds(500 * round));
		lkl_halt(kernel);
		for (std::thread &thread : threads)
			thread.join();
		EXPECT_EQ(wrong, 0u);
	}
}

TEST(LifeHaltMixed, WhileThreadsComeAndGo)
{
	for (unsigned round = 0; round < scaled(5); round++) {
		Instance kernel;
		std::vector<std::thread> threads;

		for (unsigned i = 0; i < 8; i++)
			threads.emplace_back([&, i] {
				while (lkl_attach(kernel) == 0) {
					lkl_sys_gettid(kernel);
					if (i & 1)
						lkl_detach(kernel);
					else
						std::thread([&] { lkl_sys_gettid(kernel); }).join();
				}
			});
		std::this_thread::sleep_for(20ms);
		EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
		for (std::thread &thread : threads)
			thread.join();
	}
}

TEST(LifeHaltMixed, ByTwoThreadsAtOnce)
{
	for (unsigned round = 0; round < scaled(10); round++) {
		Instance kernel;

		in_threads(2, [&](unsigned) { lkl_halt(kernel); });
		EXPECT_EQ(lkl_sys_getpid(kernel), -LKL_ESHUTDOWN);
	}
}

TEST(LifeHaltMixed, ByAThreadThatNeverCalled)
{
	Instance kernel;

	put_file(kernel, "/file", "x");
	std::thread([&] { EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel); }).join();
	EXPECT_EQ(lkl_sys_getpid(kernel), -LKL_ESHUTDOWN);
}

TEST(LifeHaltMixed, DestroyAloneHaltsToo)
{
	for (unsigned round = 0; round < scaled(10); round++) {
		auto kernel = std::make_unique<Instance>();
		const int fd = quiet_pipe(*kernel);
		lkl_kernel *const pointer = *kernel;
		std::atomic<bool> attached = false;
		std::int64_t result = 0;
		std::thread reader([&] {
			char byte;

			lkl_attach(pointer);
			attached = true;
			result = lkl_sys_read(pointer, fd, &byte, 1);
		});

		// The thread must be inside: an instance may not be entered once destroyed.
		eventually([&] { return attached.load(); });
		std::this_thread::sleep_for(20ms);
		kernel.reset();
		reader.join();
		EXPECT_TRUE(is_halt_error(result)) << result;
	}
}

} // namespace
