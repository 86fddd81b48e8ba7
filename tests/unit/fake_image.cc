// SPDX-License-Identifier: GPL-2.0
#include "tests/unit/fake_image.hh"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include <lkl/abi.h>

namespace lkl::test {

FakeImage *FakeImage::booting = nullptr;

// What a struct lkl_thread is to this image.
struct FakeImage::Thread {
	FakeImage *image;
	std::uint64_t magic;
	bool init;
	bool interrupted;
};

namespace {

constexpr std::uint64_t alive = 0x616c697665;
constexpr int mounts_fd = 100;

template <class T> T &as(lkl_thread *thread)
{
	return *reinterpret_cast<T *>(thread);
}

} // namespace

FakeImage::FakeImage()
{
	table_.size = sizeof(table_);
	table_.version = LKL_HOST_ABI_VERSION;
	table_.page_bytes = 4096;
	table_.thread_bytes = sizeof(Thread);
	table_.release = "fake";
	table_.boot = [](const lkl_boot *boot, lkl_thread *init) -> lkl_s32 {
		FakeImage &image = *std::exchange(booting, nullptr);

		image.boot_copy_ = *boot;
		image.boot_ = &image.boot_copy_;
		image.command_line = boot->command_line;
		as<Thread>(init) = {&image, alive, true, false};
		if (image.boot_result == -LKL_EIO)
			boot->ops->died(boot->host, "no init", 7);
		return image.boot_result;
	};
	table_.thread_attach = [](lkl_thread *parent, lkl_thread *thread) -> lkl_s32 {
		FakeImage &image = *as<Thread>(parent).image;

		EXPECT_EQ(as<Thread>(parent).magic, alive);
		EXPECT_EQ(as<Thread>(thread).magic, 0u);
		EXPECT_EQ(image.halted, 0);
		as<Thread>(thread) = {&image, alive, false, false};
		if (image.die_in_attach) {
			image.half_attached_ = &as<Thread>(thread);
			image.boot_->ops->died(image.boot_->host, "no memory", 9);
			return -LKL_EIO;
		}
		return 2 + image.attached++;
	};
	table_.thread_detach = [](lkl_thread *thread) {
		FakeImage &image = *as<Thread>(thread).image;

		EXPECT_EQ(as<Thread>(thread).magic, alive);
		EXPECT_EQ(image.halted, 0);
		as<Thread>(thread).magic = 0;
		image.detached++;
	};
	table_.syscall = [](lkl_thread *thread, lkl_s64 nr, const lkl_s64 *args) -> lkl_s64 {
		Thread &self = as<Thread>(thread);
		FakeImage &image = *self.image;

		EXPECT_EQ(self.magic, alive);
		EXPECT_EQ(image.halted, 0);
		image.inside += !self.init;
		image.calls++;

		std::int64_t result = image.call(self, nr, args);

		image.inside -= !self.init;
		return result;
	};
	table_.interrupt = [](lkl_thread *thread) {
		FakeImage &image = *as<Thread>(thread).image;
		std::lock_guard lock(image.mutex_);

		EXPECT_EQ(as<Thread>(thread).magic, alive);
		as<Thread>(thread).interrupted = true;
		image.interrupts++;
		image.changed_.notify_all();
	};
	table_.quiesce = [](lkl_thread *init) {
		FakeImage &image = *as<Thread>(init).image;
		std::lock_guard lock(image.mutex_);

		// Does not wake anybody: that is interrupt()'s part of the test.
		image.stopping_ = true;
		image.quiesced++;
	};
	table_.halt = [](lkl_thread *init) {
		FakeImage &image = *as<Thread>(init).image;

		EXPECT_EQ(image.inside, 0);
		if (image.half_attached_) {
			EXPECT_EQ(image.half_attached_->magic, alive);
		}
		image.halted++;
		// As when its memory goes.
		image.table_ = {};
	};
	table_.raise_irq = [](lkl_u32, lkl_u32) {};
	table_.fault = [](lkl_fault *) -> lkl_s32 { return -LKL_EFAULT; };
	table_.device_add = [](lkl_thread *, const lkl_virtio_device *) -> lkl_s32 { return 7; };
	table_.device_remove = [](lkl_thread *, lkl_s32 handle) -> lkl_s32 {
		EXPECT_EQ(handle, 7);
		return 0;
	};
	table_.device_name = [](lkl_thread *, lkl_s32, char *buf, lkl_u32) -> lkl_s32 {
		std::strcpy(buf, "vda");
		return 0;
	};
	table_.counter = [](lkl_u32) -> lkl_u64 { return 0; };
}

ImageSource FakeImage::source()
{
	return [this](host::Instance &) -> Result<LoadedImage> {
		booting = this;
		return LoadedImage{&table_, image_at, 4096};
	};
}

void FakeImage::wait_blocked(int count)
{
	std::unique_lock lock(mutex_);

	changed_.wait(lock, [&] { return blocked_ == count; });
}

std::int64_t FakeImage::block(Thread &thread)
{
	std::unique_lock lock(mutex_);

	blocked_++;
	changed_.notify_all();
	changed_.wait(lock, [&] { return thread.interrupted || dead_; });
	blocked_--;
	thread.interrupted = false;
	return dead_ ? -LKL_EIO : -LKL_EINTR;
}

std::int64_t FakeImage::call(Thread &thread, std::int64_t nr, const lkl_s64 *args)
{
	auto text = [&](unsigned i) {
		return std::string(reinterpret_cast<const char *>(args[i]));
	};

	{
		std::lock_guard lock(mutex_);

		if (dead_)
			return -LKL_EIO;
		if (stopping_ && !thread.init)
			return -LKL_ESHUTDOWN;
	}
	switch (nr) {
	case sys_block:
		return block(thread);
	case sys_run:
		in_call();
		return 0;
	case sys_die: {
		boot_->ops->died(boot_->host, "told to die", 11);

		std::lock_guard lock(mutex_);

		dead_ = true;
		changed_.notify_all();
		return -LKL_EIO;
	}
	case sys_complain: {
		std::string line = "EXT4-fs error (device vda): bad block";

		boot_->ops->log(boot_->host, 2, 1, line.data(),
				static_cast<lkl_u32>(line.size()));
		return -LKL_EIO;
	}
	case LKL_SYS_getpid:
		return 1;
	case LKL_SYS_openat:
		mounts_read_ = 0;
		return text(1) == "/dev/null" ? 2 : mounts_fd;
	case LKL_SYS_read: {
		std::size_t bytes = std::min<std::size_t>(mounts.size() - mounts_read_,
							  static_cast<std::size_t>(args[2]));

		std::memcpy(reinterpret_cast<void *>(args[1]), &mounts[mounts_read_], bytes);
		mounts_read_ += bytes;
		return static_cast<std::int64_t>(bytes);
	}
	case LKL_SYS_umount2:
		if (auto found = busy.find(text(0)); found != busy.end()) {
			busy.erase(found);
			return -LKL_EBUSY;
		}
		unmounted.push_back(text(0));
		return 0;
	default:
		return 0;
	}
}

} // namespace lkl::test
