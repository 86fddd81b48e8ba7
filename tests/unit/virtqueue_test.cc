// SPDX-License-Identifier: GPL-2.0
// The device's side of a ring against drivers that are right, wrong and hostile.
#include "virtio/virtqueue.hh"

#include <random>

#include <gtest/gtest.h>

#include "tests/unit/virtio_driver.hh"

namespace lkl::test {
namespace {

constexpr std::uint64_t all_features =
	feature_version_1 | feature_event_idx | feature_indirect_desc;
constexpr std::uint16_t entries = 8;
constexpr std::size_t ram_bytes = 1 << 20;

class VirtqueueTest : public ::testing::Test {
protected:
	Virtqueue make(std::uint64_t features = all_features)
	{
		Result<Virtqueue> queue = Virtqueue::create(ring.description(5), ram.span(), features);

		EXPECT_TRUE(queue);
		return std::move(*queue);
	}

	/// One chain from @head must break the queue.
	void expect_broken(const char *why)
	{
		Virtqueue queue = make();

		ring.offer(0);
		EXPECT_FALSE(queue.pop(chain));
		ASSERT_NE(queue.broken(), nullptr);
		EXPECT_STREQ(queue.broken(), why);
		EXPECT_FALSE(queue.pop(chain));
		EXPECT_FALSE(queue.rearm());
	}

	Ram ram{ram_bytes};
	DriverRing ring{ram, 0, entries};
	Chain chain;
};

TEST_F(VirtqueueTest, EmptyRingHasNothing)
{
	Virtqueue queue = make();

	EXPECT_FALSE(queue.pop(chain));
	EXPECT_EQ(queue.broken(), nullptr);
	EXPECT_FALSE(queue.rearm());
	EXPECT_FALSE(queue.should_interrupt());
}

TEST_F(VirtqueueTest, ChainsAreSplitIntoReadableAndWritable)
{
	Virtqueue queue = make();

	ring.set(3, 0x10000, 16, desc_next, 1);
	ring.set(1, 0x20000, 512, desc_next | desc_write, 7);
	ring.set(7, 0x30000, 1, desc_write);
	ring.offer(3);
	ASSERT_TRUE(queue.pop(chain));
	EXPECT_EQ(chain.head, 3);
	ASSERT_EQ(chain.readable.size(), 1u);
	EXPECT_EQ(chain.readable[0].data, ram.at(0x10000));
	EXPECT_EQ(chain.readable[0].bytes, 16u);
	ASSERT_EQ(chain.writable.size(), 2u);
	EXPECT_EQ(chain.writable[1].data, ram.at(0x30000));
	EXPECT_FALSE(queue.pop(chain));
}

TEST_F(VirtqueueTest, IndirectTablesAreFollowed)
{
	Virtqueue queue = make();
	auto *table = reinterpret_cast<Descriptor *>(ram.at(0x8000));

	table[0] = {le64(0x10000), le32(16), le16(desc_next), le16(2)};
	table[2] = {le64(0x20000), le32(9), le16(desc_write), le16(0)};
	ring.set(0, 0x8000, 3 * sizeof(Descriptor), desc_indirect);
	ring.offer(0);
	ASSERT_TRUE(queue.pop(chain));
	EXPECT_EQ(chain.readable.size(), 1u);
	ASSERT_EQ(chain.writable.size(), 1u);
	EXPECT_EQ(chain.writable[0].bytes, 9u);
}

TEST_F(VirtqueueTest, IndicesWrap)
{
	Virtqueue queue = make();

	ring.set(0, 0x10000, 16);
	for (unsigned i = 0; i < 70000; i++) {
		ring.offer(0);
		ASSERT_TRUE(queue.pop(chain)) << i;
		queue.push(0, i);

		std::optional<Used> used = ring.take_used();

		ASSERT_TRUE(used);
		ASSERT_EQ(used->bytes, i);
	}
}

TEST_F(VirtqueueTest, RingsOutsideRamAreRefused)
{
	for (lkl_u64 lkl_virtio_ring::*part :
	     {&lkl_virtio_ring::desc, &lkl_virtio_ring::avail, &lkl_virtio_ring::used}) {
		for (std::uint64_t address : {std::uint64_t{0}, ram.address(ram_bytes),
					      ram.address(ram_bytes - 16), ram.address(0) - 16,
					      ~std::uint64_t{15}, ram.address(1)}) {
			lkl_virtio_ring bad = ring.description();

			bad.*part = address;
			EXPECT_FALSE(Virtqueue::create(bad, ram.span(), all_features));
		}
	}
	for (std::uint32_t size : {0u, 3u, 100u, 65536u, ~0u}) {
		lkl_virtio_ring bad = ring.description();

		bad.entries = size;
		EXPECT_FALSE(Virtqueue::create(bad, ram.span(), all_features)) << size;
	}
}

TEST_F(VirtqueueTest, AvailableIndexTooFarAheadBreaksIt)
{
	Virtqueue queue = make();

	ring.set_idx(entries + 1);
	EXPECT_FALSE(queue.pop(chain));
	EXPECT_STREQ(queue.broken(), "available index out of range");
}

TEST_F(VirtqueueTest, HeadOutOfRangeBreaksIt)
{
	Virtqueue queue = make();

	ring.offer(entries);
	EXPECT_FALSE(queue.pop(chain));
	EXPECT_STREQ(queue.broken(), "descriptor index out of range");
}

TEST_F(VirtqueueTest, NextOutOfRangeBreaksIt)
{
	ring.set(0, 0x10000, 16, desc_next, entries);
	expect_broken("next descriptor out of range");
}

TEST_F(VirtqueueTest, LoopBreaksIt)
{
	ring.set(0, 0x10000, 16, desc_next, 1);
	ring.set(1, 0x10000, 16, desc_next, 0);
	expect_broken("descriptor chain with a loop");
}

TEST_F(VirtqueueTest, LoopToItselfBreaksIt)
{
	ring.set(0, 0x10000, 16, desc_next, 0);
	expect_broken("descriptor chain with a loop");
}

TEST_F(VirtqueueTest, EmptyDescriptorBreaksIt)
{
	ring.set(0, 0x10000, 0);
	expect_broken("empty descriptor");
}

TEST_F(VirtqueueTest, MemoryOutsideRamBreaksIt)
{
	struct {
		std::uint64_t address;
		std::uint32_t bytes;
	} bad[] = {{ram_bytes, 1}, {ram_bytes - 1, 2}, {0, ~0u}, {~0ull, 1},
		   {~0ull - 511, 512}, {1ull << 63, 4096}, {4096, ram_bytes}};

	for (const auto &[address, bytes] : bad) {
		ring = DriverRing(ram, 0, entries);
		ring.set(0, address, bytes);
		expect_broken("descriptor outside RAM");
	}
}

TEST_F(VirtqueueTest, ReadableAfterWritableBreaksIt)
{
	ring.set(0, 0x10000, 16, desc_next | desc_write, 1);
	ring.set(1, 0x10000, 16);
	expect_broken("readable descriptor after a writable one");
}

TEST_F(VirtqueueTest, IndirectGarbageBreaksIt)
{
	struct {
		std::uint64_t address;
		std::uint32_t bytes;
	} bad[] = {{0x8000, 0},	    {0x8000, 15},	{0x8000, 17},	      {0x8000, ~0u},
		   {0x8000, 16 * (Chain::max_buffers + 1)}, {ram_bytes - 16, 32}, {~0ull - 15, 16},
		   {ram_bytes, 16}};

	for (const auto &[address, bytes] : bad) {
		ring = DriverRing(ram, 0, entries);
		ring.set(0, address, bytes, desc_indirect);
		expect_broken("bad indirect table");
	}
}

TEST_F(VirtqueueTest, IndirectWithinIndirectBreaksIt)
{
	auto *table = reinterpret_cast<Descriptor *>(ram.at(0x8000));

	table[0] = {le64(0x8000), le32(16), le16(desc_indirect), le16(0)};
	ring.set(0, 0x8000, 16, desc_indirect);
	expect_broken("indirect descriptor where none may be");
}

TEST_F(VirtqueueTest, IndirectWithNextBreaksIt)
{
	ring.set(0, 0x8000, 16, desc_indirect | desc_next, 1);
	expect_broken("indirect descriptor where none may be");
}

TEST_F(VirtqueueTest, IndirectThatWasNotNegotiatedBreaksIt)
{
	Virtqueue queue = make(feature_version_1);

	ring.set(0, 0x8000, 16, desc_indirect);
	ring.offer(0);
	EXPECT_FALSE(queue.pop(chain));
	EXPECT_NE(queue.broken(), nullptr);
}

TEST_F(VirtqueueTest, LongestIndirectChainFits)
{
	Virtqueue queue = make();
	auto *table = reinterpret_cast<Descriptor *>(ram.at(0x8000));

	for (unsigned i = 0; i < Chain::max_buffers; i++)
		table[i] = {le64(0x20000), le32(1),
			    le16(i + 1 < Chain::max_buffers ? desc_next : 0),
			    le16(static_cast<std::uint16_t>(i + 1))};
	ring.set(0, 0x8000, Chain::max_buffers * sizeof(Descriptor), desc_indirect);
	ring.offer(0);
	EXPECT_TRUE(queue.pop(chain)) << queue.broken();
	EXPECT_EQ(chain.readable.size(), Chain::max_buffers);
}

TEST_F(VirtqueueTest, RandomGarbageIsNeverFollowedOutsideRam)
{
	std::mt19937_64 random(1);

	for (unsigned round = 0; round < 20000; round++) {
		ring = DriverRing(ram, 0, entries);
		for (unsigned i = 0; i < entries; i++)
			ring.set(i, random() % (2 * ram_bytes) & ~(random() % 64),
				 static_cast<std::uint32_t>(random() % 8192),
				 static_cast<std::uint16_t>(random() % 8),
				 static_cast<std::uint16_t>(random() % (entries + 2)));
		for (unsigned i = 0; i < 64; i++)
			reinterpret_cast<std::uint64_t *>(ram.at(0x8000))[i] =
				random() % (i % 2 ? 1ull << 35 : ram_bytes);

		Virtqueue queue = make();

		for (unsigned i = 0; i < entries; i++)
			ring.offer(static_cast<std::uint16_t>(random() % (entries + 1)));
		while (queue.pop(chain)) {
			for (std::span<host::Buffer> part : {chain.readable, chain.writable}) {
				for (const host::Buffer &buffer : part) {
					auto *data = static_cast<std::byte *>(buffer.data);

					ASSERT_GE(data, ram.span().data());
					ASSERT_LE(data + buffer.bytes,
						  ram.span().data() + ram_bytes);
				}
			}
		}
	}
}

TEST_F(VirtqueueTest, InterruptsFollowTheFlagWithoutEventIndex)
{
	Virtqueue queue = make(feature_version_1);

	queue.push(0, 0);
	EXPECT_TRUE(queue.should_interrupt());
	EXPECT_FALSE(queue.should_interrupt());
	ring.set_flags(avail_no_interrupt);
	queue.push(0, 0);
	EXPECT_FALSE(queue.should_interrupt());
}

TEST_F(VirtqueueTest, InterruptsFollowTheEventIndex)
{
	Virtqueue queue = make();

	// The driver asks for the first one,
	queue.push(0, 0);
	EXPECT_TRUE(queue.should_interrupt());
	// not for what follows until it moves the event,
	queue.push(0, 0);
	EXPECT_FALSE(queue.should_interrupt());
	// and a batch that crosses the event counts.
	ring.set_used_event(3);
	queue.push(0, 0);
	EXPECT_FALSE(queue.should_interrupt());
	queue.push(0, 0);
	queue.push(0, 0);
	EXPECT_TRUE(queue.should_interrupt());
}

TEST_F(VirtqueueTest, RearmAsksForTheNextAndSeesWhatCameMeanwhile)
{
	Virtqueue queue = make();

	ring.set(0, 0x10000, 16);
	ring.offer(0);
	EXPECT_TRUE(queue.rearm());
	ASSERT_TRUE(queue.pop(chain));
	EXPECT_FALSE(queue.rearm());
	EXPECT_EQ(ring.avail_event(), 1);
}

} // namespace
} // namespace lkl::test
