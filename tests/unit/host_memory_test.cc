// SPDX-License-Identifier: GPL-2.0
// The memory of an instance: RAM, map(), unmap(), discard(), place(), protect().
// For every host; access is probed by system calls, which fail instead of
// faulting.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/host_fixture.hh"

namespace lkl::test {
namespace {

constexpr std::uint32_t read_write = LKL_PROT_READ | LKL_PROT_WRITE;

class HostMemory : public HostTest {
protected:
	void SetUp() override
	{
		HostTest::SetUp();
		page_ = instance_->map_granule();
		ASSERT_EQ(pipe(pipe_), 0);
	}
	void TearDown() override
	{
		close(pipe_[0]);
		close(pipe_[1]);
	}

	std::byte *ram(std::uint64_t at) { return instance_->ram().data() + at; }
	std::byte *window(std::uint64_t at) const
	{
		return reinterpret_cast<std::byte *>(instance_->vmalloc_base() + at);
	}
	int map(std::uint64_t at, std::uint64_t phys, std::uint64_t bytes,
		std::uint32_t prot = read_write)
	{
		return ops().map(host(), instance_->vmalloc_base() + at, phys, bytes, prot);
	}
	int unmap(std::uint64_t at, std::uint64_t bytes)
	{
		return ops().unmap(host(), instance_->vmalloc_base() + at, bytes);
	}

	/// The kernel reads and writes one byte there for us, or says EFAULT.
	bool readable(const std::byte *address)
	{
		std::byte sink;
		return write(pipe_[1], address, 1) == 1 && read(pipe_[0], &sink, 1) == 1;
	}
	bool writable(std::byte *address)
	{
		std::byte byte{0x77};
		EXPECT_EQ(write(pipe_[1], &byte, 1), 1);
		bool done = read(pipe_[0], address, 1) == 1;
		if (!done) {
			EXPECT_EQ(read(pipe_[0], &byte, 1), 1);
		}
		return done;
	}

	std::uint64_t page_ = 0;
	int pipe_[2];
};
INSTANTIATE_TEST_SUITE_P(Host, HostMemory, all_hosts(), host_name);

TEST_P(HostMemory, RamIsAlignedAndZero)
{
	std::span<std::byte> all = instance_->ram();
	EXPECT_EQ(all.size(), 16 * mib);
	EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.data()) % (2 * mib), 0u);
	for (std::byte byte : all)
		ASSERT_EQ(byte, std::byte{0});
	std::memset(all.data(), 0x5a, all.size());
	EXPECT_EQ(all.back(), std::byte{0x5a});
}

TEST_P(HostMemory, RamIsUntouchedUntilUsed)
{
	Result<std::unique_ptr<host::Instance>> big =
		GetParam().create(128 * mib, 1024 * mib, {});
	ASSERT_TRUE(big);
	std::span<std::byte> all = (*big)->ram();
	auto resident = [&] {
		std::vector<unsigned char> pages(all.size() / page_);
		EXPECT_EQ(mincore(all.data(), all.size(), pages.data()), 0);
		return std::count_if(pages.begin(), pages.end(), [](int p) { return p & 1; });
	};
	EXPECT_EQ(resident(), 0);
	all[5 * mib] = std::byte{1};
	EXPECT_EQ(resident(), 1);
}

TEST_P(HostMemory, CreationIsCheap)
{
	constexpr int rounds = 200;
	auto before = std::chrono::steady_clock::now();
	for (int i = 0; i < rounds; i++)
		ASSERT_TRUE(GetParam().create(128 * mib, 1ULL << 36, {}));
	std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - before;
	RecordProperty("microseconds", std::to_string(took.count() / rounds));
	std::printf("create and destroy, 128 MiB: %.1f us\n", took.count() / rounds);
}

TEST_P(HostMemory, ImpossibleSizesAreErrorsThatNameThem)
{
	for (std::uint64_t bytes : {0ULL, 1ULL << 50, 1ULL << 60, ~0ULL}) {
		Result<std::unique_ptr<host::Instance>> made =
			GetParam().create(bytes, mib, {});
		ASSERT_FALSE(made) << bytes;
		EXPECT_GT(made.error().code, 0);
		EXPECT_NE(made.error().context.find("kernel memory of"), std::string::npos)
			<< made.error().context;
		made = GetParam().create(mib, bytes, {});
		ASSERT_FALSE(made) << bytes;
		EXPECT_NE(made.error().context.find("address space"), std::string::npos)
			<< made.error().context;
	}
}

/// A resource limit for the length of a scope.
class Limit {
public:
	Limit(int resource, rlim_t value) : resource_(resource)
	{
		getrlimit(resource_, &before_);
		rlimit limit = {value, before_.rlim_max};
		setrlimit(resource_, &limit);
	}
	~Limit() { setrlimit(resource_, &before_); }

private:
	int resource_;
	rlimit before_{};
};

TEST_P(HostMemory, ResourceLimitsAreErrorsToo)
{
	auto error = [&] {
		Result<std::unique_ptr<host::Instance>> made =
			GetParam().create(512 * mib, mib, {});
		return made ? Error{0, ""} : made.error();
	};
	Error too_big = [&] {
		Limit limit(RLIMIT_FSIZE, 100 * mib);	// exceeding it is a signal
		return error();
	}();
	EXPECT_EQ(too_big.code, EFBIG);
	EXPECT_NE(too_big.context.find("ulimit -f"), std::string::npos) << too_big.context;
	if (!sanitized) {
		Limit limit(RLIMIT_AS, 400 * mib);
		EXPECT_EQ(error().code, ENOMEM);
	}
	EXPECT_EQ(error().code, 0);
}

TEST_P(HostMemory, OddSizesAreRoundedUp)
{
	Result<std::unique_ptr<host::Instance>> made = GetParam().create(mib + 1, mib + 1, {});
	ASSERT_TRUE(made);
	EXPECT_EQ((*made)->ram().size(), mib + page_);
	EXPECT_EQ((*made)->vmalloc_bytes(), mib + page_);
	(*made)->ram().back() = std::byte{1};
}

TEST_P(HostMemory, WindowIsInaccessibleAtFirst)
{
	EXPECT_FALSE(readable(window(0)));
	EXPECT_FALSE(readable(window(instance_->vmalloc_bytes() - 1)));
}

TEST_P(HostMemory, ViewsAliasRam)
{
	ASSERT_EQ(map(0, 4 * page_, 2 * page_), 0);
	ASSERT_EQ(map(8 * page_, 5 * page_, page_), 0);
	*window(page_ + 7) = std::byte{0x11};
	EXPECT_EQ(*ram(5 * page_ + 7), std::byte{0x11});
	EXPECT_EQ(*window(8 * page_ + 7), std::byte{0x11});
	*ram(4 * page_) = std::byte{0x22};
	EXPECT_EQ(*window(0), std::byte{0x22});
}

TEST_P(HostMemory, ScatteredPagesBecomeContiguous)
{
	constexpr std::uint64_t count = 64;
	for (std::uint64_t i = 0; i < count; i++) {
		*ram((2 * (count - i)) * page_) = static_cast<std::byte>(i);
		ASSERT_EQ(map(i * page_, 2 * (count - i) * page_, page_), 0);
	}
	for (std::uint64_t i = 0; i < count; i++)
		EXPECT_EQ(*window(i * page_), static_cast<std::byte>(i));
}

TEST_P(HostMemory, MapReplaces)
{
	*ram(0) = std::byte{1};
	*ram(page_) = std::byte{2};
	ASSERT_EQ(map(0, 0, page_), 0);
	ASSERT_EQ(map(0, page_, page_), 0);
	EXPECT_EQ(*window(0), std::byte{2});
	EXPECT_EQ(*ram(0), std::byte{1});
}

TEST_P(HostMemory, UnmapTakesAccessAndNothingElse)
{
	ASSERT_EQ(map(0, 0, 3 * page_), 0);
	*window(page_) = std::byte{9};
	ASSERT_EQ(unmap(page_, page_), 0);
	EXPECT_TRUE(readable(window(0)));
	EXPECT_FALSE(readable(window(page_)));
	EXPECT_TRUE(readable(window(2 * page_)));
	EXPECT_EQ(*ram(page_), std::byte{9});
}

TEST_P(HostMemory, UnmapMayCoverGaps)
{
	ASSERT_EQ(map(page_, 0, page_), 0);
	ASSERT_EQ(map(5 * page_, page_, page_), 0);
	ASSERT_EQ(unmap(0, 32 * page_), 0);
	for (std::uint64_t i = 0; i < 32; i++)
		EXPECT_FALSE(readable(window(i * page_)));
	EXPECT_EQ(unmap(0, instance_->vmalloc_bytes()), 0);
}

TEST_P(HostMemory, UnmappedWindowStaysReserved)
{
	ASSERT_EQ(map(0, 0, page_), 0);
	ASSERT_EQ(unmap(0, page_), 0);
	void *other = mmap(window(0), page_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(other, MAP_FAILED);
	EXPECT_NE(other, window(0));
	munmap(other, page_);
}

TEST_P(HostMemory, MapAndUnmapInTheThousandsLeaveNoMappings)
{
	auto mappings = [] {
		std::ifstream maps("/proc/self/maps");
		return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
	};
	std::ptrdiff_t before = mappings();
	for (std::uint64_t i = 0; i < 2'000; i++)
		ASSERT_EQ(map(2 * i * page_, (i * 7 % 4'000) * page_, page_), 0);
	EXPECT_GE(mappings(), before + 2'000);
	ASSERT_EQ(unmap(0, 4'000 * page_), 0);
	EXPECT_LE(mappings(), before + 5);
}

TEST_P(HostMemory, HostOutOfMappingsIsENOMEMAndRecovers)
{
	if (sanitized)
		GTEST_SKIP() << "sanitizers end the process when they get no mapping";
	// Alternate pages, so that nothing merges; Linux's default limit is 65,530.
	Result<std::unique_ptr<host::Instance>> made =
		GetParam().create(16 * mib, 1024 * mib, {});
	ASSERT_TRUE(made);
	std::uint64_t limit = 0;
	std::ifstream("/proc/sys/vm/max_map_count") >> limit;
	std::uint64_t base = (*made)->vmalloc_base(), pages = (*made)->vmalloc_bytes() / page_;
	if (limit == 0 || limit > pages)
		GTEST_SKIP() << "vm.max_map_count is " << limit;
	auto address = [&](std::uint64_t page) {
		return reinterpret_cast<std::byte *>(base + page * page_);
	};
	auto map_at = [&](std::uint64_t page, std::uint64_t count) {
		return ops().map(made->get(), base + page * page_, 0, count * page_, read_write);
	};
	auto unmap_at = [&](std::uint64_t page, std::uint64_t count) {
		return ops().unmap(made->get(), base + page * page_, count * page_);
	};

	ASSERT_EQ(map_at(0, 5), 0);
	std::uint64_t next = 6;
	int result = 0;
	while (next < pages && (result = map_at(next, 1)) == 0)
		next += 2;
	EXPECT_EQ(result, -LKL_ENOMEM) << "after " << next;
	EXPECT_EQ(map_at(1, 1), -LKL_ENOMEM);
	EXPECT_FALSE(readable(address(1))) << "a failed map leaves nothing";
	EXPECT_TRUE(readable(address(0)));

	// Out of the middle of one, one, and all.
	EXPECT_EQ(unmap_at(3, 1), 0);
	EXPECT_FALSE(readable(address(3)));
	EXPECT_TRUE(readable(address(4)));
	EXPECT_EQ(unmap_at(6, 1), 0);
	EXPECT_EQ(unmap_at(0, pages), 0);
	EXPECT_EQ(map_at(0, 1), 0);
}

TEST_P(HostMemory, ProtectionsOfViewsHold)
{
	ASSERT_EQ(map(0, 0, page_, LKL_PROT_READ), 0);
	EXPECT_TRUE(readable(window(0)));
	EXPECT_FALSE(writable(window(0)));
	ASSERT_EQ(map(0, 0, page_, read_write), 0);
	EXPECT_TRUE(writable(window(0)));
	ASSERT_EQ(map(0, 0, page_, 0), 0);
	EXPECT_FALSE(readable(window(0)));
}

TEST_P(HostMemory, WrongRangesAreEINVAL)
{
	std::uint64_t ram_end = instance_->ram().size(), end = instance_->vmalloc_bytes();
	EXPECT_EQ(map(1, 0, page_), -LKL_EINVAL);
	EXPECT_EQ(map(0, 1, page_), -LKL_EINVAL);
	EXPECT_EQ(map(0, 0, page_ - 1), -LKL_EINVAL);
	EXPECT_EQ(map(0, 0, 0), -LKL_EINVAL);
	EXPECT_EQ(map(0, ram_end, page_), -LKL_EINVAL);
	EXPECT_EQ(map(0, ram_end - page_, 2 * page_), -LKL_EINVAL);
	EXPECT_EQ(map(0, ~0ULL - page_ + 1, 2 * page_), -LKL_EINVAL);
	EXPECT_EQ(map(end, 0, page_), -LKL_EINVAL);
	EXPECT_EQ(map(end - page_, 0, 2 * page_), -LKL_EINVAL);
	EXPECT_EQ(map(0 - page_, 0, page_), -LKL_EINVAL);
	EXPECT_EQ(unmap(0 - page_, 2 * page_), -LKL_EINVAL);
	EXPECT_EQ(unmap(0, end + page_), -LKL_EINVAL);
	EXPECT_EQ(unmap(1, page_), -LKL_EINVAL);
}

TEST_P(HostMemory, DiscardedRamReadsZeroOrOld)
{
	std::memset(ram(mib), 0x33, 2 * mib);
	ops().discard(host(), mib, mib);
	for (std::uint64_t i = 0; i < mib; i += 512)
		ASSERT_TRUE(*ram(mib + i) == std::byte{0} || *ram(mib + i) == std::byte{0x33});
	EXPECT_EQ(*ram(2 * mib), std::byte{0x33}) << "beyond the range";
	*ram(mib) = std::byte{0x44};
	ASSERT_EQ(map(0, mib, page_), 0);
	EXPECT_EQ(*window(0), std::byte{0x44}) << "usable again, and one with its views";
}

TEST_P(HostMemory, DiscardOfWrongRangesIsHarmless)
{
	*ram(0) = std::byte{1};
	ops().discard(host(), 1, page_);
	ops().discard(host(), instance_->ram().size(), page_);
	ops().discard(host(), 0, ~0ULL);
	EXPECT_EQ(*ram(0), std::byte{1});
}

TEST_P(HostMemory, ProtectLimitsAccess)
{
	*ram(page_) = std::byte{5};
	ASSERT_TRUE(instance_->protect(page_, page_, LKL_PROT_READ));
	EXPECT_TRUE(readable(ram(page_)));
	EXPECT_FALSE(writable(ram(page_)));
	EXPECT_TRUE(writable(ram(0)));
	EXPECT_TRUE(writable(ram(2 * page_)));
	ASSERT_TRUE(instance_->protect(page_, page_, 0));
	EXPECT_FALSE(readable(ram(page_)));
	ASSERT_TRUE(instance_->protect(page_, page_, LKL_PROT_READ | LKL_PROT_EXEC));
	EXPECT_EQ(*ram(page_), std::byte{5});
}

TEST_P(HostMemory, ProtectOfWrongRangesIsEINVAL)
{
	EXPECT_EQ(instance_->protect(1, page_, 0).error().code, LKL_EINVAL);
	EXPECT_EQ(instance_->protect(instance_->ram().size(), page_, 0).error().code, LKL_EINVAL);
	EXPECT_EQ(instance_->protect(0, 0, 0).error().code, LKL_EINVAL);
}

} // namespace
} // namespace lkl::test
