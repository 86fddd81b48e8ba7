// SPDX-License-Identifier: GPL-2.0
#include "kernel.hh"

#include <algorithm>
#include <array>
#include <random>
#include <string_view>
#include <thread>

#include "shutdown.hh"
#include "try.hh"

using lkl::fail;
using lkl::Result;

namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t default_memory_bytes = 256 * mib;
constexpr std::uint64_t default_bytes_per_cpu = 16 * mib;	// for each but the first
constexpr std::uint64_t memory_granule = 2 * mib;
constexpr std::uint64_t least_vmalloc_bytes = 4096 * mib;
constexpr std::uint64_t default_spin_ns = 20'000;

// An oops leaves the kernel's data in an unknown state; nothing is to be written
// to an image from there. A panic comes back as lkl_host_ops.died().
constexpr const char *panic_option = "oops=panic";

// A grace period of RCU otherwise takes some ticks, of 10 ms, and an unmount two of them,
// in which nobody does anything.
constexpr const char *rcu_option = "rcupdate.rcu_expedited=1";

// xfs holds some 4 KiB of memory for each file changed since its log was last written,
// and no shortage makes it write: every second, not every 30 (here in hundredths).
constexpr const char *xfs_sync_interval = "/proc/sys/fs/xfs/xfssyncd_centisecs";
constexpr std::string_view xfs_sync_hundredths = "100";

std::atomic<std::uint64_t> last_number = 0;

std::uint64_t spin_time(const lkl_options &options)
{
	// In virtual time nothing comes to those who wait.
	if (options.spin_us < 0 || options.virtual_start_ns)
		return 0;
	if (options.spin_us > 0)
		return static_cast<std::uint64_t>(options.spin_us) * 1000;
	// On one CPU a spinning waiter only keeps the waker from running.
	return std::thread::hardware_concurrency() > 1 ? default_spin_ns : 0;
}

/// The library's options, then the caller's @options, which win; his oops= replaces ours,
/// as the kernel knows no value that would undo it.
std::string command_line(const char *options)
{
	const std::string given = options ? options : "";
	std::string line = rcu_option;

	if ((" " + given).find(" oops=") == std::string::npos)
		line = line + " " + panic_option;
	return given.empty() ? line : line + " " + given;
}

std::array<std::uint64_t, 4> random_seed()
{
	std::array<std::uint64_t, 4> seed;
	std::random_device random;

	for (std::uint64_t &word : seed)
		word = static_cast<std::uint64_t>(random()) << 32 | random();
	return seed;
}

std::uint64_t memory_bytes(std::uint64_t wanted, unsigned cpus)
{
	std::uint64_t bytes =
		wanted ? wanted : default_memory_bytes + (cpus - 1) * default_bytes_per_cpu;

	return (bytes + memory_granule - 1) / memory_granule * memory_granule;
}

struct Mount {
	const char *type;
	const char *target;
};

constexpr std::array first_mounts = {
	Mount{"proc", "/proc"},
	Mount{"sysfs", "/sys"},
	Mount{"devtmpfs", "/dev"},
	Mount{"tmpfs", "/tmp"},
};

} // namespace

lkl_kernel::lkl_kernel(const lkl_options &options, lkl::ImageSource source)
	: number_(++last_number), cpus_(options.cpus ? options.cpus : 1),
	  memory_bytes_(memory_bytes(options.memory_bytes, cpus_)), spin_ns_(spin_time(options)),
	  virtual_start_ns_(options.virtual_start_ns), seed_(std::to_array(options.seed)),
	  command_line_(command_line(options.command_line)), log_fn_(options.log),
	  log_user_(options.log_user), source_(std::move(source))
{
}

lkl_kernel::~lkl_kernel()
{
	(void)halt();
}

void lkl_kernel::on_log(unsigned level, std::uint64_t time_us, std::string_view line)
{
	log_.append(level, line);
	if (!log_fn_)
		return;

	// No allocation: the kernel may be out of a CPU for as long as this takes.
	char text[lkl::LogRing::max_line_bytes + 1];

	text[line.copy(text, lkl::LogRing::max_line_bytes)] = '\0';

	std::lock_guard lock(log_fn_mutex_);

	log_fn_(log_user_, static_cast<int>(level), time_us, text);
}

void lkl_kernel::on_death(std::string_view reason)
{
	death_ = reason;
	died_.store(true, std::memory_order_release);
}

void lkl_kernel::complain(const std::string &line)
{
	constexpr unsigned error = 3;	// the kernel's KERN_ERR

	log_.append(error, line);
}

Result<void> lkl_kernel::start()
{
	std::lock_guard lock(lifecycle_);

	if (state_ != State::created)
		return fail(LKL_EINVAL, "start: this instance was started before");

	Result<void> result = boot();

	if (result) {
		result = prepare();
		if (!result && !died_)
			(void)lkl::shut_down(lkl::Calls(*image_, init_.get()));
	}
	if (!result) {
		if (booted_)
			image_->halt(init_.get());
		free_all();
		state_ = State::halted;
		return result;
	}
	threads_ = std::make_shared<lkl::Threads>(*image_, std::move(init_), number_, died_);
	state_ = State::running;
	return {};
}

Result<void> lkl_kernel::boot()
{
	lkl::host::Events events = {
		[this](unsigned level, std::uint64_t time_us, std::string_view line) {
			on_log(level, time_us, line);
		},
		[this](std::string_view reason) { on_death(reason); },
	};
	std::uint64_t vmalloc_bytes = std::max(least_vmalloc_bytes, 4 * memory_bytes_);

	host_ = TRY(lkl::host::Instance::create(memory_bytes_, vmalloc_bytes, std::move(events)));

	lkl::LoadedImage loaded = TRY(source_(*host_));

	TRY(host_->watch_faults(loaded.table, loaded.at, loaded.bytes));
	image_ = loaded.table;
	init_ = lkl::TaskMemory::allocate(image_->thread_bytes);
	if (!init_.get())
		return fail(LKL_ENOMEM, "start: the first task");

	std::uint64_t ram = reinterpret_cast<std::uintptr_t>(host_->ram().data());
	lkl_boot boot = {};

	boot.size = sizeof(boot);
	boot.cpus = cpus_;
	boot.ops = &lkl::host::ops();
	boot.host = host_.get();
	boot.ram_base = ram;
	boot.ram_bytes = host_->ram().size();
	boot.image_base = ram + loaded.at;
	boot.image_bytes = loaded.bytes;
	boot.vmalloc_base = host_->vmalloc_base();
	boot.vmalloc_bytes = host_->vmalloc_bytes();
	boot.spin_ns = spin_ns_;
	boot.map_granule = host_->map_granule();
	boot.command_line = command_line_.c_str();
	boot.virtual_start_ns = virtual_start_ns_;
	std::ranges::copy(seed_ == Seed() ? random_seed() : seed_, boot.seed);
	lkl::host::enter_thread();

	int error = image_->boot(&boot, init_.get());

	// What panicked has host threads to give back, what refused to start has not.
	booted_ = error == 0 || died_;
	if (error < 0)
		return fail(error, "start: the kernel did not boot");
	return {};
}

// The places that every program expects. Descriptors 0 to 2 are taken, so that
// nothing mistakes a file for its standard output.
Result<void> lkl_kernel::prepare()
{
	lkl::Calls calls(*image_, init_.get());

	for (const Mount &mount : first_mounts) {
		TRY(calls.make_directories(mount.target));

		std::int64_t result = calls(LKL_SYS_mount, mount.type, mount.target, mount.type, 0,
					    nullptr);

		if (result < 0 && result != -LKL_EBUSY)
			return fail(result, "start: mount {} on {}", mount.type, mount.target);
	}
	if (const auto file = lkl::OpenFile::open(calls, xfs_sync_interval, LKL_O_WRONLY))
		calls(LKL_SYS_write, file->fd(), xfs_sync_hundredths.data(),
		      xfs_sync_hundredths.size());
	for (std::int64_t fd = 0; fd < 2;) {
		fd = calls(LKL_SYS_openat, LKL_AT_FDCWD, "/dev/null", LKL_O_RDWR, 0);
		if (fd < 0)
			return fail(fd, "start: open /dev/null");
		if (fd > 2)
			calls(LKL_SYS_close, fd);
	}
	return {};
}

Result<void> lkl_kernel::halt()
{
	std::lock_guard lock(lifecycle_);

	if (state_ == State::halted)
		return halt_result_;
	if (state_ == State::running)
		halt_result_ = shut_down();
	state_ = State::halted;
	return halt_result_;
}

Result<void> lkl_kernel::shut_down()
{
	Result<void> result;

	threads_->close();
	lkl::host::enter_thread();
	if (!died_) {
		result = lkl::shut_down(lkl::Calls(*image_, threads_->init()));
		for (const std::shared_ptr<lkl::Disk> &disk : disks_.all()) {
			Result<void> flushed = flush_disk(*disk);

			if (result)
				result = flushed;
		}
	}
	// Its threads may still carry a CPU after a completion.
	io_pool_.stop();
	image_->halt(threads_->init());
	threads_->release();
	free_all();
	if (died_)
		return fail(LKL_EIO, "halt: nothing was unmounted");
	return result;
}

// Writes to the bare device, and file systems that do not flush it at their end,
// make the flush necessary. Unplugging each disk is not: it costs the kernel many
// grace periods, and nothing writes any more once the pool has stopped.
Result<void> lkl_kernel::flush_disk(const lkl::Disk &disk)
{
	lkl::Calls calls(*image_, threads_->init());
	Result<void> flushed = calls.flush(disk.node(), LKL_SYS_fsync);

	// Its node may have been removed or hidden; the file systems are flushed.
	if (!flushed && flushed.error().code == LKL_ENOENT)
		flushed = {};
	TRY(lkl::check_writes(disk));
	return flushed;
}

// Everything that uses the RAM before the RAM.
void lkl_kernel::free_all()
{
	disks_.clear();
	init_ = {};
	host_.reset();
	source_ = nullptr;
	booted_ = false;
}

Result<lkl::Task *> lkl_kernel::attach()
{
	State state = state_;

	if (died_ && state != State::halted)
		return fail(LKL_EIO, "this instance");
	if (state == State::created)
		return fail(LKL_EINVAL, "this instance was not started");
	if (state == State::halted)
		return fail(LKL_ESHUTDOWN, "this instance was halted");
	return threads_->attach();
}

void lkl_kernel::detach()
{
	if (state_ == State::running)
		threads_->detach();
}

namespace lkl {

Result<Inside> Inside::enter(lkl_kernel &kernel)
{
	Task *task = TRY(kernel.attach());

	if (!task->enter())
		return fail(LKL_ESHUTDOWN, "this instance is halting");
	return Inside(kernel, *task);
}

Inside::~Inside()
{
	if (!task_)
		return;
	if (task_->leave())
		kernel_->threads().left();
	if (thread_is_ending())
		kernel_->threads().end(*task_);
}

} // namespace lkl
