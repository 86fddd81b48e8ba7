// SPDX-License-Identifier: GPL-2.0
// The block device, driven as a kernel's driver drives it.
#include "tests/unit/block_fixture.hh"

#include <random>

#include <lkl/abi.h>

namespace lkl::test {
namespace {

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

TEST_F(BlockTest, ImmediateRequestsAreDoneWhenNotifyReturns)
{
	make(false, 1, true);
	std::memset(ram_.at(data_at), 0x5a, 4096);
	put(0, BlockType::write, 8, data_at, 4096);
	put(1, BlockType::flush, 0, 0, 0);
	put(2, BlockType::read, 8, data_at + 4096, 4096);
	notify();
	EXPECT_EQ(ring_.used_idx(), 3);
	EXPECT_EQ(interrupts.set, 1u);
	EXPECT_EQ(interrupts.run, 0u);
	EXPECT_EQ(content_->flushes, 1u);
	EXPECT_EQ(std::memcmp(ram_.at(data_at), ram_.at(data_at + 4096), 4096), 0);
}

TEST_F(BlockTest, ImmediateRequestsFailAsOthersDo)
{
	make(false, 1, true);
	content_->error = -LKL_ENOSPC;
	put(0, BlockType::write, 8, data_at, 512);
	notify();
	EXPECT_EQ(ring_.used_idx(), 1);
	EXPECT_EQ(static_cast<BlockStatus>(status(0)), BlockStatus::io_error);
	EXPECT_EQ(device_->write_error(), -LKL_ENOSPC);
	EXPECT_EQ(complaints(), std::vector<std::string>{"write at byte 4096: No space left on device"});
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

} // namespace
} // namespace lkl::test
