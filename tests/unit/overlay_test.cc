// SPDX-License-Identifier: GPL-2.0
// The copy-on-write layer against a plain copy of what it should contain.
#include "virtio/overlay.hh"

#include <algorithm>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/memory_content.hh"

namespace lkl::test {
namespace {

using virtio::Content;
using virtio::Overlay;

constexpr std::uint64_t page = Overlay::page_bytes;

class OverlayTest : public ::testing::Test {
protected:
	// Not a whole number of pages or groups.
	static constexpr std::uint64_t size = 5 * Overlay::group_bytes + 3 * page + 512;

	OverlayTest()
	{
		auto base = std::make_unique<MemoryContent>(size, true);

		base_ = base.get();
		original_ = base->data;
		expected_ = original_;
		overlay_ = std::make_unique<Overlay>(std::move(base));
	}

	void write(std::uint64_t offset, std::vector<std::byte> data)
	{
		// In two buffers of odd sizes.
		std::size_t first = data.size() / 3;
		host::Buffer buffers[] = {{data.data(), first},
					  {data.data() + first, data.size() - first}};

		ASSERT_EQ(overlay_->write(buffers, offset), 0);
		std::copy(data.begin(), data.end(), expected_.begin() + static_cast<long>(offset));
	}

	std::vector<std::byte> read(std::uint64_t offset, std::uint64_t bytes)
	{
		std::vector<std::byte> data(bytes);
		std::size_t first = bytes / 4;
		host::Buffer buffers[] = {{data.data(), first}, {data.data() + first, bytes - first}};

		EXPECT_EQ(overlay_->read(buffers, offset, false), static_cast<std::int64_t>(bytes));
		return data;
	}

	void expect_same(std::uint64_t offset, std::uint64_t bytes)
	{
		std::vector<std::byte> data = read(offset, bytes);

		ASSERT_TRUE(std::equal(data.begin(), data.end(),
				       expected_.begin() + static_cast<long>(offset)))
			<< offset << "+" << bytes;
	}

	MemoryContent *base_;
	std::vector<std::byte> original_;
	std::vector<std::byte> expected_;
	std::unique_ptr<Overlay> overlay_;
};

TEST_F(OverlayTest, UntouchedItIsTheBase)
{
	expect_same(0, size);
	EXPECT_EQ(overlay_->data_bytes(), 0u);
	EXPECT_EQ(overlay_->bytes(), size);
	EXPECT_FALSE(overlay_->read_only());
}

TEST_F(OverlayTest, WritesStayInMemory)
{
	write(page + 100, std::vector<std::byte>(50, std::byte{1}));
	expect_same(0, size);
	EXPECT_EQ(overlay_->data_bytes(), page);
	EXPECT_EQ(base_->data, original_);
	EXPECT_EQ(base_->writes, 0u);
}

TEST_F(OverlayTest, WholePagesAreNotReadFromTheBase)
{
	write(2 * page, std::vector<std::byte>(3 * page, std::byte{1}));
	EXPECT_EQ(base_->waiting_reads, 0u);
	write(8 * page + 1, std::vector<std::byte>(1, std::byte{1}));
	EXPECT_EQ(base_->waiting_reads, 1u);
}

TEST_F(OverlayTest, LastPartialPageCanBeWritten)
{
	write(size - 512, std::vector<std::byte>(512, std::byte{9}));
	write(size - 700, std::vector<std::byte>(10, std::byte{8}));
	expect_same(0, size);
}

TEST_F(OverlayTest, ZeroesCostNoData)
{
	ASSERT_EQ(overlay_->zero(0, size), 0);
	std::fill(expected_.begin(), expected_.end(), std::byte{0});
	expect_same(0, size);
	EXPECT_LE(overlay_->data_bytes(), page);	// the partial page at the end
}

TEST_F(OverlayTest, DiscardGivesMemoryBackAndLeavesTheBase)
{
	write(0, std::vector<std::byte>(40 * page, std::byte{1}));
	EXPECT_EQ(overlay_->data_bytes(), 40 * page);
	ASSERT_EQ(overlay_->discard(0, size), 0);
	EXPECT_EQ(overlay_->data_bytes(), 0u);
	std::fill_n(expected_.begin(), 40 * page, std::byte{0});
	expect_same(0, size);
}

TEST_F(OverlayTest, DiscardKeepsWhatIsPartlyCovered)
{
	write(0, std::vector<std::byte>(3 * page, std::byte{1}));
	ASSERT_EQ(overlay_->discard(100, 2 * page), 0);
	std::fill_n(expected_.begin() + page, page, std::byte{0});
	expect_same(0, size);
}

TEST_F(OverlayTest, CachedReadsStopWhereTheBaseWouldWait)
{
	std::vector<std::byte> data(4 * page);
	host::Buffer buffer = {data.data(), data.size()};

	EXPECT_EQ(overlay_->read({&buffer, 1}, 0, true), -LKL_EAGAIN);
	write(0, std::vector<std::byte>(page, std::byte{1}));
	EXPECT_EQ(overlay_->read({&buffer, 1}, 0, true), static_cast<std::int64_t>(page));
	base_->cached_bytes = 2 * page + 512;
	EXPECT_EQ(overlay_->read({&buffer, 1}, 0, true), static_cast<std::int64_t>(2 * page + 512));
	base_->cached_bytes = size;
	EXPECT_EQ(overlay_->read({&buffer, 1}, 0, true), static_cast<std::int64_t>(4 * page));
}

TEST_F(OverlayTest, ErrorsOfTheBaseArePassedOn)
{
	std::vector<std::byte> data(2 * page);
	host::Buffer buffer = {data.data(), data.size()};

	base_->error = -LKL_EIO;
	EXPECT_EQ(overlay_->read({&buffer, 1}, 0, false), -LKL_EIO);
	EXPECT_EQ(overlay_->write({&buffer, 1}, 100), -LKL_EIO);
	base_->error = 0;
	expect_same(0, size);
}

TEST_F(OverlayTest, DescriptorShowsItOnlyWhileUnwritten)
{
	EXPECT_EQ(overlay_->descriptor(), 42);
	write(0, {std::byte{1}});
	EXPECT_EQ(overlay_->descriptor(), -1);
}

TEST_F(OverlayTest, RandomOperationsMatchAPlainCopy)
{
	std::mt19937_64 random(7);

	for (unsigned round = 0; round < 5000; round++) {
		std::uint64_t unit = random() % 3 ? 512 : page;
		std::uint64_t offset = random() % (size / unit) * unit;
		std::uint64_t bytes = std::min(size - offset, (random() % 40 + 1) * unit);

		switch (random() % 4) {
		case 0:
			write(offset, std::vector<std::byte>(bytes, static_cast<std::byte>(round)));
			break;
		case 1:
			ASSERT_EQ(overlay_->zero(offset, bytes), 0);
			std::fill_n(expected_.begin() + static_cast<long>(offset), bytes, std::byte{0});
			break;
		case 2: {
			ASSERT_EQ(overlay_->discard(offset, bytes), 0);

			// Anything may be there now: take what is.
			std::vector<std::byte> now = read(offset, bytes);

			std::copy(now.begin(), now.end(),
				  expected_.begin() + static_cast<long>(offset));
			break;
		}
		default:
			expect_same(offset, bytes);
			break;
		}
	}
	expect_same(0, size);
	EXPECT_EQ(base_->data, original_);
}

TEST_F(OverlayTest, ThreadsOnTheirOwnRanges)
{
	constexpr unsigned count = 4;
	constexpr std::uint64_t share = Overlay::group_bytes + 512;
	std::vector<std::jthread> threads;

	for (unsigned t = 0; t < count; t++)
		threads.emplace_back([&, t] {
			std::mt19937_64 random(t);
			std::vector<std::byte> mine(original_.begin() + t * share,
						    original_.begin() + (t + 1) * share);

			for (unsigned round = 0; round < 500; round++) {
				std::uint64_t offset = random() % (share - 9000);
				std::vector<std::byte> data(9000, static_cast<std::byte>(round));
				host::Buffer buffer = {data.data(), data.size()};

				if (round % 2) {
					overlay_->write({&buffer, 1}, t * share + offset);
					std::copy(data.begin(), data.end(),
						  mine.begin() + static_cast<long>(offset));
				} else {
					overlay_->read({&buffer, 1}, t * share + offset, false);
					EXPECT_TRUE(std::equal(data.begin(), data.end(),
							       mine.begin() +
								       static_cast<long>(offset)));
				}
			}
		});
}

} // namespace
} // namespace lkl::test
