// SPDX-License-Identifier: GPL-2.0
#include "disks.hh"

#include <algorithm>
#include <bit>
#include <charconv>

#include "calls.hh"
#include "kernel.hh"
#include "options.hh"
#include "try.hh"
#include "virtio/overlay.hh"

namespace lkl {

int Disks::add(std::shared_ptr<Disk> disk)
{
	std::lock_guard lock(mutex_);

	disks_.emplace(next_, std::move(disk));
	return next_++;
}

Result<std::shared_ptr<Disk>> Disks::find(int number) const
{
	std::lock_guard lock(mutex_);
	auto found = disks_.find(number);

	if (found == disks_.end())
		return fail(LKL_ENXIO, "disk {}", number);
	return found->second;
}

Result<std::shared_ptr<Disk>> Disks::take(int number)
{
	std::lock_guard lock(mutex_);
	auto node = disks_.extract(number);

	if (!node)
		return fail(LKL_ENXIO, "disk {}", number);
	return std::move(node.mapped());
}

void Disks::put_back(int number, std::shared_ptr<Disk> disk)
{
	std::lock_guard lock(mutex_);

	disks_.emplace(number, std::move(disk));
}

std::vector<std::shared_ptr<Disk>> Disks::all() const
{
	std::lock_guard lock(mutex_);
	std::vector<std::shared_ptr<Disk>> all;

	for (const auto &[number, disk] : disks_)
		all.push_back(disk);
	return all;
}

void Disks::clear()
{
	std::lock_guard lock(mutex_);

	disks_.clear();
}

namespace {

constexpr std::uint32_t known_flags =
	LKL_DISK_READ_ONLY | LKL_DISK_OVERLAY | LKL_DISK_NO_LOCK | LKL_DISK_STOP_AT_ERROR;
constexpr std::uint32_t max_block_bytes = 4096;

// Between two requests of a stream the carrier serves one itself and uses its data.
constexpr unsigned lookout_spins = 4;

using virtio::sector_bytes;

std::string label_of(const lkl_disk &disk)
{
	if (disk.path)
		return disk.path;
	return disk.ops ? std::string("disk") : fmt::format("descriptor {}", disk.fd);
}

Result<std::unique_ptr<host::File>> open_file(const lkl_disk &disk, const std::string &label)
{
	bool writes = !(disk.flags & (LKL_DISK_READ_ONLY | LKL_DISK_OVERLAY));
	auto access = writes ? host::File::Access::read_write : host::File::Access::read_only;
	std::unique_ptr<host::File> file = TRY(disk.path ? host::File::open(disk.path, access)
							 : host::File::borrow(disk.fd, access));

	if (!(disk.flags & LKL_DISK_NO_LOCK))
		if (int error = file->lock(); error < 0)
			return fail(error, "{}: in use by another program", label);
	return file;
}

Result<std::unique_ptr<virtio::Content>> make_content(const lkl_disk &disk,
						      const std::string &label)
{
	std::unique_ptr<virtio::Content> content;

	if (disk.ops) {
		lkl_disk_ops ops = TRY(copy_options(disk.ops, "lkl_disk_ops"));

		if ((!ops.read && !ops.readv) || disk.bytes == 0 || disk.offset)
			return fail(LKL_EINVAL, "{}: a disk of callbacks needs read and bytes, "
				    "and no offset", label);
		content = virtio::user_content(ops, disk.user, disk.bytes,
					       disk.block_bytes ? disk.block_bytes : sector_bytes,
					       disk.flags & LKL_DISK_READ_ONLY);
	} else {
		std::unique_ptr<host::File> file = TRY(open_file(disk, label));
		std::uint64_t size = file->bytes();

		if (disk.offset > size || disk.bytes > size - disk.offset)
			return fail(LKL_EINVAL, "{}: has only {} bytes", label, size);

		std::uint64_t bytes = disk.bytes ? disk.bytes : size - disk.offset;

		content = virtio::file_content(std::move(file), disk.offset, bytes,
					       disk.block_bytes);
	}
	if (content->bytes() < content->block_bytes())
		return fail(LKL_EINVAL, "{}: smaller than a block of {} bytes", label,
			    content->block_bytes());
	if (disk.flags & LKL_DISK_OVERLAY)
		content = std::make_unique<virtio::Overlay>(std::move(content));
	return content;
}

Result<void> check(const lkl_disk &disk)
{
	if (disk.flags & ~known_flags)
		return fail(LKL_EINVAL, "add a disk: unknown flags {:#x}", disk.flags & ~known_flags);
	if (disk.flags & LKL_DISK_OVERLAY && disk.flags & LKL_DISK_READ_ONLY)
		return fail(LKL_EINVAL, "add a disk: an overlay is for writing");
	if (disk.path ? disk.ops != nullptr : !disk.ops && disk.fd < 0)
		return fail(LKL_EINVAL, "add a disk: one of path, fd and ops is needed");
	if (disk.block_bytes && (!std::has_single_bit(disk.block_bytes) ||
				 disk.block_bytes < sector_bytes ||
				 disk.block_bytes > max_block_bytes))
		return fail(LKL_EINVAL, "add a disk: blocks of {} bytes", disk.block_bytes);
	return {};
}

Result<std::uint64_t> read_number(const Calls &calls, const std::string &path)
{
	std::string text = TRY(calls.read_file(path));
	std::uint64_t value = 0;

	if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
		return fail(LKL_EIO, "{}: not a number", path);
	return value;
}

} // namespace

Result<int> add_disk(lkl_kernel &kernel, const lkl_disk &given)
{
	TRY(check(given));

	auto disk = std::make_shared<Disk>();

	disk->label = label_of(given);
	disk->overlay = given.flags & LKL_DISK_OVERLAY;

	std::unique_ptr<virtio::Content> content = TRY(make_content(given, disk->label));
	auto complain = [&kernel, label = disk->label](const std::string &what) {
		kernel.complain(label + ": " + what);
	};
	// Until it is in the list, nobody but this thread keeps a halt away from it.
	Inside inside = TRY(Inside::enter(kernel));

	TRY(kernel.io_pool().start(kernel.host(), lookout_spins * kernel.spin_ns()));
	disk->device = std::make_unique<virtio::BlockDevice>(
		std::move(content), kernel.image(), kernel.ram(), kernel.io_pool(),
		virtio::BlockDevice::Options{
			std::min(kernel.cpus(), virtio::BlockDevice::max_queues),
			given.serial ? given.serial : "",
			(given.flags & LKL_DISK_STOP_AT_ERROR) != 0,
			kernel.time_is_virtual(), complain});
	disk->handle = kernel.image().device_add(inside.thread(), &disk->device->table());
	if (disk->handle < 0)
		return fail(disk->handle, "{}: plug the disk", disk->label);

	char name[32] = {};
	int error = kernel.image().device_name(inside.thread(), disk->handle, name, sizeof(name));

	if (error < 0) {
		kernel.image().device_remove(inside.thread(), disk->handle);
		return fail(error, "{}: name of the disk", disk->label);
	}
	disk->name = name;
	return kernel.disks().add(std::move(disk));
}

Result<void> remove_disk(lkl_kernel &kernel, int number)
{
	std::shared_ptr<Disk> disk = TRY(kernel.disks().take(number));
	Calls calls(kernel);
	Result<void> flushed;

	{
		// Exclusive: refused while a file system or anybody else claims the
		// disk or a part of it.
		Result<OpenFile> node = OpenFile::open(calls, disk->node(), LKL_O_EXCL);

		if (!node && node.error().code == LKL_EBUSY) {
			kernel.disks().put_back(number, disk);
			return fail(LKL_EBUSY, "{}: remove the disk", disk->label);
		}
		if (node)
			flushed = calls.flush(disk->node(), LKL_SYS_fsync);
	}

	Result<Inside> inside = Inside::enter(kernel);

	if (!inside) {
		kernel.disks().put_back(number, disk);
		return std::unexpected(inside.error());
	}
	if (int error = kernel.image().device_remove(inside->thread(), disk->handle); error < 0) {
		kernel.disks().put_back(number, disk);
		return fail(error, "{}: remove the disk", disk->label);
	}
	TRY(check_writes(*disk));
	return flushed;
}

Result<std::vector<Partition>> list_partitions(lkl_kernel &kernel, const std::string &name)
{
	Calls calls(kernel);
	std::string directory = "/sys/class/block/" + name;
	std::vector<Partition> found;
	std::vector<std::string> names = TRY(calls.list(directory));

	for (const std::string &part_name : names) {
		std::string part = directory + "/" + part_name;

		if (!part_name.starts_with(name))
			continue;

		Result<std::uint64_t> number = read_number(calls, part + "/partition");

		if (!number)
			continue;

		std::uint64_t start = TRY(read_number(calls, part + "/start"));
		std::uint64_t sectors = TRY(read_number(calls, part + "/size"));

		found.push_back({static_cast<unsigned>(*number), part_name, start * sector_bytes,
				 sectors * sector_bytes});
	}
	return found;
}

Result<std::vector<Partition>> partitions(lkl_kernel &kernel, const Disk &disk)
{
	return list_partitions(kernel, disk.name);
}

Result<Partition> find_partition(lkl_kernel &kernel, const Disk &disk, unsigned number)
{
	if (number == 0)
		return Partition{0, disk.name, 0, disk.device->content().bytes()};

	std::vector<Partition> all = TRY(partitions(kernel, disk));
	auto found = std::find_if(all.begin(), all.end(), [=](const Partition &partition) {
		return partition.number == number;
	});

	if (found != all.end())
		return *found;
	if (all.empty())
		return fail(LKL_ENXIO, "{}: partition {}: there is no partition table", disk.label,
			    number);

	std::string numbers;

	for (const Partition &partition : all)
		numbers += fmt::format("{}{}", numbers.empty() ? "" : ", ", partition.number);
	return fail(LKL_ENXIO, "{}: partition {}: there are only {}", disk.label, number, numbers);
}

Result<void> check_writes(const Disk &disk)
{
	int error = disk.device->write_error();

	if (error < 0)
		return fail(error, "{}: the image could not be written and is {}", disk.label,
			    disk.device->stops_at_error() ? "as after a power failure"
							  : "not consistent");
	return {};
}

} // namespace lkl
