// SPDX-License-Identifier: GPL-2.0
#include "virtio/block_device.hh"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "try.hh"

namespace lkl::virtio {

namespace {

constexpr std::uint32_t host_page_bytes = 4096;	// what hosts read and write at least

// Reads of this size take another thread's copying longer than passing them on does;
// that many in a row are a stream.
constexpr std::uint64_t large_bytes = 64 << 10;
constexpr unsigned stream_length = 4;

BlockConfig make_config(const Content &content, unsigned queues)
{
	BlockConfig config = {};
	std::uint32_t block = content.block_bytes();
	std::uint32_t physical = std::max(block, host_page_bytes);

	config.capacity = content.bytes() / block * (block / sector_bytes);
	config.size_max = BlockLimits::max_segment_bytes;
	config.seg_max = BlockLimits::max_segments;
	config.blk_size = block;
	config.physical_block_exp = static_cast<std::uint8_t>(std::countr_zero(physical / block));
	config.min_io_size = static_cast<std::uint16_t>(physical / block);
	config.writeback = 1;
	config.num_queues = static_cast<std::uint16_t>(queues);
	config.max_discard_sectors = BlockLimits::max_discard_sectors;
	config.max_discard_seg = BlockLimits::max_ranges;
	config.discard_sector_alignment = static_cast<std::uint32_t>(physical / sector_bytes);
	config.max_write_zeroes_sectors = BlockLimits::max_zero_sectors;
	config.max_write_zeroes_seg = BlockLimits::max_ranges;
	config.write_zeroes_may_unmap = 1;
	return config;
}

BlockDevice &self(void *device)
{
	return *static_cast<BlockDevice *>(device);
}

} // namespace

BlockDevice::BlockDevice(std::unique_ptr<Content> content, const lkl_image &image,
			 std::span<std::byte> ram, IoPool &pool, Options options)
	: content_(std::move(content)), image_(image), ram_(ram), pool_(pool),
	  options_(std::move(options)), config_(make_config(*content_, options_.queues))
{
	std::copy_n(options_.serial.begin(), std::min(options_.serial.size(), serial_.size()),
		    serial_.begin());

	table_.size = sizeof(table_);
	table_.device_id = block_device_id;
	table_.features = feature_version_1 | feature_event_idx | feature_indirect_desc |
			  block_size_max | block_seg_max | block_blk_size | block_topology |
			  block_flush;
	if (options_.queues > 1)
		table_.features |= block_mq;
	if (content_->read_only())
		table_.features |= block_ro;
	else
		table_.features |= block_discard | block_write_zeroes;
	table_.queues = options_.queues;
	table_.queue_entries = queue_entries;
	table_.device = this;
	table_.config_read = [](void *device, lkl_u32 offset, void *buf, lkl_u32 bytes) {
		self(device).read_config(offset, buf, bytes);
	};
	table_.config_write = [](void *, lkl_u32, const void *, lkl_u32) {
		// Nothing in it is the driver's to change without CONFIG_WCE.
	};
	table_.set_status = [](void *device, lkl_u32 status, lkl_u64 features) {
		self(device).set_status(status, features);
	};
	table_.queue_setup = [](void *device, lkl_u32 queue, const lkl_virtio_ring *ring) {
		return self(device).set_up(queue, *ring);
	};
	table_.queue_remove = [](void *device, lkl_u32 queue) { self(device).remove(queue); };
	table_.queue_notify = [](void *device, lkl_u32 queue) { self(device).notify(queue); };
}

void BlockDevice::read_config(std::uint32_t offset, void *buf, std::uint32_t bytes) const
{
	const char *config = reinterpret_cast<const char *>(&config_);

	std::memset(buf, 0, bytes);
	if (offset < sizeof(config_))
		std::memcpy(buf, config + offset,
			    std::min<std::size_t>(bytes, sizeof(config_) - offset));
}

void BlockDevice::set_status(std::uint32_t status, std::uint64_t features)
{
	features_ = features;
	if (status != 0)
		return;
	// A reset: take no more. Requests in flight end before their queue is removed.
	for (Queue &queue : queues_) {
		std::lock_guard lock(queue.mutex);
		queue.open = false;
	}
}

int BlockDevice::set_up(std::uint32_t index, const lkl_virtio_ring &ring)
{
	if (index >= table_.queues || ring.size < sizeof(ring) || ring.entries > queue_entries)
		return -LKL_EINVAL;

	Queue &queue = queues_[index];
	Result<Virtqueue> created = Virtqueue::create(ring, ram_, features_ & table_.features);
	std::lock_guard lock(queue.mutex);

	if (!created)
		return -created.error().code;
	if (queue.ring)
		return -LKL_EBUSY;
	queue.ring = std::move(*created);
	queue.open = true;
	return 0;
}

// What no pool thread has begun is dropped: a driver that removes a queue does not
// wait for its requests any more. Begun ones end by themselves, in the host.
void BlockDevice::remove(std::uint32_t index)
{
	if (index >= table_.queues)
		return;

	Queue &queue = queues_[index];
	std::unique_lock lock(queue.mutex);

	queue.open = false;
	lock.unlock();

	Job *dropped = pool_.withdraw(&queue);

	lock.lock();
	for (; dropped; dropped = dropped->next)
		give_back(static_cast<Request &>(*dropped));
	queue.quiet.wait(lock, [&] { return queue.users == 0; });
	queue.ring.reset();
}

// Several CPUs may notify one queue: the first looks after it, and after what the
// others announced meanwhile.
void BlockDevice::notify(std::uint32_t index)
{
	if (index >= table_.queues)
		return;

	Queue &queue = queues_[index];
	unsigned seen = 1;

	if (queue.notices.fetch_add(1) != 0)
		return;
	do {
		seen = queue.notices.load();
		drain(queue);
	} while (queue.notices.fetch_sub(seen) != seen);
}

void BlockDevice::drain(Queue &queue)
{
	std::unique_lock lock(queue.mutex);

	if (!queue.open)
		return;

	// A request that was answered here serves again for the next. While there
	// is one the ring stays.
	Request *request = allocate(queue);
	std::uint32_t irq = queue.ring->irq();

	while (request && queue.open) {
		lock.unlock();

		Taken taken = take(queue, *request);

		lock.lock();
		if (taken == Taken::answered)
			queue.ring->push(request->chain.head, request->finish());
		else if (taken == Taken::passed_on)
			request = allocate(queue);
		else if (!queue.ring->rearm())
			break;
	}
	if (!request && queue.open)
		note_broken(queue, "more requests than it has room for");
	else if (const char *why = queue.open ? queue.ring->broken() : nullptr)
		note_broken(queue, why);

	// One interrupt for all that was answered here.
	bool interrupt = request && queue.ring->should_interrupt();

	if (request)
		give_back(*request);
	lock.unlock();
	if (interrupt)
		image_.raise_irq(irq, LKL_IRQ_SET);
}

// Pop a request, and run it or hand it to the pool. It is the caller's still
// unless it was passed on.
BlockDevice::Taken BlockDevice::take(Queue &queue, Request &request)
{
	if (!queue.ring->pop(request.chain))
		return Taken::nothing;

	switch (request.parse(*content_, serial_)) {
	case BlockRequest::Verdict::valid:
		return run_now(queue, request) ? Taken::answered : Taken::passed_on;
	case BlockRequest::Verdict::answered:
		return Taken::answered;
	case BlockRequest::Verdict::malformed:
		break;
	}

	std::lock_guard lock(queue.mutex);

	note_broken(queue, "a request without room for header and status");
	return Taken::nothing;
}

// False when the pool has it.
bool BlockDevice::run_now(Queue &queue, Request &request)
{
	if (options_.immediate) {
		serve(request);
		return true;
	}

	bool large = request.type() == BlockType::read && request.data_bytes() >= large_bytes;

	queue.stream = large ? queue.stream + 1 : 0;
	if (large && pool_.hand_over(request))
		return false;
	if (!request.run_cached(*content_)) {
		pool_.submit(request);
		return false;
	}
	if (queue.stream >= stream_length)
		pool_.call();
	return true;
}

// With the mutex. Null without memory, and when the driver has more in flight
// than its ring has room for: one more than that is needed to find it empty.
BlockDevice::Request *BlockDevice::allocate(Queue &queue)
try {
	if (queue.free.empty()) {
		if (queue.all.size() > queue.ring->entries())
			return nullptr;
		queue.all.reserve(queue_entries + 1);
		queue.free.reserve(queue_entries + 1);
		queue.all.push_back(std::make_unique<Request>());

		Request &created = *queue.all.back();

		created.device = this;
		created.queue = &queue;
		created.owner = &queue;
		created.run = run;
		queue.free.push_back(&created);
	}

	Request *request = queue.free.back();

	queue.free.pop_back();
	queue.users++;
	return request;
} catch (const std::bad_alloc &) {
	return nullptr;
}

// With the mutex. When it was the last, remove() may go on.
void BlockDevice::give_back(Request &request)
{
	Queue &queue = *request.queue;

	queue.free.push_back(&request);
	if (--queue.users == 0)
		queue.quiet.notify_all();
}

void BlockDevice::complete(Request &request)
{
	Queue &queue = *request.queue;
	const lkl_image &image = image_;
	std::uint32_t bytes = request.finish();
	std::unique_lock lock(queue.mutex);

	queue.ring->push(request.chain.head, bytes);

	bool interrupt = queue.ring->should_interrupt();
	std::uint32_t irq = queue.ring->irq();

	// From here on queue and device may be gone.
	give_back(request);
	lock.unlock();
	if (interrupt)
		image.raise_irq(irq, LKL_IRQ_RUN);
}

void BlockDevice::run(Job &job) noexcept
{
	Request &request = static_cast<Request &>(job);
	BlockDevice &device = *request.device;

	device.serve(request);
	device.complete(request);
}

// Do it; may wait.
void BlockDevice::serve(Request &request) noexcept
{
	int earlier = write_error_;

	// Noted before the driver learns of an error: nothing follows from it.
	if (earlier && options_.stop_at_error && request.is_change()) {
		request.refuse(earlier);
		return;
	}
	request.run_waiting(*content_);
	if (request.error() < 0)
		note_error(request);
}

void BlockDevice::note_error(const BlockRequest &request)
{
	int error = request.error();
	const char *what = "discard";

	if (error == -LKL_EOPNOTSUPP)
		return;
	if (request.type() == BlockType::read)
		what = "read";
	else if (request.type() == BlockType::write)
		what = "write";
	else if (request.type() == BlockType::write_zeroes)
		what = "write zeroes";
	else if (request.type() == BlockType::flush)
		what = "flush";
	if (request.is_change()) {
		int none = 0;

		write_error_.compare_exchange_strong(none, error);
	}
	if (complained_.exchange(error) != error && options_.complain)
		options_.complain(fmt::format("{} at byte {}: {}", what, request.offset(),
					      lkl_strerror(error)));
}

// With the mutex.
void BlockDevice::note_broken(Queue &queue, const char *why)
{
	queue.open = false;
	if (options_.complain)
		options_.complain(fmt::format("the driver's queue is broken: {}", why));
}

} // namespace lkl::virtio
