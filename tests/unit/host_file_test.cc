// SPDX-License-Identifier: GPL-2.0
// host::File on regular files: transfers, discarding and zeroing.
#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/host_file_fixture.hh"

namespace lkl::test {
namespace {

TEST_F(HostFile, ReadsWhatIsThere)
{
	Bytes all = numbered(100'000);
	std::unique_ptr<File> file = make(all);
	Bytes part(777);
	EXPECT_EQ(read(*file, part, 12'345), 777);
	EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 12'345));
}

TEST_F(HostFile, ReadStopsAtTheEnd)
{
	Bytes all = numbered(1000);
	std::unique_ptr<File> file = make(all);
	Bytes part(600);
	EXPECT_EQ(read(*file, part, 900), 100);
	EXPECT_TRUE(std::equal(part.begin(), part.begin() + 100, all.begin() + 900));
	EXPECT_EQ(read(*file, part, 1000), 0);
	EXPECT_EQ(read(*file, part, 1ULL << 40), 0);
	std::vector<Buffer> two = {{part.data(), 300}, {part.data() + 300, 300}};
	EXPECT_EQ(file->read(two, 500, false), 500);
}

TEST_F(HostFile, EmptyFilesAndEmptyTransfersAreFine)
{
	std::unique_ptr<File> file = make({});
	EXPECT_EQ(file->bytes(), 0u);
	Bytes part(10);
	EXPECT_EQ(read(*file, part, 0), 0);
	EXPECT_EQ(file->read({}, 0, false), 0);
	EXPECT_EQ(file->write({}, 0), 0);
	Result<std::span<const std::byte>> contents = file->contents();
	ASSERT_TRUE(contents);
	EXPECT_TRUE(contents->empty());
}

TEST_F(HostFile, EmptyBuffersAmongOthersAreSkipped)
{
	Bytes all = numbered(100), part(100);
	std::unique_ptr<File> file = make(all);
	std::vector<Buffer> buffers = {{nullptr, 0}, {part.data(), 40}, {nullptr, 0},
				       {part.data() + 40, 60}, {nullptr, 0}};
	EXPECT_EQ(file->read(buffers, 0, false), 100);
	EXPECT_EQ(part, all);
	EXPECT_EQ(file->write(buffers, 50), 100);
	buffers.assign(1000, Buffer{nullptr, 0});
	EXPECT_EQ(file->read(buffers, 0, false), 0);
}

TEST_F(HostFile, MoreBuffersThanOneSystemCallTakes)
{
	Bytes all = numbered(5 * IOV_MAX * 3 + 1), copy(all.size());
	std::unique_ptr<File> file = make(Bytes(10));
	std::vector<Buffer> buffers = cut(all, 3);
	ASSERT_GT(buffers.size(), 4u * IOV_MAX);
	EXPECT_EQ(file->write(buffers, 7), static_cast<std::int64_t>(all.size()));
	EXPECT_EQ(file->read(cut(copy, 5), 7, false), static_cast<std::int64_t>(all.size()));
	EXPECT_EQ(copy, all);
	Bytes written = on_disk();
	EXPECT_TRUE(std::ranges::equal(std::span(written).subspan(7), all));
}

TEST_F(HostFile, LargeTransfersAreWhole)
{
	// More than one system call moves at once: 2 GiB less a page on Linux. The
	// buffers are one and the same memory, and the file is a hole.
	constexpr std::uint64_t total = 5ULL << 29;
	int fd = memfd_create("test", MFD_CLOEXEC);
	ASSERT_EQ(ftruncate(fd, static_cast<off_t>(total)), 0);
	Result<std::unique_ptr<File>> file = File::borrow(fd, Access::read_only);
	ASSERT_TRUE(file);
	Bytes piece(32 << 20);
	std::vector<Buffer> buffers(total / piece.size(), {piece.data(), piece.size()});
	EXPECT_EQ((*file)->read(buffers, 0, false), static_cast<std::int64_t>(total));
	close(fd);
}

TEST_F(HostFile, WritesAreReadBackAndDurable)
{
	std::unique_ptr<File> file = make(Bytes(10'000));
	Bytes data = numbered(3000);
	EXPECT_EQ(write(*file, data, 1234), 3000);
	EXPECT_EQ(file->sync(), 0);
	Bytes back(3000);
	EXPECT_EQ(read(*file, back, 1234), 3000);
	EXPECT_EQ(back, data);
	EXPECT_EQ(on_disk().size(), 10'000u);
}

TEST_F(HostFile, CachedReadsGiveTheSameOrWouldBlock)
{
	Bytes all = numbered(300'000);
	std::unique_ptr<File> file = make(all);
	Bytes part(all.size());
	std::int64_t done = read(*file, part, 0, true);
	if (done < 0)
		EXPECT_EQ(done, -EAGAIN);
	else
		EXPECT_TRUE(std::equal(part.begin(), part.begin() + done, all.begin()));
	EXPECT_LE(read(*file, part, all.size(), true), 0);
}

TEST_F(HostFile, ColdCachedReadsWouldBlock)
{
	// On the file system of the tests' folder, which must be on a disk.
	Bytes all = numbered(8 << 20);
	std::unique_ptr<File> file = make(all);
	ASSERT_EQ(file->sync(), 0);
	int fd = ::open(path_.c_str(), O_RDONLY);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	void *view = mmap(nullptr, all.size(), PROT_READ, MAP_SHARED, fd, 0);
	std::vector<unsigned char> resident(all.size() / 4096);
	mincore(view, all.size(), resident.data());
	munmap(view, all.size());
	close(fd);
	if (std::ranges::count_if(resident, [](int page) { return page & 1; }) > 0)
		GTEST_SKIP() << "/tmp keeps the file in memory";
	Bytes part(65536);
	EXPECT_EQ(read(*file, part, 4 << 20, true), -EAGAIN);
	EXPECT_EQ(read(*file, part, 4 << 20, false), 65536);
	EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + (4 << 20)));
}

TEST_F(HostFile, CachedReadsOfMemoryFilesNeverBlock)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	ASSERT_GE(fd, 0);
	Result<std::unique_ptr<File>> file = File::borrow(fd, Access::read_write);
	ASSERT_TRUE(file);
	Bytes all = numbered(100'000), part(100'000);
	EXPECT_EQ(write(**file, all, 0), 100'000);
	EXPECT_EQ(read(**file, part, 0, true), 100'000);
	EXPECT_EQ(part, all);
	close(fd);
}

TEST_F(HostFile, ReadErrorsAreReported)
{
	std::unique_ptr<File> file = make(numbered(4096));
	Buffer bad{reinterpret_cast<void *>(8), 100};
	EXPECT_EQ(file->read({&bad, 1}, 0, false), -EFAULT);
	EXPECT_EQ(file->write({&bad, 1}, 0), -EFAULT);
	// What came before an error counts.
	Bytes part(4096);
	std::vector<Buffer> buffers = cut(part, 4);
	buffers[1000] = {reinterpret_cast<void *>(8), 4};
	std::int64_t done = file->read(buffers, 0, false);
	EXPECT_GT(done, 0);
	EXPECT_LE(done, 4000);
}

TEST_F(HostFile, FullDiskIsENOSPC)
{
	Result<std::unique_ptr<File>> full = File::open("/dev/full", Access::read_write);
	EXPECT_FALSE(full);
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_EQ(ftruncate(fd, 4096), 0);
	ASSERT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	Result<std::unique_ptr<File>> file = File::borrow(fd, Access::read_write);
	ASSERT_TRUE(file);
	EXPECT_EQ(write(**file, Bytes(4096), 0), 4096);
	EXPECT_LT(write(**file, Bytes(4096), 4096), 0);
	close(fd);
}

TEST_F(HostFile, ZeroedRangesReadAsZero)
{
	Bytes expected = numbered(64 << 10);
	std::unique_ptr<File> file = make(expected);
	int result = file->zero(5'000, 20'000);
	if (result == -EOPNOTSUPP)
		GTEST_SKIP() << "not supported by the file system of /tmp";
	ASSERT_EQ(result, 0);
	std::fill_n(expected.begin() + 5'000, 20'000, std::byte{0});
	EXPECT_EQ(on_disk(), expected);
	EXPECT_EQ(file->zero(60 << 10, 1 << 20), 0) << "beyond the end";
	EXPECT_EQ(on_disk().size(), expected.size());
	EXPECT_EQ(file->zero(0, 0), 0);
}

TEST_F(HostFile, DiscardGivesStorageBack)
{
	Bytes all = numbered(1 << 20);
	std::unique_ptr<File> file = make(all);
	ASSERT_EQ(file->sync(), 0);
	struct stat before {}, after {};
	stat(path_.c_str(), &before);
	int result = file->discard(256 << 10, 512 << 10);
	if (result == -EOPNOTSUPP)
		GTEST_SKIP() << "not supported by the file system of /tmp";
	ASSERT_EQ(result, 0);
	stat(path_.c_str(), &after);
	EXPECT_LE(after.st_blocks, before.st_blocks - (512 << 10) / 512);
	EXPECT_EQ(after.st_size, before.st_size);
	EXPECT_EQ(file->discard(0, 0), 0);
	Bytes rest = on_disk();
	EXPECT_TRUE(std::equal(rest.begin(), rest.begin() + (256 << 10), all.begin()));
	EXPECT_TRUE(std::equal(rest.begin() + (768 << 10), rest.end(), all.begin() + (768 << 10)));
}

TEST_F(HostFile, IsSafeFromManyThreads)
{
	constexpr std::size_t threads = 4, part = 64 << 10;
	std::unique_ptr<File> file = make(Bytes(threads * part));
	auto work = [&](std::size_t number) {
		Bytes mine(part, static_cast<std::byte>(number + 1)), back(part);
		for (int i = 0; i < 50; i++) {
			EXPECT_EQ(write(*file, mine, number * part), std::int64_t{part});
			std::int64_t done = read(*file, back, number * part, true);
			if (done < std::int64_t{part})
				done = read(*file, back, number * part, false);
			EXPECT_EQ(done, std::int64_t{part});
			EXPECT_EQ(back, mine);
			EXPECT_TRUE(file->contents());
		}
		EXPECT_EQ(file->sync(), 0);
	};
	std::vector<std::thread> all;
	for (std::size_t i = 0; i < threads; i++)
		all.emplace_back(work, i);
	for (std::thread &thread : all)
		thread.join();
}

} // namespace
} // namespace lkl::test
