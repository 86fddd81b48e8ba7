// SPDX-License-Identifier: GPL-2.0
// Instance::place(): an image's bytes in RAM, by mapping where possible, and
// always as if by copy. For every host.
#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/host_fixture.hh"

namespace lkl::test {
namespace {

constexpr std::size_t constant_bytes = 100'000;	// not whole pages

constexpr std::array<std::byte, constant_bytes> pattern()
{
	std::array<std::byte, constant_bytes> bytes{};
	for (std::size_t i = 0; i < bytes.size(); i++)
		bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
	return bytes;
}

/// Part of this program's file, as a kernel image linked into a tool is.
alignas(65536) constinit const std::array<std::byte, constant_bytes> constant = pattern();

using Bytes = std::vector<std::byte>;

class HostPlace : public HostTest {
protected:
	void SetUp() override
	{
		HostTest::SetUp();
		page_ = instance_->map_granule();
		char name[] = "/tmp/lkl-place-XXXXXX";
		ASSERT_NE(mkdtemp(name), nullptr);
		directory_ = name;
	}
	void TearDown() override { std::filesystem::remove_all(directory_); }

	std::span<std::byte> ram(std::uint64_t at, std::size_t bytes)
	{
		return instance_->ram().subspan(at, bytes);
	}

	/// Whether a file is mapped there, by Linux's account.
	bool from_file(std::uint64_t at)
	{
		std::uintptr_t address = reinterpret_cast<std::uintptr_t>(ram(at, 1).data());
		std::ifstream maps("/proc/self/maps");
		std::string line;
		while (std::getline(maps, line)) {
			std::uintptr_t start = 0, end = 0;
			if (std::sscanf(line.c_str(), "%lx-%lx", &start, &end) == 2 &&
			    start <= address && address < end)
				return line.find("memfd:") == line.npos;
		}
		return false;
	}

	std::string make_file(const char *name, const Bytes &bytes)
	{
		std::string path = directory_ + "/" + name;
		std::ofstream(path, std::ios::binary)
			.write(reinterpret_cast<const char *>(bytes.data()),
			       static_cast<std::streamsize>(bytes.size()));
		return path;
	}
	static Bytes read_file(const std::string &path)
	{
		std::ifstream file(path, std::ios::binary);
		std::string text((std::istreambuf_iterator<char>(file)), {});
		const std::byte *data = reinterpret_cast<const std::byte *>(text.data());
		return {data, data + text.size()};
	}

	void expect_placed(std::uint64_t at, std::span<const std::byte> source)
	{
		Bytes before(source.begin(), source.end());
		Result<void> placed = instance_->place(at, source);
		ASSERT_TRUE(placed) << placed.error().context;
		std::span<std::byte> target = ram(at, source.size());
		EXPECT_TRUE(std::ranges::equal(target, before));
		EXPECT_EQ(ram(at + source.size(), 1)[0], std::byte{0}) << "beyond its end";
		// Its own memory from now on, in every page.
		for (std::size_t i = 0; i < target.size(); i += 512)
			target[i] ^= std::byte{0xff};
		EXPECT_TRUE(std::ranges::equal(source, before)) << "the source changed";
		for (std::size_t i = 0; i < target.size(); i += 512)
			EXPECT_EQ(target[i], before[i] ^ std::byte{0xff});
	}

	std::uint64_t page_ = 0;
	std::string directory_;
};
INSTANTIATE_TEST_SUITE_P(Host, HostPlace, all_hosts(), host_name);

TEST_P(HostPlace, ProgramsOwnConstantsAreMapped)
{
	expect_placed(2 * mib, constant);
	EXPECT_TRUE(from_file(2 * mib));
	EXPECT_FALSE(from_file(2 * mib + constant_bytes)) << "the last page holds other RAM too";
}

TEST_P(HostPlace, PartsStartingAnywhereAreRight)
{
	std::uint64_t at = mib;
	for (std::size_t skip : {std::size_t{1}, std::size_t{4095}, page_ / 2, page_ + 3}) {
		std::span<const std::byte> part = std::span(constant).subspan(skip);
		expect_placed(at + skip % page_, part);	// congruent
		EXPECT_TRUE(from_file(at + page_));
		expect_placed(at + mib, part);		// not
		EXPECT_FALSE(from_file(at + mib + page_));
		at += 2 * mib;
	}
}

TEST_P(HostPlace, SmallAndEmptyPartsAreCopied)
{
	expect_placed(mib, std::span(constant).first(10));
	expect_placed(2 * mib + 4090, std::span(constant).subspan(4090, 12));
	expect_placed(3 * mib, std::span(constant).first(page_ - 1));
	EXPECT_TRUE(instance_->place(4 * mib, {}));
	EXPECT_FALSE(from_file(2 * mib));
}

TEST_P(HostPlace, HeapIsCopied)
{
	Bytes heap(constant.begin(), constant.end());
	expect_placed(mib, heap);
	EXPECT_FALSE(from_file(mib));
}

TEST_P(HostPlace, OpenedImagesAreMappedAndTheFileStays)
{
	Bytes bytes(constant.begin(), constant.end());
	std::string path = make_file("image", bytes);
	Result<std::unique_ptr<host::File>> file =
		host::File::open(path, host::File::Access::read_only);
	ASSERT_TRUE(file);
	Result<std::span<const std::byte>> contents = (*file)->contents();
	ASSERT_TRUE(contents);
	expect_placed(mib, *contents);
	EXPECT_TRUE(from_file(mib));
	EXPECT_EQ(read_file(path), bytes);
	// Needed no longer: the bytes stay.
	file->reset();
	EXPECT_EQ(ram(mib + 1, 1)[0], bytes[1]);
}

TEST_P(HostPlace, ReplacedFileDoesNotMisleadIt)
{
	Bytes bytes(constant.begin(), constant.end());
	std::string path = make_file("image", bytes);
	Result<std::unique_ptr<host::File>> file =
		host::File::open(path, host::File::Access::read_only);
	ASSERT_TRUE(file);
	Result<std::span<const std::byte>> contents = (*file)->contents();
	ASSERT_TRUE(contents);
	std::string other = make_file("other", Bytes(bytes.size(), std::byte{0xee}));
	std::filesystem::rename(other, path);
	// Even under the very name that Linux now gives the old file.
	make_file("image (deleted)", Bytes(bytes.size(), std::byte{0xdd}));
	expect_placed(mib, *contents);
}

TEST_P(HostPlace, NameThatIsNowAFifoDoesNotHang)
{
	std::string path = make_file("image", Bytes(constant.begin(), constant.end()));
	Result<std::unique_ptr<host::File>> file =
		host::File::open(path, host::File::Access::read_only);
	ASSERT_TRUE(file);
	Result<std::span<const std::byte>> contents = (*file)->contents();
	ASSERT_TRUE(contents);
	std::filesystem::remove(path);
	ASSERT_EQ(mkfifo((path + " (deleted)").c_str(), 0600), 0);
	ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
	expect_placed(mib, *contents);
}

TEST_P(HostPlace, WrittenPrivateMappingIsPlacedAsItReads)
{
	std::string path = make_file("image", Bytes(constant.begin(), constant.end()));
	int fd = open(path.c_str(), O_RDONLY);
	std::byte *data = static_cast<std::byte *>(mmap(
		nullptr, constant_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	ASSERT_NE(data, MAP_FAILED);
	close(fd);
	data[page_ + 1] = std::byte{0xaa};
	expect_placed(mib, {data, constant_bytes});
	munmap(data, constant_bytes);
}

TEST_P(HostPlace, SourceOverTwoMappingsIsRight)
{
	std::string path = make_file("image", Bytes(constant.begin(), constant.end()));
	int fd = open(path.c_str(), O_RDONLY);
	std::byte *data = static_cast<std::byte *>(
		mmap(nullptr, 4 * page_, PROT_READ, MAP_PRIVATE, fd, 0));
	ASSERT_NE(data, MAP_FAILED);
	ASSERT_NE(mmap(data + 2 * page_, 2 * page_, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
		       static_cast<off_t>(8 * page_)),
		  MAP_FAILED);
	close(fd);
	expect_placed(mib, {data, 4 * page_});
	munmap(data, 4 * page_);
}

TEST_P(HostPlace, EachByteIsPlacedOnce)
{
	ASSERT_TRUE(instance_->place(mib, constant));
	EXPECT_EQ(instance_->place(mib + page_, constant).error().code, LKL_EINVAL);
}

TEST_P(HostPlace, WrongRangesAreEINVAL)
{
	std::uint64_t end = instance_->ram().size();
	EXPECT_EQ(instance_->place(end, constant).error().code, LKL_EINVAL);
	EXPECT_EQ(instance_->place(end - constant_bytes + 1, constant).error().code, LKL_EINVAL);
	EXPECT_EQ(instance_->place(~0ULL, constant).error().code, LKL_EINVAL);
	EXPECT_TRUE(instance_->place(end - constant_bytes - 1, constant));
}

TEST_P(HostPlace, PlacedPagesHaveNoSecondView)
{
	ASSERT_TRUE(instance_->place(mib, constant));
	std::uint64_t window = instance_->vmalloc_base();
	EXPECT_EQ(ops().map(host(), window, mib, page_, LKL_PROT_READ), -LKL_EINVAL);
	EXPECT_EQ(ops().map(host(), window, mib - page_, 2 * page_, LKL_PROT_READ), -LKL_EINVAL);
	EXPECT_EQ(ops().map(host(), window, mib - page_, page_, LKL_PROT_READ), 0);
	// Its last, shared page is ordinary RAM.
	std::uint64_t tail = constant_bytes / page_ * page_;
	EXPECT_EQ(ops().map(host(), window, mib + tail, page_, LKL_PROT_READ), 0);
	EXPECT_EQ(*reinterpret_cast<std::byte *>(window), constant[tail]);
	ops().discard(host(), mib, page_);
	EXPECT_EQ(ram(mib + 1, 1)[0], constant[1]);
}

TEST_P(HostPlace, PlacedCodeCanBeMadeExecutable)
{
	ASSERT_TRUE(instance_->place(mib, constant));
	Result<void> result = instance_->protect(mib, page_, LKL_PROT_READ | LKL_PROT_EXEC);
	EXPECT_TRUE(result) << result.error().context;
	EXPECT_EQ(ram(mib, 1)[0], constant[0]);
}

TEST_P(HostPlace, ManyInstancesShareTheSource)
{
	std::vector<std::unique_ptr<host::Instance>> instances;
	for (int i = 0; i < 20; i++) {
		Result<std::unique_ptr<host::Instance>> made =
			GetParam().create(16 * mib, mib, {});
		ASSERT_TRUE(made);
		ASSERT_TRUE((*made)->place(0, constant));
		(*made)->ram()[0] = static_cast<std::byte>(i);
		instances.push_back(std::move(*made));
	}
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(instances[static_cast<std::size_t>(i)]->ram()[0],
			  static_cast<std::byte>(i));
	EXPECT_EQ(constant[0], pattern()[0]);
}

} // namespace
} // namespace lkl::test
