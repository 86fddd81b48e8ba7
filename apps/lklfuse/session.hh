// SPDX-License-Identifier: GPL-2.0
// The connection to the host's kernel: a mount there, threads that serve it, and its end.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "apps/common/descriptor.hh"
#include "apps/common/result.hh"
#include "served.hh"
#include "turns.hh"

namespace lkl::apps {

/// That nothing can be mounted at @path, or its resolved form.
Result<std::string> find_mount_point(const std::string &path);

class Session {
public:
	/// @words: libfuse's mount options, each escaped for its list.
	static Result<std::unique_ptr<Session>> create(Served &served, const std::vector<std::string> &words,
						       bool debug);
	~Session();
	Session(const Session &) = delete;
	Session &operator=(const Session &) = delete;

	/// At @path, an absolute one. Whoever uses it now waits for serve().
	Result<void> mount(const std::string &path);
	/// In @threads threads until it is unmounted, or a signal comes of those that the
	/// caller has blocked. Then all that programs have written is with the library's
	/// kernel. False if it had to be detached while it was in use: whoever has files open
	/// there is cut off.
	bool serve(unsigned threads);

private:
	explicit Session(Served &served) : served_(served) {}

	void work();
	bool receive(fuse_buf &buffer);
	void serve(fuse_buf &buffer);
	int watch(int signalled);
	void flush() const;
	bool unmount(bool lazily) const;
	void stop_workers();

	Served &served_;
	fuse_session *session_ = nullptr;
	std::string mount_point_;
	bool mounted_ = false;
	Descriptor events_;		// an eventfd: a worker has ended, or there is work again
	Turns turns_;
	bool can_look_ = false;		// there is a CPU left for it
	int looks_in_vain_ = 0;		// of the one whose turn it is
	std::atomic<bool> over_ = false;	// a worker has ended
	std::vector<std::thread> workers_;
	unsigned workers_wanted_ = 0;
	std::atomic<unsigned> working_ = 0;
};

} // namespace lkl::apps
