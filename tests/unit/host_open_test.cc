// SPDX-License-Identifier: GPL-2.0
// host::File: what it opens and borrows, what it refuses, and its locks.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/host_file_fixture.hh"

namespace lkl::test {
namespace {

using HostOpen = HostFile;

TEST_F(HostOpen, TellsItsShape)
{
	std::unique_ptr<File> file = make(numbered(5000));
	EXPECT_EQ(file->bytes(), 5000u);
	EXPECT_EQ(file->block_bytes(), 512u);
	EXPECT_FALSE(file->read_only());
	EXPECT_TRUE(open(Access::read_only)->read_only());
}

TEST_F(HostOpen, ReadOnlyFilesRefuseEveryChange)
{
	std::unique_ptr<File> file = make(numbered(4096), Access::read_only);
	EXPECT_EQ(write(*file, Bytes(10), 0), -EBADF);
	EXPECT_EQ(file->discard(0, 4096), -EBADF);
	EXPECT_EQ(file->zero(0, 4096), -EBADF);
	EXPECT_EQ(file->sync(), 0);
	EXPECT_EQ(on_disk(), numbered(4096));
}

TEST_F(HostOpen, ScratchFilesAreHolesInMemory)
{
	Result<std::unique_ptr<File>> file = File::scratch(1ULL << 40);
	ASSERT_TRUE(file) << file.error().context;
	EXPECT_EQ((*file)->bytes(), 1ULL << 40);
	EXPECT_FALSE((*file)->read_only());
	Bytes part = numbered(100), copy(102);
	EXPECT_EQ(write(**file, part, (1ULL << 39) + 1), 100);
	EXPECT_EQ(read(**file, copy, 1ULL << 39), 102);
	part.insert(part.begin(), std::byte());
	part.push_back(std::byte());
	EXPECT_EQ(copy, part);
	EXPECT_GE((*file)->descriptor(), 0);
}

TEST_F(HostOpen, LocksExcludeWriters)
{
	std::unique_ptr<File> writer = make(Bytes(512));
	EXPECT_EQ(writer->lock(), 0);
	EXPECT_EQ(writer->lock(), 0) << "its own";
	EXPECT_EQ(open(Access::read_only)->lock(), -EBUSY);
	EXPECT_EQ(open(Access::read_write)->lock(), -EBUSY);
	writer.reset();

	std::unique_ptr<File> reader = open(Access::read_only);
	EXPECT_EQ(reader->lock(), 0);
	EXPECT_EQ(open(Access::read_only)->lock(), 0);
	EXPECT_EQ(open(Access::read_write)->lock(), -EBUSY);
	reader.reset();
	EXPECT_EQ(open(Access::read_write)->lock(), 0);
}

TEST_F(HostOpen, LockOnABorrowedDescriptorEndsWithTheFile)
{
	make(Bytes(512));
	int fd = ::open(path_.c_str(), O_RDWR);
	{
		Result<std::unique_ptr<File>> file = File::borrow(fd, Access::read_write);
		ASSERT_TRUE(file);
		EXPECT_EQ((*file)->lock(), 0);
		EXPECT_EQ(open(Access::read_only)->lock(), -EBUSY);
	}
	EXPECT_EQ(open(Access::read_write)->lock(), 0);
	close(fd);
}

TEST_F(HostOpen, WhatHoldsNoImageIsRefused)
{
	EXPECT_EQ(open_error(directory_ + "/missing"), ENOENT);
	EXPECT_EQ(open_error(directory_), EISDIR);
	EXPECT_EQ(open_error(directory_, Access::read_write), EISDIR);
	EXPECT_EQ(open_error("/dev/null"), EINVAL);
	std::string fifo = directory_ + "/fifo";
	ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
	EXPECT_EQ(open_error(fifo), EINVAL);
	EXPECT_EQ(open_error(""), ENOENT);
	make(Bytes(1));
	EXPECT_EQ(open_error(path_ + "/below"), ENOTDIR);
	ASSERT_EQ(symlink("loop", (directory_ + "/loop").c_str()), 0);
	EXPECT_EQ(open_error(directory_ + "/loop"), ELOOP);
}

TEST_F(HostOpen, PermissionsHold)
{
	make(Bytes(1));
	ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
	constexpr uid_t nobody = 65534;
	bool root = geteuid() == 0;
	if (root) {
		ASSERT_EQ(chown(directory_.c_str(), nobody, -1u), 0);
		ASSERT_EQ(chown(path_.c_str(), nobody, -1u), 0);
		ASSERT_EQ(seteuid(nobody), 0);
	}
	EXPECT_EQ(open_error(path_, Access::read_write), EACCES);
	EXPECT_EQ(open_error(path_), 0);
	if (root) {
		ASSERT_EQ(seteuid(0), 0);
	}
}

TEST_F(HostOpen, BorrowedDescriptorsStayOpenAndKeepTheirOffset)
{
	make(numbered(1000));
	int fd = ::open(path_.c_str(), O_RDWR);
	lseek(fd, 77, SEEK_SET);
	{
		Result<std::unique_ptr<File>> file = File::borrow(fd, Access::read_write);
		ASSERT_TRUE(file);
		EXPECT_EQ((*file)->bytes(), 1000u);
		Bytes part(100);
		EXPECT_EQ(read(**file, part, 500), 100);
		EXPECT_EQ(write(**file, part, 0), 100);
	}
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 77);
	EXPECT_EQ(close(fd), 0);
}

TEST_F(HostOpen, BorrowedDescriptorsMustFit)
{
	make(Bytes(10));
	auto error = [](int fd, Access access) {
		Result<std::unique_ptr<File>> file = File::borrow(fd, access);
		int code = file ? 0 : file.error().code;
		close(fd);
		return code;
	};
	auto opened = [&](int flags) { return ::open(path_.c_str(), flags); };
	EXPECT_EQ(error(-1, Access::read_only), EBADF);
	EXPECT_EQ(error(opened(O_RDONLY), Access::read_write), EBADF);
	EXPECT_EQ(error(opened(O_WRONLY), Access::read_write), EBADF);
	EXPECT_EQ(error(opened(O_RDWR | O_APPEND), Access::read_write), EINVAL);
	EXPECT_EQ(error(opened(O_RDWR | O_APPEND), Access::read_only), 0);
	EXPECT_EQ(error(::open(directory_.c_str(), O_RDONLY), Access::read_only), EISDIR);
	EXPECT_EQ(error(::open("/dev/null", O_RDWR), Access::read_only), EINVAL);
}

TEST_F(HostOpen, ContentsAreTheWholeFile)
{
	Bytes all = numbered(123'457);
	std::unique_ptr<File> file = make(all, Access::read_only);
	Result<std::span<const std::byte>> contents = file->contents();
	ASSERT_TRUE(contents);
	EXPECT_TRUE(std::ranges::equal(*contents, all));
	EXPECT_EQ(file->contents()->data(), contents->data()) << "mapped once";
}

} // namespace
} // namespace lkl::test
