// SPDX-License-Identifier: GPL-2.0
// Switching between tasks inside the kernel, and between threads that meet in it.
//
// task_switch: a pure switch of kernel tasks is not to be seen from outside, since
// a task whose call is done goes back to its thread. So one task sends 1024
// messages of a byte in one sendmmsg(), into a queue that holds one, and another
// takes them out in one recvmmsg(): neither leaves the kernel, and each message
// is a round trip of two switches. The same messages without a second task are
// the cost of sending and receiving; the difference is the round trip. The
// kernel's own count of context switches (/proc/stat) is a counter beside it.
//
// Counters, nanoseconds: round_trip (the difference), message (sending and
// receiving one without switches); switches per message.
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench/systems.hh"

namespace lkl::bench {
namespace {

constexpr unsigned batch = 1024;	// UIO_MAXIOV, the most that sendmmsg() takes
constexpr unsigned plain_batch = 128;	// fits the sender's default buffer at once

template <class Message, class Piece> struct Messages {
	Messages()
	{
		for (Message &message : messages) {
			message.msg_hdr.msg_iov = &piece;
			message.msg_hdr.msg_iovlen = 1;
		}
	}

	char byte = 0;
	Piece piece = {&byte, 1};
	std::array<Message, batch> messages = {};
};

/// Datagram sockets on either side, beside what Library and Native have.
struct LibrarySockets : Library {
	using Batch = Messages<lkl_mmsghdr, lkl_iovec>;
	using Address = lkl_sockaddr_un;

	int socket()
	{
		return must(lkl_sys_socket(*this, AF_UNIX, SOCK_DGRAM, 0), "socket");
	}

	void bind(int socket, const Address &address)
	{
		must(lkl_sys_bind(*this, socket, &address, sizeof(address)), "bind");
	}

	void connect(int socket, const Address &address)
	{
		must(lkl_sys_connect(*this, socket, &address, sizeof(address)), "connect");
	}

	void send(int socket, Batch &batch, unsigned count)
	{
		if (lkl_sys_sendmmsg(*this, socket, batch.messages.data(), count, 0) != int(count))
			die("sendmmsg fell short");
	}

	void receive(int socket, Batch &batch, unsigned count)
	{
		if (lkl_sys_recvmmsg(*this, socket, batch.messages.data(), count, 0, nullptr) !=
		    int(count))
			die("recvmmsg fell short");
	}

	/// Context switches since the kernel's start.
	double switches()
	{
		char text[16384] = {};
		const int file = open("/proc/stat");

		read(file, text, sizeof(text) - 1);
		close(file);
		const char *count = std::strstr(text, "\nctxt ");

		if (!count)
			die("/proc/stat has no ctxt");
		return std::strtod(count + std::strlen("\nctxt "), nullptr);
	}
};

/// In a network namespace of its own, whose queue length is ours to set.
struct NativeSockets : Native {
	using Batch = Messages<mmsghdr, iovec>;
	using Address = sockaddr_un;

	int socket()
	{
		return must(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	}

	void bind(int socket, const Address &address)
	{
		const auto *generic = reinterpret_cast<const sockaddr *>(&address);

		must(::bind(socket, generic, sizeof(address)), "bind");
	}

	void connect(int socket, const Address &address)
	{
		const auto *generic = reinterpret_cast<const sockaddr *>(&address);

		must(::connect(socket, generic, sizeof(address)), "connect");
	}

	void send(int socket, Batch &batch, unsigned count)
	{
		if (::sendmmsg(socket, batch.messages.data(), count, 0) != int(count))
			die("sendmmsg fell short");
	}

	void receive(int socket, Batch &batch, unsigned count)
	{
		if (::recvmmsg(socket, batch.messages.data(), count, 0, nullptr) != int(count))
			die("recvmmsg fell short");
	}

	/// Context switches of this process; those of others are not ours.
	double switches()
	{
		struct rusage usage = {};

		must(::getrusage(RUSAGE_SELF, &usage), "getrusage");
		return static_cast<double>(usage.ru_nvcsw + usage.ru_nivcsw);
	}
};

/// One connected pair whose receiver's queue holds @queue messages.
template <class System> class Link {
public:
	Link(System &system, const char *queue) : system_(system)
	{
		typename System::Address address = {};
		const int setting = system.create("/proc/sys/net/unix/max_dgram_qlen");

		// The setting counts for sockets made from now on.
		system.write(setting, queue, std::strlen(queue));
		system.close(setting);
		from_ = system.socket();
		to_ = system.socket();
		address.sun_family = AF_UNIX;
		// Abstract: the first character is NUL.
		std::strcpy(address.sun_path + 1, queue);
		system.bind(to_, address);
		system.connect(from_, address);
	}

	Link(const Link &) = delete;
	Link &operator=(const Link &) = delete;

	~Link()
	{
		system_.close(from_);
		system_.close(to_);
	}

	void send(unsigned count)
	{
		system_.send(from_, sent_, count);
	}

	void receive(unsigned count)
	{
		system_.receive(to_, received_, count);
	}

private:
	System &system_;
	int from_, to_;
	typename System::Batch sent_, received_;
};

/// Of all threads of this process, ns. They share one host CPU here, so this is the
/// time that passes, less what others take.
double cpu_time()
{
	timespec time = {};

	must(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time), "clock_gettime");
	return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// Receives batches on a thread of its own, from a queue that holds one message.
template <class System> class Receiver {
public:
	explicit Receiver(System &system) : link_(system, "0"), thread_([this] { work(); }) {}

	~Receiver()
	{
		exchange(true);
		thread_.join();
	}

	/// One batch; ns.
	double exchange(bool last = false)
	{
		// The receiver is about to sleep in the kernel for this batch; let it.
		while (receives_ == sent_)
			std::this_thread::yield();
		std::this_thread::sleep_for(std::chrono::microseconds(200));
		sent_++;
		stop_ = last;

		const double start = cpu_time();

		link_.send(batch);
		return cpu_time() - start;
	}

private:
	void work()
	{
		do {
			receives_++;
			link_.receive(batch);
		} while (!stop_);
	}

	Link<System> link_;
	unsigned sent_ = 0;				// batches
	std::atomic<unsigned> receives_ = 0;		// begun
	std::atomic<bool> stop_ = false;
	std::thread thread_;
};

template <class System> void measure_switches(benchmark::State &state)
{
	System &system = shared<System>();
	const Pinned pinned;
	Receiver<System> receiver(system);
	Link<System> plain(system, "1000");
	Samples round_trips, messages, switches;

	for (auto _ : state) {
		const double before = system.switches();
		const double together = receiver.exchange();

		switches.add((system.switches() - before) / batch);

		const double start = cpu_time();

		for (unsigned done = 0; done < batch; done += plain_batch) {
			plain.send(plain_batch);
			plain.receive(plain_batch);
		}

		const double alone = cpu_time() - start;

		messages.add(alone / batch);
		round_trips.add((together - alone) / batch);
	}
	state.counters["round_trip"] = round_trips.percentile(0.5);
	state.counters["message"] = messages.percentile(0.5);
	state.counters["switches"] = switches.percentile(0.5);
}

void task_switch_ours(benchmark::State &state)
{
	measure_switches<LibrarySockets>(state);
}

void task_switch_native(benchmark::State &state)
{
	// Of this thread and those that it makes.
	static const bool own_network = ::unshare(CLONE_NEWNET) == 0;

	if (!own_network)
		return state.SkipWithError("a network namespace needs root");
	measure_switches<NativeSockets>(state);
}

// What a library pays that gives each task a host thread: one futex wakes the
// partner, another is waited for, on one CPU, which is the cheapest for it.
void futex_ping_pong(benchmark::State &state)
{
	const Pinned pinned;
	Samples samples;
	std::atomic<std::uint32_t> turn = 0;	// 0: ours, 1: the partner's, 2: the end
	const auto futex = [&turn](int operation, std::uint32_t value) {
		::syscall(SYS_futex, &turn, operation | FUTEX_PRIVATE_FLAG, value, nullptr);
	};
	const auto wait_while = [&](std::uint32_t value) {
		while (turn == value)
			futex(FUTEX_WAIT, value);
	};
	const auto give = [&](std::uint32_t value) {
		turn = value;
		futex(FUTEX_WAKE, 1);
	};
	std::thread partner([&] {
		for (;;) {
			wait_while(0);
			if (turn == 2)
				return;
			give(0);
		}
	});

	for (auto _ : state) {
		const Clock::time_point start = Clock::now();

		give(1);
		wait_while(1);
		samples.add(nanoseconds_since(start));
	}
	give(2);
	partner.join();
	samples.report(state);
}

template <class System> void pipe_ping_pong(benchmark::State &state)
{
	System &system = shared<System>();
	int there[2], back[2];
	Samples samples;
	char byte = 0;

	system.pipe(there);
	system.pipe(back);
	std::thread partner([&] {
		char byte;

		while (system.read(there[0], &byte, 1) == 1)
			system.write(back[1], &byte, 1);
	});

	for (auto _ : state) {
		const Clock::time_point start = Clock::now();

		system.write(there[1], &byte, 1);
		system.read(back[0], &byte, 1);
		samples.add(nanoseconds_since(start));
	}
	system.close(there[1]);
	partner.join();
	system.close(there[0]);
	system.close(back[0]);
	system.close(back[1]);
	samples.report(state);
}

struct TwoCpus : Library {
	TwoCpus() : Library(2) {}
};

BENCHMARK(task_switch_ours)->Name("task_switch/ours")->Iterations(20)->UseRealTime();
BENCHMARK(task_switch_native)->Name("task_switch/native")->Iterations(20)->UseRealTime();
BENCHMARK(futex_ping_pong)->Name("futex_ping_pong/native")->UseRealTime();
BENCHMARK(pipe_ping_pong<LibrarySockets>)->Name("pipe_ping_pong/ours")->UseRealTime();
BENCHMARK(pipe_ping_pong<TwoCpus>)->Name("pipe_ping_pong/ours_two_cpus")->UseRealTime();
BENCHMARK(pipe_ping_pong<Native>)->Name("pipe_ping_pong/native")->UseRealTime();

} // namespace
} // namespace lkl::bench
