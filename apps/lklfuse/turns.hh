// SPDX-License-Identifier: GPL-2.0
// Whose turn it is to wait for the next request.
//
// The host's kernel wakes those that wait one after the other. With one program that asks and
// waits for the answer, each request would meet a thread that has slept for long, which costs
// far more than what is asked for. So one thread waits at a time, and it keeps the turn
// while it serves what is served soon. The turn goes on, to the thread that had it last,
// before what takes longer or when requests pile up. How long something takes is learnt;
// where it turns out to be wrong, look() passes the turn on.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <semaphore>
#include <vector>

namespace lkl::apps {

class Turns {
public:
	using Kind = std::uint32_t;	// of a request: its opcode

	/// Until it is the calling thread's turn; false if there are no more.
	bool take();
	/// To somebody else.
	void pass();
	/// No more turns; those who wait go.
	void stop();

	/// With the turn, before and after serving a request of @kind; @more: the next one
	/// waits already. begin() may pass the turn; end() says whether it is still ours.
	struct Serving {
		Kind kind;
		bool kept;
		std::uint64_t since;	// ns
	};
	Serving begin(Kind kind, bool more);
	bool end(const Serving &serving);

	/// To be called now and then while there are requests. Whether there were any since
	/// it was called last.
	bool look();
	/// True once after look() found nothing: the caller has to see to it that it is called.
	bool wakes_watch() { return watch_sleeps_.load() && watch_sleeps_.exchange(false); }
	void watch_sleeps() { watch_sleeps_ = true; }

private:
	static constexpr std::size_t kinds = 64;

	std::mutex mutex_;	// of what follows
	bool free_ = true, stopped_ = false;
	std::vector<std::binary_semaphore *> waiting_;

	std::atomic<std::uint64_t> kept_since_ = 0;	// ns; 0: the turn is not kept
	std::atomic<std::uint64_t> served_ = 0;
	std::uint64_t looked_at_ = 0;			// look()'s own
	std::atomic<bool> watch_sleeps_ = true;
	std::atomic<unsigned> piled_up_ = 0;		// how many requests in a row had another behind
	std::array<std::atomic<std::uint32_t>, kinds> usual_ns_ = {};	// 0: not known
};

} // namespace lkl::apps
