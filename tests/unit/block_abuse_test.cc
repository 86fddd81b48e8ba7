// SPDX-License-Identifier: GPL-2.0
// The block device, driven as no driver should.
#include "tests/unit/block_fixture.hh"

#include <initializer_list>
#include <random>

#include <lkl/abi.h>

namespace lkl::test {
namespace {

using BlockAbuse = BlockTest;

// A driver may order two requests to write to the same place. That is a data race,
// and the driver's.
#if defined(__SANITIZE_THREAD__)
constexpr bool races_are_watched = true;
#else
constexpr bool races_are_watched = false;
#endif

TEST_F(BlockAbuse, TransfersBeyondTheDiskAreRefused)
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

TEST_F(BlockAbuse, BadRangesAreRefused)
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

TEST_F(BlockAbuse, UnknownRequestsAreUnsupported)
{
	make();
	EXPECT_EQ(roundtrip(static_cast<BlockType>(99), 0, data_at, 512), BlockStatus::unsupported);
	EXPECT_EQ(roundtrip(static_cast<BlockType>(~0u)), BlockStatus::unsupported);
	EXPECT_EQ(complaints().size(), 0u);
}

TEST_F(BlockAbuse, RequestsWithoutStatusBreakTheQueue)
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

TEST_F(BlockAbuse, ShortHeadersBreakTheQueue)
{
	make();
	ring_.set(0, header_at, 15, desc_next, 1);
	ring_.set(1, data_at, 1, desc_write);
	ring_.offer(0);
	notify();
	EXPECT_EQ(ring_.used_idx(), 0);
	EXPECT_EQ(complaints().size(), 1u);
}

TEST_F(BlockAbuse, BrokenRingIsComplainedOfOnce)
{
	make();
	ring_.set(0, ~0ull, 16);
	ring_.offer(0);
	notify();
	notify();
	ASSERT_EQ(complaints().size(), 1u);
	EXPECT_NE(complaints()[0].find("outside RAM"), std::string::npos);
}

TEST_F(BlockAbuse, QueuesAreSetUpOnceAndWithinBounds)
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

TEST_F(BlockAbuse, MoreInFlightThanFitsBreaksTheQueue)
{
	if (races_are_watched)
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

TEST_F(BlockAbuse, RandomRequestsBreakNothing)
{
	if (races_are_watched)
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
