// SPDX-License-Identifier: GPL-2.0
// The block device, driven as a kernel's driver drives it, and as it must not.
#include "virtio/block_device.hh"

#include <chrono>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <lkl/abi.h>

#include "tests/unit/memory_content.hh"
#include "tests/unit/virtio_driver.hh"

namespace lkl::test {
namespace {

constexpr std::uint64_t disk_bytes = 1 << 20;
constexpr std::uint64_t header_at = 0x40000;	// 64 bytes a request: header, status
constexpr std::uint64_t data_at = 0x80000;

// What an image is told of: raise_irq() has no argument for whose it is.
struct Interrupts {
	std::atomic<unsigned> set = 0, run = 0;
	std::atomic<std::uint32_t> last_irq = 0;
} interrupts;

const lkl_image image = [] {
	lkl_image table = {};

	table.raise_irq = [](lkl_u32 irq, lkl_u32 how) {
		interrupts.last_irq = irq;
		(how == LKL_IRQ_RUN ? interrupts.run : interrupts.set)++;
	};
	return table;
}();

class BlockTest : public ::testing::Test {
protected:
	void make(bool read_only = false, unsigned queues = 1)
	{
		auto content = std::make_unique<MemoryContent>(disk_bytes, read_only);

		content_ = content.get();
		device_ = std::make_unique<virtio::BlockDevice>(
			std::move(content), image, ram_.span(), pool_,
			virtio::BlockDevice::Options{queues, "serial-0123456789-too-long",
						     [this](const std::string &what) {
							     std::lock_guard lock(mutex_);
							     complaints_.push_back(what);
						     }});
		table_ = &device_->table();
		accept();
		plug();
	}

	void SetUp() override
	{
		Result<std::unique_ptr<host::Instance>> created =
			host::Instance::create(4 << 20, 4 << 20, {});

		ASSERT_TRUE(created);
		host_ = std::move(*created);
		ASSERT_TRUE(pool_.start(*host_));
		interrupts.set = interrupts.run = interrupts.last_irq = 0;
	}

	void TearDown() override
	{
		if (!device_)
			return;
		content_->let_go();
		if (plugged_)
			unplug();
	}

	void accept() { table_->set_status(table_->device, 11, table_->features); }
	void plug()
	{
		ring_ = DriverRing(ram_, 0, 64);
		lkl_virtio_ring description = ring_.description(7);

		ASSERT_EQ(table_->queue_setup(table_->device, 0, &description), 0);
		plugged_ = true;
	}
	void unplug()
	{
		plugged_ = false;
		table_->set_status(table_->device, 0, 0);
		table_->queue_remove(table_->device, 0);
	}
	void notify() { table_->queue_notify(table_->device, 0); }

	std::uint8_t &status(unsigned slot)
	{
		return reinterpret_cast<std::uint8_t &>(*ram_.at(header_at + slot * 64 + 32));
	}

	/// Put a request into descriptors 3 * slot and following.
	void put(unsigned slot, BlockType type, std::uint64_t sector, std::uint64_t at,
		 std::uint32_t bytes)
	{
		auto first = static_cast<std::uint16_t>(3 * slot);
		bool to_driver = type == BlockType::read || type == BlockType::get_id;
		BlockHeader header = {static_cast<std::uint32_t>(type), 0u, sector};

		std::memcpy(ram_.at(header_at + slot * 64), &header, sizeof(header));
		status(slot) = 0xee;
		ring_.set(first, header_at + slot * 64, sizeof(header), desc_next,
			  static_cast<std::uint16_t>(bytes ? first + 1 : first + 2));
		ring_.set(first + 1, at, bytes, desc_next | (to_driver ? desc_write : 0),
			  static_cast<std::uint16_t>(first + 2));
		ring_.set(first + 2, header_at + slot * 64 + 32, 1, desc_write);
		ring_.offer(first);
	}

	Used await()
	{
		auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);

		for (;;) {
			if (std::optional<Used> used = ring_.take_used())
				return *used;
			if (std::chrono::steady_clock::now() > give_up) {
				ADD_FAILURE() << "no answer";
				return {};
			}
			std::this_thread::yield();
		}
	}

	/// One request from put() to its answer.
	BlockStatus roundtrip(BlockType type, std::uint64_t sector = 0, std::uint64_t at = 0,
			      std::uint32_t bytes = 0)
	{
		put(0, type, sector, at, bytes);
		notify();

		Used used = await();

		EXPECT_EQ(used.id, 0u);
		used_bytes_ = used.bytes;
		return static_cast<BlockStatus>(status(0));
	}

	/// The same for discard and write_zeroes.
	BlockStatus ranges(BlockType type, std::vector<BlockRange> list)
	{
		std::memcpy(ram_.at(data_at), list.data(), list.size() * sizeof(BlockRange));
		return roundtrip(type, 0, data_at,
				 static_cast<std::uint32_t>(list.size() * sizeof(BlockRange)));
	}

	/// A driver may order two requests to write to the same place. That is a data
	/// race, and the driver's.
	static bool races_are_watched()
	{
#if defined(__SANITIZE_THREAD__)
		return true;
#else
		return false;
#endif
	}

	void wait_for(const std::function<bool()> &condition)
	{
		auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);

		while (!condition() && std::chrono::steady_clock::now() < give_up)
			std::this_thread::yield();
		EXPECT_TRUE(condition());
	}

	std::vector<std::string> complaints()
	{
		std::lock_guard lock(mutex_);
		return complaints_;
	}

	Ram ram_{2 << 20};
	DriverRing ring_{ram_, 0, 64};
	std::unique_ptr<host::Instance> host_;
	std::mutex mutex_;
	std::vector<std::string> complaints_;
	virtio::IoPool pool_;
	std::unique_ptr<virtio::BlockDevice> device_;
	MemoryContent *content_ = nullptr;
	const lkl_virtio_device *table_ = nullptr;
	bool plugged_ = false;
	std::uint32_t used_bytes_ = 0;
};

TEST_F(BlockTest, ConfigurationTellsTheDisk)
{
	make(false, 3);

	BlockConfig config;

	table_->config_read(table_->device, 0, &config, sizeof(config));
	EXPECT_EQ(config.capacity, disk_bytes / 512);
	EXPECT_EQ(config.blk_size, 512u);
	EXPECT_EQ(config.physical_block_exp, 3);
	EXPECT_EQ(config.num_queues, 3);
	EXPECT_TRUE(table_->features & block_mq);
	EXPECT_TRUE(table_->features & block_flush);
	EXPECT_FALSE(table_->features & block_ro);

	std::uint8_t beyond[8] = {1, 1, 1, 1, 1, 1, 1, 1};

	table_->config_read(table_->device, ~0u - 3, beyond, sizeof(beyond));
	for (std::uint8_t byte : beyond)
		EXPECT_EQ(byte, 0);
}

TEST_F(BlockTest, CachedReadsAreAnsweredAtOnce)
{
	make();
	content_->cached_bytes = disk_bytes;
	EXPECT_EQ(roundtrip(BlockType::read, 3, data_at, 4096), BlockStatus::ok);
	EXPECT_EQ(used_bytes_, 4097u);
	EXPECT_EQ(std::memcmp(ram_.at(data_at), &content_->data[3 * 512], 4096), 0);
	EXPECT_EQ(content_->waiting_reads, 0u);
	EXPECT_EQ(interrupts.set, 1u);
	EXPECT_EQ(interrupts.run, 0u);
	EXPECT_EQ(interrupts.last_irq, 7u);
}

TEST_F(BlockTest, UncachedReadsWaitInThePool)
{
	make();
	EXPECT_EQ(roundtrip(BlockType::read, 3, data_at, 4096), BlockStatus::ok);
	EXPECT_EQ(std::memcmp(ram_.at(data_at), &content_->data[3 * 512], 4096), 0);
	EXPECT_EQ(content_->waiting_reads, 1u);
	wait_for([] { return interrupts.run == 1; });
	EXPECT_EQ(interrupts.set, 0u);
}

TEST_F(BlockTest, HalfCachedReadsAreContinuedInThePool)
{
	make();
	content_->cached_bytes = 3 * 512 + 1000;
	EXPECT_EQ(roundtrip(BlockType::read, 3, data_at, 4096), BlockStatus::ok);
	EXPECT_EQ(used_bytes_, 4097u);
	EXPECT_EQ(std::memcmp(ram_.at(data_at), &content_->data[3 * 512], 4096), 0);
}

TEST_F(BlockTest, OneInterruptForABatchAnsweredAtOnce)
{
	make();
	content_->cached_bytes = disk_bytes;
	for (unsigned slot = 0; slot < 16; slot++)
		put(slot, BlockType::read, slot, data_at + slot * 512, 512);
	notify();
	EXPECT_EQ(ring_.used_idx(), 16);
	EXPECT_EQ(interrupts.set, 1u);
}

TEST_F(BlockTest, WritesAndFlushesReachTheContent)
{
	make();
	std::memset(ram_.at(data_at), 0x5a, 8192);
	EXPECT_EQ(roundtrip(BlockType::write, 8, data_at, 8192), BlockStatus::ok);
	EXPECT_EQ(used_bytes_, 1u);
	EXPECT_EQ(std::memcmp(&content_->data[4096], ram_.at(data_at), 8192), 0);
	EXPECT_EQ(roundtrip(BlockType::flush), BlockStatus::ok);
	EXPECT_EQ(content_->flushes, 1u);
}

TEST_F(BlockTest, IdentityIsTheSerialNumber)
{
	make();
	EXPECT_EQ(roundtrip(BlockType::get_id, 0, data_at, 20), BlockStatus::ok);
	EXPECT_EQ(used_bytes_, 21u);
	EXPECT_EQ(std::string(reinterpret_cast<char *>(ram_.at(data_at)), 20),
		  std::string("serial-0123456789-too-long").substr(0, 20));
}

TEST_F(BlockTest, DiscardAndZeroesTakeSeveralRanges)
{
	make();
	EXPECT_EQ(ranges(BlockType::discard, {{8u, 8u, 0u}, {32u, 16u, 0u}}), BlockStatus::ok);
	EXPECT_EQ(content_->discarded, 24u * 512);
	EXPECT_EQ(ranges(BlockType::write_zeroes, {{1u, 2u, range_unmap}, {0u, 0u, 0u}}),
		  BlockStatus::ok);
	for (unsigned i = 512; i < 3 * 512; i++)
		ASSERT_EQ(content_->data[i], std::byte{0});
	EXPECT_NE(content_->data[3 * 512 + 1], std::byte{0});
}

TEST_F(BlockTest, BadRangesAreRefused)
{
	make();
	EXPECT_EQ(ranges(BlockType::discard, {{disk_bytes / 512, 1u, 0u}}), BlockStatus::io_error);
	EXPECT_EQ(ranges(BlockType::discard, {{~0ull, ~0u, 0u}}), BlockStatus::io_error);
	EXPECT_EQ(ranges(BlockType::discard, {{0u, 8u, range_unmap}}), BlockStatus::unsupported);
	EXPECT_EQ(ranges(BlockType::write_zeroes, {{0u, 8u, 2u}}), BlockStatus::unsupported);
	EXPECT_EQ(ranges(BlockType::discard, std::vector<BlockRange>(33, {0u, 1u, 0u})),
		  BlockStatus::io_error);
	EXPECT_EQ(roundtrip(BlockType::discard, 0, data_at, 15), BlockStatus::io_error);
	EXPECT_EQ(roundtrip(BlockType::discard), BlockStatus::io_error);
	EXPECT_EQ(content_->discarded, 0u);
}

TEST_F(BlockTest, TransfersBeyondTheDiskAreRefused)
{
	make();
	content_->cached_bytes = disk_bytes;
	for (std::uint64_t sector : std::initializer_list<std::uint64_t>{
		     disk_bytes / 512 - 7, disk_bytes / 512, ~0ull, ~0ull - 7,
				     1ull << 55}) {
		EXPECT_EQ(roundtrip(BlockType::read, sector, data_at, 4096), BlockStatus::io_error);
		EXPECT_EQ(used_bytes_, 1u);
		EXPECT_EQ(roundtrip(BlockType::write, sector, data_at, 4096), BlockStatus::io_error);
	}
	EXPECT_EQ(roundtrip(BlockType::read, disk_bytes / 512 - 8, data_at, 4096), BlockStatus::ok);
	EXPECT_EQ(roundtrip(BlockType::read, 0, data_at, 100), BlockStatus::io_error);
	EXPECT_EQ(content_->writes, 0u);
}

TEST_F(BlockTest, UnknownRequestsAreUnsupported)
{
	make();
	EXPECT_EQ(roundtrip(static_cast<BlockType>(99), 0, data_at, 512), BlockStatus::unsupported);
	EXPECT_EQ(roundtrip(static_cast<BlockType>(~0u)), BlockStatus::unsupported);
	EXPECT_EQ(complaints().size(), 0u);
}

TEST_F(BlockTest, ReadOnlyDisksRefuseWrites)
{
	make(true);
	EXPECT_TRUE(table_->features & block_ro);
	EXPECT_FALSE(table_->features & block_discard);
	EXPECT_EQ(roundtrip(BlockType::write, 0, data_at, 512), BlockStatus::io_error);
	EXPECT_EQ(ranges(BlockType::write_zeroes, {{0u, 8u, 0u}}), BlockStatus::io_error);
	EXPECT_EQ(roundtrip(BlockType::read, 0, data_at, 512), BlockStatus::ok);
	EXPECT_EQ(content_->writes, 0u);
}

TEST_F(BlockTest, HostErrorsAreReportedAndRemembered)
{
	make();
	content_->error = -LKL_EIO;
	EXPECT_EQ(roundtrip(BlockType::read, 0, data_at, 512), BlockStatus::io_error);
	EXPECT_EQ(device_->write_error(), 0);
	content_->error = -LKL_ENOSPC;
	EXPECT_EQ(roundtrip(BlockType::write, 8, data_at, 512), BlockStatus::io_error);
	EXPECT_EQ(device_->write_error(), -LKL_ENOSPC);
	content_->error = 0;
	EXPECT_EQ(roundtrip(BlockType::write, 8, data_at, 512), BlockStatus::ok);
	EXPECT_EQ(device_->write_error(), -LKL_ENOSPC);

	std::vector<std::string> said = complaints();

	ASSERT_EQ(said.size(), 2u);
	EXPECT_EQ(said[1], "write at byte 4096: No space left on device");
}

TEST_F(BlockTest, UnsupportedByTheHostIsNoWriteError)
{
	make();
	content_->error = -LKL_EOPNOTSUPP;
	EXPECT_EQ(ranges(BlockType::write_zeroes, {{0u, 8u, 0u}}), BlockStatus::unsupported);
	EXPECT_EQ(device_->write_error(), 0);
	EXPECT_EQ(complaints().size(), 0u);
}

TEST_F(BlockTest, HeaderAndStatusMayLieAnywhere)
{
	make();
	content_->cached_bytes = disk_bytes;

	// 10 and 6 bytes of header; data and status in one piece, and once more.
	BlockHeader header = {0u, 0u, 2u};

	std::memcpy(ram_.at(header_at), &header, 10);
	std::memcpy(ram_.at(header_at + 100), reinterpret_cast<char *>(&header) + 10, 6);
	ring_.set(0, header_at, 10, desc_next, 1);
	ring_.set(1, header_at + 100, 6, desc_next, 2);
	ring_.set(2, data_at, 500, desc_next | desc_write, 3);
	ring_.set(3, data_at + 500, 13, desc_write);
	ring_.offer(0);
	notify();
	EXPECT_EQ(await().bytes, 513u);
	EXPECT_EQ(*ram_.at(data_at + 512), std::byte{0});
	EXPECT_EQ(std::memcmp(ram_.at(data_at), &content_->data[1024], 512), 0);
}

TEST_F(BlockTest, RequestsWithoutStatusBreakTheQueue)
{
	make();
	ring_.set(0, header_at, 16);
	ring_.offer(0);
	notify();
	EXPECT_EQ(complaints().size(), 1u);
	// Nothing more is taken,
	put(1, BlockType::flush, 0, 0, 0);
	notify();
	EXPECT_EQ(ring_.used_idx(), 0);
	EXPECT_EQ(content_->flushes, 0u);
	// until the driver starts over.
	unplug();
	accept();
	plug();
	EXPECT_EQ(roundtrip(BlockType::flush), BlockStatus::ok);
}

TEST_F(BlockTest, BrokenRingIsComplainedOfOnce)
{
	make();
	ring_.set(0, ~0ull, 16);
	ring_.offer(0);
	notify();
	notify();
	ASSERT_EQ(complaints().size(), 1u);
	EXPECT_NE(complaints()[0].find("outside RAM"), std::string::npos);
}

TEST_F(BlockTest, ShortHeadersBreakTheQueue)
{
	make();
	ring_.set(0, header_at, 15, desc_next, 1);
	ring_.set(1, data_at, 1, desc_write);
	ring_.offer(0);
	notify();
	EXPECT_EQ(ring_.used_idx(), 0);
	EXPECT_EQ(complaints().size(), 1u);
}

TEST_F(BlockTest, QueuesAreSetUpOnceAndWithinBounds)
{
	make();

	lkl_virtio_ring description = ring_.description();

	EXPECT_EQ(table_->queue_setup(table_->device, 0, &description), -LKL_EBUSY);
	EXPECT_EQ(table_->queue_setup(table_->device, 1, &description), -LKL_EINVAL);
	unplug();
	description.entries = 2 * table_->queue_entries;
	EXPECT_EQ(table_->queue_setup(table_->device, 0, &description), -LKL_EINVAL);
	description = ring_.description();
	description.desc = 0;
	EXPECT_EQ(table_->queue_setup(table_->device, 0, &description), -LKL_EINVAL);
	table_->queue_notify(table_->device, 0);
	table_->queue_notify(table_->device, 77);
	table_->queue_remove(table_->device, 77);
}

TEST_F(BlockTest, RemovalWaitsForWhatWasBegunAndDropsTheRest)
{
	make();
	content_->hold();
	for (unsigned slot = 0; slot < 16; slot++)
		put(slot, BlockType::write, slot, data_at + slot * 512, 512);
	notify();
	wait_for([&] { return content_->waiting == virtio::IoPool::max_workers; });

	std::atomic<bool> removed = false;
	std::jthread remover([&] {
		unplug();
		removed = true;
	});

	std::this_thread::sleep_for(std::chrono::milliseconds(20));
	EXPECT_FALSE(removed);
	content_->let_go();
	remover.join();
	EXPECT_EQ(content_->writes, virtio::IoPool::max_workers);
	EXPECT_EQ(ring_.used_idx(), virtio::IoPool::max_workers);

	// Nothing of the old life shows in the new one.
	accept();
	plug();
	EXPECT_EQ(roundtrip(BlockType::flush), BlockStatus::ok);
	EXPECT_EQ(ring_.used_idx(), 1);
}

TEST_F(BlockTest, ResetStopsTheQueueAtOnce)
{
	make();
	content_->cached_bytes = disk_bytes;
	table_->set_status(table_->device, 0, 0);
	put(0, BlockType::read, 0, data_at, 512);
	notify();
	EXPECT_EQ(ring_.used_idx(), 0);
}

TEST_F(BlockTest, MoreInFlightThanFitsBreaksTheQueue)
{
	if (races_are_watched())
		GTEST_SKIP() << "the driver of this test races with itself";
	make();
	content_->hold();
	put(0, BlockType::write, 0, data_at, 512);
	for (unsigned i = 0; i < 200; i++) {
		ring_.offer(0);
		notify();
	}
	EXPECT_EQ(complaints().size(), 1u);
}

TEST_F(BlockTest, PoolStopsWithRequestsWaiting)
{
	make();
	content_->hold();
	for (unsigned slot = 0; slot < 16; slot++)
		put(slot, BlockType::read, slot, data_at + slot * 512, 512);
	notify();
	wait_for([&] { return content_->waiting == virtio::IoPool::max_workers; });

	std::jthread stopper([&] { pool_.stop(); });

	std::this_thread::sleep_for(std::chrono::milliseconds(5));
	content_->let_go();
	stopper.join();
	EXPECT_LE(ring_.used_idx(), 16);
	// As after a kernel's death: the device goes without queue_remove().
	plugged_ = false;
	device_.reset();
}

TEST_F(BlockTest, NotifiesFromSeveralThreadsLoseNothing)
{
	make();
	content_->cached_bytes = disk_bytes / 2;

	std::mt19937_64 random(3);
	std::vector<std::jthread> cpus;
	std::atomic<bool> stop = false;

	// Other CPUs ring the bell for nothing.
	for (unsigned i = 0; i < 2; i++)
		cpus.emplace_back([&] {
			while (!stop)
				notify();
		});
	for (unsigned round = 0; round < 300; round++) {
		unsigned count = static_cast<unsigned>(random() % 20 + 1);

		for (unsigned slot = 0; slot < count; slot++)
			put(slot, BlockType::read, random() % (disk_bytes / 512 - 1),
			    data_at + slot * 1024, 1024);
		notify();
		for (unsigned i = 0; i < count; i++)
			EXPECT_EQ(await().bytes, 1025u);
		for (unsigned slot = 0; slot < count; slot++)
			ASSERT_EQ(status(slot), 0);
	}
	stop = true;
	cpus.clear();
}

TEST_F(BlockTest, RandomRequestsBreakNothing)
{
	if (races_are_watched())
		GTEST_SKIP() << "the driver of this test races with itself";

	std::mt19937_64 random(11);

	make();
	content_->cached_bytes = disk_bytes / 2;
	for (unsigned round = 0; round < 3000; round++) {
		for (unsigned i = 0; i < 64; i++)
			ring_.set(i, random() % (2 << 20) & ~(random() % 16),
				  static_cast<std::uint32_t>(random() % (random() % 4 ? 64 : 20000)),
				  static_cast<std::uint16_t>(random() % 8),
				  static_cast<std::uint16_t>(random() % 65));
		// Keep the rings themselves from being written by what they order.
		for (unsigned i = 0; i < 64; i++)
			if (ring_.desc()[i].address < DriverRing::bytes)
				ring_.desc()[i].address = le64(data_at);
		for (unsigned i = 0; i < 8; i++)
			ring_.offer(static_cast<std::uint16_t>(random() % 64));
		notify();
		unplug();
		accept();
		plug();
	}
}

} // namespace
} // namespace lkl::test
