// SPDX-License-Identifier: GPL-2.0
// host::File on a block device: a loop device over a scratch file, which takes
// root and a kernel with loop devices.
#include <cerrno>

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/host_file_fixture.hh"

namespace lkl::test {
namespace {

class HostDevice : public HostFile {
protected:
	static constexpr std::size_t bytes = 4 << 20;

	void SetUp() override
	{
		HostFile::SetUp();
		make(numbered(bytes));
		int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
		int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
		if (control >= 0)
			close(control);
		if (number < 0)
			GTEST_SKIP() << "no free loop device";
		device_ = "/dev/loop" + std::to_string(number);
		loop_ = ::open(device_.c_str(), O_RDWR | O_CLOEXEC);
		int backing = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
		loop_config config{};
		config.fd = static_cast<__u32>(backing);
		bool made = loop_ >= 0 && ioctl(loop_, LOOP_CONFIGURE, &config) == 0;
		close(backing);
		if (!made)
			GTEST_SKIP() << device_ << " cannot be set up";
		attached_ = true;
	}
	void TearDown() override
	{
		if (attached_)
			ioctl(loop_, LOOP_CLR_FD);
		if (loop_ >= 0)
			close(loop_);
		HostFile::TearDown();
	}

	std::unique_ptr<File> open_device(Access access)
	{
		Result<std::unique_ptr<File>> file = File::open(device_, access);
		if (!file) {
			ADD_FAILURE() << file.error().context << " " << file.error().code;
			return nullptr;
		}
		return std::move(*file);
	}

	std::string device_;
	int loop_ = -1;
	bool attached_ = false;
};

TEST_F(HostDevice, TellsItsShape)
{
	std::unique_ptr<File> file = open_device(Access::read_write);
	EXPECT_EQ(file->bytes(), bytes);
	EXPECT_EQ(file->block_bytes(), 512u);
}

TEST_F(HostDevice, TransfersWork)
{
	std::unique_ptr<File> file = open_device(Access::read_write);
	Bytes data = numbered(10'000), back(10'000);
	EXPECT_EQ(read(*file, back, 0), 10'000);
	EXPECT_EQ(back, data);
	EXPECT_EQ(write(*file, data, 4096), 10'000);
	EXPECT_EQ(file->sync(), 0);
	EXPECT_EQ(read(*file, back, 4096), 10'000);
	EXPECT_EQ(back, data);
	EXPECT_EQ(read(*file, back, bytes - 100), 100);
	EXPECT_EQ(write(*file, data, bytes), -ENOSPC);
}

TEST_F(HostDevice, ZeroedRangesReadAsZero)
{
	std::unique_ptr<File> file = open_device(Access::read_write);
	ASSERT_EQ(file->zero(8192, 65536), 0);
	Bytes back(65536);
	EXPECT_EQ(read(*file, back, 8192), 65536);
	EXPECT_EQ(back, Bytes(65536));
	EXPECT_EQ(read(*file, back, 4096), 65536);
	EXPECT_EQ(back[4095], numbered(8192)[8191]);
}

TEST_F(HostDevice, DiscardWorksOrSaysThatItCannot)
{
	std::unique_ptr<File> file = open_device(Access::read_write);
	int result = file->discard(1 << 20, 1 << 20);
	EXPECT_TRUE(result == 0 || result == -EOPNOTSUPP) << result;
}

TEST_F(HostDevice, LockFailsWhileTheHostUsesIt)
{
	EXPECT_EQ(open_device(Access::read_write)->lock(), 0);
	// As a mount does.
	int claim = ::open(device_.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC);
	ASSERT_GE(claim, 0);
	EXPECT_EQ(open_device(Access::read_write)->lock(), -EBUSY);
	EXPECT_EQ(open_device(Access::read_only)->lock(), 0);
	close(claim);

	std::unique_ptr<File> file = open_device(Access::read_write);
	EXPECT_EQ(file->lock(), 0);
	EXPECT_LT(::open(device_.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC), 0);
}

} // namespace
} // namespace lkl::test
