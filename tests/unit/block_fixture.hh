// SPDX-License-Identifier: GPL-2.0
// A block device whose content is in memory, plugged, and its driver.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <lkl/host_ops.h>

#include "host/host.hh"
#include "tests/unit/memory_content.hh"
#include "tests/unit/virtio_driver.hh"
#include "virtio/block_device.hh"

namespace lkl::test {

inline constexpr std::uint64_t disk_bytes = 1 << 20;
inline constexpr std::uint64_t header_at = 0x40000;	// 64 bytes a request: header, status
inline constexpr std::uint64_t data_at = 0x80000;

// What an image is told of: raise_irq() has no argument for whose it is.
struct Interrupts {
	std::atomic<unsigned> set = 0, run = 0;
	std::atomic<std::uint32_t> last_irq = 0;
};
inline Interrupts interrupts;

inline const lkl_image image = [] {
	lkl_image table = {};

	table.raise_irq = [](lkl_u32 irq, lkl_u32 how) {
		interrupts.last_irq = irq;
		(how == LKL_IRQ_RUN ? interrupts.run : interrupts.set)++;
	};
	return table;
}();

class BlockTest : public ::testing::Test {
protected:
	void make(bool read_only = false, unsigned queues = 1, bool immediate = false)
	{
		auto content = std::make_unique<MemoryContent>(disk_bytes, read_only);

		content_ = content.get();
		device_ = std::make_unique<virtio::BlockDevice>(
			std::move(content), image, ram_.span(), pool_,
			virtio::BlockDevice::Options{queues, "serial-0123456789-too-long", false, immediate,
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
		ASSERT_TRUE(pool_.start(*host_, 0));
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

} // namespace lkl::test
