// SPDX-License-Identifier: GPL-2.0
// Many threads with mixed calls on tmpfs, pipes and sockets: every byte is checked,
// on one to eight CPUs, with four to sixteen threads.

#include "support_files.hh"

#include <csignal>
#include <map>

#include <sys/time.h>
#include <sys/wait.h>

using namespace lkl::test;

namespace {

struct Load {
	unsigned cpus, threads;
};

void PrintTo(const Load &load, std::ostream *out)
{
	*out << load.cpus << " CPUs, " << load.threads << " threads";
}

std::vector<Load> loads()
{
	std::vector<Load> loads;

	for (const unsigned cpus : cpu_counts())
		for (const unsigned threads : {4u, 8u, 16u})
			loads.push_back({cpus, threads});
	return loads;
}

/// One thread's files and pipe, with what should be in them.
class Worker {
public:
	Worker(lkl_kernel *kernel, const std::string &root, unsigned number)
		: kernel_(kernel), root_(root), home_(root + "/home" + std::to_string(number)),
		  random_(number + 1), number_(number), tid_(lkl_sys_gettid(kernel)), pipe_(kernel),
		  timer_(kernel, lkl_sys_timerfd_create(kernel, LKL_CLOCK_MONOTONIC, 0)),
		  epoll_(kernel, lkl_sys_epoll_create1(kernel, 0))
	{
		lkl_epoll_event event = {LKL_EPOLLIN, number};

		make_directory(kernel, home_);
		must(lkl_sys_epoll_ctl(kernel, epoll_, LKL_EPOLL_CTL_ADD, timer_, &event), "epoll_ctl");
	}

	void step()
	{
		switch (random_.below(12)) {
		case 0: case 1: case 2:
			return write_file();
		case 3: case 4: case 5:
			return read_file();
		case 6:
			return move_file();
		case 7: case 8:
			return through_pipe();
		case 9:
			return nap();
		case 10:
			return shared();
		case 11:
			return small_calls();
		}
	}

	void check_all()
	{
		std::multiset<std::string> names;

		for (const auto &[name, content] : files_) {
			names.insert(name);
			if (get_file(kernel_, home_ + "/" + name) != content)
				throw std::runtime_error(home_ + "/" + name + " has wrong content at the end");
		}
		if (names_in(kernel_, home_) != names)
			throw std::runtime_error(home_ + " has wrong names at the end");
	}

private:
	std::string some_name()
	{
		return "f" + std::to_string(random_.below(12));
	}

	void write_file()
	{
		const std::string name = some_name();
		std::string data(random_.below(random_.below(8) ? 9000 : 200000), '\0');

		random_.fill(data.data(), data.size());
		put_file(kernel_, home_ + "/" + name, data);
		files_[name] = std::move(data);
	}

	void read_file()
	{
		if (files_.empty())
			return;
		const auto &[name, content] = *std::next(files_.begin(), std::ptrdiff_t(random_.below(files_.size())));

		if (get_file(kernel_, home_ + "/" + name) != content)
			throw std::runtime_error(home_ + "/" + name + " has wrong content");
	}

	void move_file()
	{
		if (files_.empty())
			return;
		const std::string from = files_.begin()->first, to = some_name();

		if (random_.below(3) == 0) {
			must(lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, (home_ + "/" + from).c_str(), 0), "unlink");
			files_.erase(from);
		} else if (from != to) {
			must(lkl_sys_renameat2(kernel_, LKL_AT_FDCWD, (home_ + "/" + from).c_str(), LKL_AT_FDCWD,
					       (home_ + "/" + to).c_str(), 0), "rename");
			files_[to] = std::move(files_[from]);
			files_.erase(from);
		}
	}

	void through_pipe()
	{
		const std::string data = std::to_string(random_.next()) + std::string(random_.below(3000), 'p');

		write_all(kernel_, pipe_.writer, data);
		if (read_all(kernel_, pipe_.reader, data.size()) != data)
			throw std::runtime_error("the pipe gave other bytes");
	}

	void nap()
	{
		const lkl_s64 ns = lkl_s64(random_.below(2000000));
		const lkl_timespec wait = {0, ns};
		const auto start = Clock::now();

		if (random_.below(2)) {
			must(lkl_sys_nanosleep(kernel_, &wait, nullptr), "nanosleep");
		} else {
			const lkl_itimerspec once = {{0, 0}, {0, ns + 1}};
			lkl_epoll_event event = {};
			std::uint64_t expirations;

			must(lkl_sys_timerfd_settime(kernel_, timer_, 0, &once, nullptr), "timerfd_settime");
			if (must(lkl_sys_epoll_wait(kernel_, epoll_, &event, 1, 20000), "epoll_wait") != 1 ||
			    event.data != number_)
				throw std::runtime_error("epoll_wait missed the timer");
			must(lkl_sys_read(kernel_, timer_, &expirations, 8), "read timerfd");
		}
		if (Clock::now() - start < std::chrono::nanoseconds(ns))
			throw std::runtime_error("a sleep was too short");
	}

	/// Names that all threads make and remove in one directory.
	void shared()
	{
		const std::string path = root_ + "/shared/" + std::to_string(random_.below(5));
		const int fd = lkl_sys_openat(kernel_, LKL_AT_FDCWD, path.c_str(),
					      LKL_O_CREAT | LKL_O_RDWR | LKL_O_APPEND, 0644);

		must(fd, "open shared");
		must(lkl_sys_flock(kernel_, fd, LKL_LOCK_EX), "flock");
		must(lkl_sys_write(kernel_, fd, "line\n", 5), "append");
		must(lkl_sys_fsync(kernel_, fd), "fsync");
		must(lkl_sys_flock(kernel_, fd, LKL_LOCK_UN), "flock");
		must(lkl_sys_close(kernel_, fd), "close");
		if (random_.below(8) == 0) {
			const int result = lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, path.c_str(), 0);

			if (result && result != -LKL_ENOENT)
				must(result, "unlink shared");
		}
	}

	void small_calls()
	{
		for (unsigned i = 0; i < 50; i++)
			if (must(lkl_sys_gettid(kernel_), "gettid") != tid_)
				throw std::runtime_error("gettid gave another thread's number");
		must(lkl_sys_sched_yield(kernel_), "sched_yield");
	}

	lkl_kernel *kernel_;
	std::string root_, home_;
	Random random_;
	unsigned number_;
	int tid_;
	Pipe pipe_;
	Fd timer_, epoll_;
	std::map<std::string, std::string> files_;
};

class StressMixed : public testing::TestWithParam<Load> {
protected:
	StressMixed() : kernel({.memory_bytes = 256 << 20, .cpus = GetParam().cpus}), root(workspace(kernel))
	{
		make_directory(kernel, root + "/shared");
	}

	void work(double seconds)
	{
		const auto start = Clock::now();

		Watchdog::extend(std::int64_t(seconds) * 3);
		in_threads(GetParam().threads, [&](unsigned i) {
			Worker worker(kernel, root, i);

			while (seconds_since(start) < seconds)
				worker.step();
			worker.check_all();
		});
		EXPECT_EQ(lkl_health(kernel), 0);
	}

	Instance kernel;
	std::string root;
};

TEST_P(StressMixed, EveryByteIsRight)
{
	work(1.5 * environment("LKL_TEST_SCALE", 1));
	EXPECT_EQ(lkl_halt(kernel), 0) << lkl_last_error(kernel);
}

std::atomic<unsigned> ticks;

void count_tick(int)
{
	ticks++;
}

TEST_P(StressMixed, SignalsOfTheApplicationDisturbNothing)
{
	struct sigaction tick = {}, before;
	const itimerval fast = {{0, 1000}, {0, 1000}}, off = {};

	tick.sa_handler = count_tick;
	tick.sa_flags = SA_RESTART | SA_ONSTACK;
	::sigaction(SIGPROF, &tick, &before);
	::setitimer(ITIMER_PROF, &fast, nullptr);
	work(0.5 * environment("LKL_TEST_SCALE", 1));
	::setitimer(ITIMER_PROF, &off, nullptr);
	::sigaction(SIGPROF, &before, nullptr);
	EXPECT_GT(ticks, 0u);
}

TEST_P(StressMixed, ChildProcessesDisturbNothing)
{
	std::atomic<bool> stop = false;
	std::thread forker([&] {
		while (!stop) {
			const pid_t child = ::fork();

			if (child == 0)
				::_exit(0);
			if (child > 0)
				::waitpid(child, nullptr, 0);
			std::this_thread::sleep_for(5ms);
		}
	});

	work(0.5 * environment("LKL_TEST_SCALE", 1));
	stop = true;
	forker.join();
}

TEST_P(StressMixed, HaltInTheMiddle)
{
	std::vector<std::thread> threads;
	std::atomic<unsigned> working = 0, wrong = 0;

	for (unsigned i = 0; i < GetParam().threads; i++)
		threads.emplace_back([&, i] {
			try {
				Worker worker(kernel, root, i);

				working++;
				for (;;)
					worker.step();
			} catch (const std::runtime_error &error) {
				// Interrupted or shut down; wrong content would say so.
				wrong += std::strstr(error.what(), "wrong") || std::strstr(error.what(), "other");
			}
		});
	EXPECT_TRUE(eventually([&] { return working == GetParam().threads; }));
	std::this_thread::sleep_for(100ms);
	lkl_halt(kernel);
	for (std::thread &thread : threads)
		thread.join();
	EXPECT_EQ(wrong, 0u);
}

INSTANTIATE_TEST_SUITE_P(Loads, StressMixed, testing::ValuesIn(loads()),
			 [](const testing::TestParamInfo<Load> &load) {
				 return std::to_string(load.param.cpus) + "cpus_" +
					std::to_string(load.param.threads) + "threads";
			 });

} // namespace
