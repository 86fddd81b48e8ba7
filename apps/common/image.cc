// SPDX-License-Identifier: GPL-2.0
#include "image.hh"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "kernel_device.hh"
#include "mount_options.hh"
#include "several_devices.hh"
#include "volume_choice.hh"

namespace lkl::apps {

namespace {

/// The kernel writes back while it is given more; in virtual time it has no "while".
unsigned cpus(const ImageOptions &options)
{
	return options.cpus || !options.source.writable || options.virtual_start
		       ? options.cpus
		       : std::clamp(std::thread::hardware_concurrency(), 1u, 2u);
}

/// The types that live on a disk: lines "\tNAME"; others begin with "nodev".
std::string disk_types(lkl_kernel *kernel, KernelLog &log)
{
	std::istringstream lines(read_kernel_file(kernel, log, "/proc/filesystems").value_or(""));
	std::string types;

	for (std::string line; std::getline(lines, line);)
		if (line.starts_with('\t'))
			types += " " + line.substr(1);
	return types;
}

constexpr unsigned large_sector = 4096;

/// A GPT's header is in the second sector.
Result<bool> has_table_of_large_sectors(lkl_kernel *kernel, KernelLog &log, const std::string &device)
{
	constexpr std::string_view mark = "EFI PART";
	const KernelDevice disk = TRY(KernelDevice::open(kernel, log, device));

	return disk.read_text(large_sector, mark.size()).value_or("") == mark;
}

} // namespace

Result<std::unique_ptr<Image>> Image::open(const ImageOptions &options)
{
	std::unique_ptr<Image> image(new Image(options));

	image->key_helper_ = TRY(start_key_helper(options.layers));
	image->sources_.push_back(TRY(DiskSource::open(options.source)));
	for (const std::string &path : options.more_disks) {
		SourceOptions source = options.source;

		source.path = path;
		source.snapshot.clear();
		auto opened = DiskSource::open(source);
		if (!opened)
			return failure(path + ": " + opened.error().text, opened.error().code);
		image->sources_.push_back(std::move(*opened));
	}
	return image;
}

Image::~Image()
{
	lkl_destroy(kernel_);
}

bool Image::is_served() const
{
	return std::ranges::any_of(sources_, &DiskSource::is_served);
}

std::optional<Error> Image::trouble() const
{
	for (const std::unique_ptr<DiskSource> &source : sources_)
		if (std::optional<Error> error = source->trouble())
			return error;
	return std::nullopt;
}

Result<void> Image::mount()
{
	TRY(attach());
	return mount_volume(TRY(choose_volume(*volumes_, options_.volume)));
}

Result<void> Image::close()
{
	if (!mount_point_.empty())
		if (const int unmounted = lkl_umount(kernel_, mount_point_.c_str()); unmounted < 0)
			return failed(unmounted);

	TRY(volumes_->close());
	if (const int halted = lkl_halt(kernel_); halted < 0)
		return failed(halted);
	for (const std::unique_ptr<DiskSource> &source : sources_)
		TRY(source->close());
	return {};
}

std::unexpected<Error> Image::failed(int code)
{
	std::string text = lkl_last_error(kernel_);

	// The library begins with its name for the image where it is concerned; our
	// callers have a better one.
	for (const std::unique_ptr<DiskSource> &source : sources_)
		if (const std::string name = source->label() + ": "; text.starts_with(name))
			text.erase(0, name.size());
	return std::unexpected(explained({-code, std::move(text)}));
}

/// @error, with what went wrong below the kernel.
Error Image::explained(Error error) const
{
	if (const std::optional<Error> below = trouble())
		error.text += fmt::format(" ({})", below->text);
	return error;
}

Result<void> Image::boot(KernelLog &log)
{
	lkl_options boot{};

	log_ = &log;
	boot.size = sizeof(boot);
	boot.cpus = cpus(options_);
	boot.memory_bytes = static_cast<std::uint64_t>(options_.memory_mib) << 20;
	boot.log = KernelLog::receive;
	boot.log_user = &log;
	if (const auto &start = options_.virtual_start) {
		boot.virtual_start_ns = static_cast<std::uint64_t>(start->seconds) * 1'000'000'000;
		std::ranges::copy(start->seed, boot.seed);
	}
	if (const int result = lkl_create(&boot, &kernel_); result < 0)
		return failed(result);
	if (const int result = lkl_start(kernel_); result < 0)
		return failed(result);
	return {};
}

Result<void> Image::attach()
{
	volumes_.emplace(kernel_, *log_, options_.source.writable);
	add_layers(*volumes_, kernel_, *log_, options_.layers, std::move(key_helper_));
	for (std::size_t number = 0; number < sources_.size(); number++) {
		const Result<void> added = add_disk(number);

		if (!added && number > 0)
			return failure(options_.more_disks[number - 1] + ": " + added.error().text,
				       added.error().code);
		TRY(added);
	}
	return {};
}

Result<void> Image::add_disk(std::size_t number)
{
	std::string device = TRY(plug(number, options_.sector_bytes));

	// Disks of larger sectors have all numbers in their tables in units of those, but
	// a file does not tell what disk it is of.
	if (options_.sector_bytes == 0 && lkl_disk_partitions(kernel_, disk_) == 0 &&
	    TRY(has_table_of_large_sectors(kernel_, *log_, device))) {
		if (const int result = lkl_disk_remove(kernel_, disk_); result < 0)
			return failed(result);
		device = TRY(plug(number, large_sector));
	}
	if (const auto known = volumes_->add_disk(device); !known)
		return std::unexpected(explained(known.error()));
	return {};
}

/// Its path in the kernel.
Result<std::string> Image::plug(std::size_t number, unsigned sector_bytes)
{
	lkl_disk disk{};
	char device[64];

	disk.size = sizeof(disk);
	disk.flags = options_.source.writable ? LKL_DISK_STOP_AT_ERROR : LKL_DISK_OVERLAY;
	TRY(sources_[number]->describe(disk, number == 0 ? options_.offset : 0));
	if (sector_bytes)
		disk.block_bytes = sector_bytes;
	disk_ = lkl_disk_add(kernel_, &disk);
	if (disk_ < 0)
		return failed(disk_);
	if (const int result = lkl_disk_device(kernel_, disk_, 0, device, sizeof(device)); result < 0)
		return failed(result);
	return device;
}

/// What to mount the volume as.
Result<std::string> Image::type_of(std::size_t place)
{
	if (!options_.type.empty())
		return options_.type;

	const Content &content = volumes_->content(place);
	if (content.usage == "filesystem")
		return content.type;
	if (!content.trouble.empty())
		return std::unexpected(explained(
			{0, content.trouble + (trouble() ? "" : "; name the type with -t")}));
	if (!content.type.empty())
		return failure(fmt::format("no file system recognized, but {}", content.type));
	return failure("no file system recognized; if there is one, name it with -t");
}

Result<void> Image::mount_volume(std::size_t place)
{
	const std::string type = TRY(type_of(place));
	const std::string mount_options = mount_options_for(
		type, options_.source.writable, options_.replay_journal, options_.mount_options);
	const std::string device = (*volumes_)[place].device;
	lkl_mount mount{};
	char path[256];

	TRY(join_devices(kernel_, *log_, *volumes_, place));
	mount.size = sizeof(mount);
	mount.device = device.c_str();
	mount.flags = options_.source.writable ? 0 : LKL_MS_RDONLY;
	mount.type = type.c_str();
	mount.options = mount_options.c_str();

	const int result = lkl_mount_disk(kernel_, &mount, path, sizeof(path));
	if (result == -LKL_ENODEV)
		return failure(fmt::format("the kernel has no file system type '{}'; it has:{}",
					   type, disk_types(kernel_, *log_)));
	if (result < 0) {
		Error error = failed(result).error();

		if (const std::string some = missing_devices(kernel_, *log_, *volumes_, place);
		    !some.empty())
			error.text += fmt::format("; {}: give the images of the others with --disk, "
						  "or the mount option 'degraded'",
						  some);
		return std::unexpected(std::move(error));
	}
	mount_point_ = path;
	return {};
}

} // namespace lkl::apps
