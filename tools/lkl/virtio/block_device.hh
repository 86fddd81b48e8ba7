// SPDX-License-Identifier: GPL-2.0
// A virtio block device (virtio 1.2, section 5.2) over a Content.
//
// Data path: notify -> Virtqueue -> BlockRequest -> Content, and back. What the
// host has in its cache is read at once, by the thread that carries the virtual
// CPU; everything else, and all writing, goes to the pool, so that nobody waits
// for a disk with a CPU in hand. In a stream of large reads the pool's lookout
// copies one from the host's cache while the carrier copies or uses another.
//
// Locks: a queue's mutex guards its used side and its counters. It is held for
// moments only, never over I/O and never while raising an interrupt with
// LKL_IRQ_RUN, which may notify this device again.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/host.hh"
#include "virtio/block_request.hh"
#include "virtio/content.hh"
#include "virtio/io_pool.hh"
#include "virtio/virtqueue.hh"

namespace lkl::virtio {

class BlockDevice {
public:
	struct Options {
		unsigned queues = 1;
		std::string serial;	// the first 20 bytes
		bool stop_at_error = false;	// write no more after a write_error()
		/// Every request is done when notify returns: the same each time, and the CPU
		/// waits for the host. For a kernel in virtual time.
		bool immediate = false;
		/// A sentence about something wrong. Any thread, also CPU held.
		std::function<void(const std::string &)> complain;
	};

	static constexpr unsigned max_queues = 4;
	static constexpr unsigned queue_entries = 128;

	/// @image is told of completions; @ram is where its rings and buffers are.
	BlockDevice(std::unique_ptr<Content> content, const lkl_image &image,
		    std::span<std::byte> ram, IoPool &pool, Options options);
	/// When the image no longer uses the table and the pool has no more of its
	/// requests (device_remove() returned, or the pool was stopped).
	~BlockDevice() = default;
	BlockDevice(const BlockDevice &) = delete;
	BlockDevice &operator=(const BlockDevice &) = delete;

	/// For lkl_image.device_add().
	const lkl_virtio_device &table() const { return table_; }
	Content &content() { return *content_; }
	/// 0, or the negative errno of the first change or flush that the host refused:
	/// the disk is not what the kernel was led to believe.
	int write_error() const { return write_error_; }
	bool stops_at_error() const { return options_.stop_at_error; }

private:
	struct Queue;

	/// A BlockRequest that knows where it belongs.
	struct Request : BlockRequest {
		BlockDevice *device;
		Queue *queue;
	};

	struct Queue {
		std::optional<Virtqueue> ring;	// changed while nothing uses it
		std::atomic<unsigned> notices = 0;	// not yet looked after
		unsigned stream = 0;		// large reads in a row; by who drains

		std::mutex mutex;
		std::condition_variable quiet;		// users became 0
		bool open = false;
		unsigned users = 0;			// requests that are not in free
		std::vector<Request *> free;
		std::vector<std::unique_ptr<Request>> all;
	};

	void read_config(std::uint32_t offset, void *buf, std::uint32_t bytes) const;
	void set_status(std::uint32_t status, std::uint64_t features);
	int set_up(std::uint32_t index, const lkl_virtio_ring &ring);
	void remove(std::uint32_t index);
	void notify(std::uint32_t index);

	enum class Taken { nothing, answered, passed_on };

	void drain(Queue &queue);
	Taken take(Queue &queue, Request &request);
	bool run_now(Queue &queue, Request &request);
	void serve(Request &request) noexcept;
	Request *allocate(Queue &queue);
	void give_back(Request &request);
	void complete(Request &request);
	static void run(Job &job) noexcept;
	void note_error(const BlockRequest &request);
	void note_broken(Queue &queue, const char *why);

	std::unique_ptr<Content> content_;
	const lkl_image &image_;
	const std::span<std::byte> ram_;
	IoPool &pool_;
	const Options options_;
	std::array<char, block_id_bytes> serial_ = {};
	BlockConfig config_ = {};
	lkl_virtio_device table_ = {};
	std::uint64_t features_ = 0;		// accepted by the driver
	std::atomic<int> write_error_ = 0;
	std::atomic<int> complained_ = 0;	// the last errno complained of
	std::array<Queue, max_queues> queues_;
};

} // namespace lkl::virtio
