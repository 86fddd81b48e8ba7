// SPDX-License-Identifier: GPL-2.0
#include "image.hh"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include <lkl/syscalls.h>

#include "reporter.hh"

namespace lkl::apps {

namespace {

/// What the types need beside the user's own options: to read on after an error, but
/// to write no more, where the image could ask the kernel to panic instead; and to leave
/// their journal or log alone.
struct TypeOptions {
	std::string_view type, go_on, stop_writing, no_recovery;
};

constexpr std::array<TypeOptions, 7> type_options = {{
	{"ext2", "errors=continue", "errors=remount-ro", ""},
	{"ext3", "errors=continue", "errors=remount-ro", "noload"},
	{"ext4", "errors=continue", "errors=remount-ro", "noload"},
	{"xfs", "", "", "norecovery"},
	{"btrfs", "", "", "rescue=nologreplay"},
	{"f2fs", "", "", "norecovery"},
	{"nilfs2", "", "", "norecovery"},
}};

/// The user's come last: they win.
std::string options_for(std::string_view type, const ImageOptions &wanted)
{
	std::string options;
	const auto add = [&](std::string_view option) {
		if (!option.empty())
			options.append(options.empty() ? "" : ",").append(option);
	};

	for (const TypeOptions &known : type_options) {
		if (known.type != type)
			continue;
		add(wanted.source.writable ? known.stop_writing : known.go_on);
		if (!wanted.replay_journal)
			add(known.no_recovery);
	}
	add(wanted.mount_options);
	return options;
}

/// Logs of large file systems hold much before it is written; only what is used is taken
/// from the host.
constexpr unsigned writing_memory_mib = 512;

unsigned memory_mib(const ImageOptions &options)
{
	return options.memory_mib || !options.source.writable ? options.memory_mib
							      : writing_memory_mib;
}

/// Types that leave room in front for a partition table, or have what looks like
/// one; on others it means that the file system is an old one's remains.
constexpr std::array<std::string_view, 5> hybrids = {"iso9660", "udf", "vfat", "exfat", "ntfs3"};

/// The content of a file of the kernel's own, such as /proc/filesystems.
std::string kernel_file(lkl_kernel *kernel, const std::string &path)
{
	const int file =
		lkl_sys_openat(kernel, LKL_AT_FDCWD, path.c_str(), LKL_O_RDONLY | LKL_O_CLOEXEC, 0);
	std::string content;
	char piece[4096];

	if (file < 0)
		return content;
	for (std::int64_t got; (got = lkl_sys_read(kernel, file, piece, sizeof(piece))) > 0;)
		content.append(piece, static_cast<std::size_t>(got));
	lkl_sys_close(kernel, file);
	return content;
}

/// The types that live on a disk: lines "\tNAME"; others begin with "nodev".
std::string disk_types(lkl_kernel *kernel)
{
	std::istringstream lines(kernel_file(kernel, "/proc/filesystems"));
	std::string types;

	for (std::string line; std::getline(lines, line);)
		if (line.starts_with('\t'))
			types += " " + line.substr(1);
	return types;
}

std::string value_of(const std::string &lines, std::string_view key)
{
	std::istringstream stream(lines);

	for (std::string line; std::getline(stream, line);)
		if (line.starts_with(key))
			return line.substr(key.size());
	return {};
}

std::string human_size(std::uint64_t bytes)
{
	constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = static_cast<double>(bytes);
	std::size_t unit = 0;

	for (; size >= 1024 && unit + 1 < units.size(); unit++)
		size /= 1024;
	return fmt::format("{:.4g} {}", size, units[unit]);
}

} // namespace

Result<std::unique_ptr<Image>> Image::open(const ImageOptions &options)
{
	std::unique_ptr<Image> image(new Image(options));

	image->source_ = TRY(DiskSource::open(options.source));
	return image;
}

Image::~Image()
{
	lkl_destroy(kernel_);
}

Result<void> Image::mount()
{
	TRY(add_disk());
	return mount_partition(TRY(choose_partition()));
}

Result<void> Image::close()
{
	const int unmounted = lkl_umount(kernel_, mount_point_.c_str());

	if (unmounted < 0)
		return failed(unmounted);

	if (const int halted = lkl_halt(kernel_); halted < 0)
		return failed(halted);
	return source_->close();
}

std::unexpected<Error> Image::failed(int code)
{
	// The library begins with its name for the image where it is concerned; our
	// callers have a better one.
	const std::string name = source_->label() + ": ";
	std::string text = lkl_last_error(kernel_);

	if (text.starts_with(name))
		text.erase(0, name.size());
	if (const std::optional<Error> below = trouble())
		text += fmt::format(" ({})", below->text);
	return failure(std::move(text), -code);
}

Result<void> Image::boot(KernelLog &log)
{
	lkl_options boot{};

	boot.size = sizeof(boot);
	boot.cpus = options_.cpus;
	boot.memory_bytes = static_cast<std::uint64_t>(memory_mib(options_)) << 20;
	boot.log = KernelLog::receive;
	boot.log_user = &log;
	if (const int result = lkl_create(&boot, &kernel_); result < 0)
		return failed(result);
	if (const int result = lkl_start(kernel_); result < 0)
		return failed(result);
	return {};
}

Result<void> Image::add_disk()
{
	lkl_disk disk{};

	disk.size = sizeof(disk);
	disk.flags = options_.source.writable ? 0 : LKL_DISK_OVERLAY;
	TRY(source_->describe(disk, options_.offset));
	disk_ = lkl_disk_add(kernel_, &disk);
	return disk_ < 0 ? failed(disk_) : Result<void>();
}

/// The type of the file system on @partition; empty when none is recognized.
std::string Image::probe(unsigned partition)
{
	char type[32];

	return lkl_probe(kernel_, disk_, partition, type, sizeof(type)) < 0 ? "" : type;
}

/// Never a guess: partitions, even a single one, have to be chosen from, unless the
/// whole image has a file system of a kind that partition tables are put into.
Result<unsigned> Image::choose_partition()
{
	const int partitions = lkl_disk_partitions(kernel_, disk_);
	char device[64];

	if (partitions < 0)
		return failed(partitions);
	if (options_.partition == 0u)
		return 0;
	if (!options_.partition) {
		if (partitions == 0 || std::ranges::find(hybrids, probe(0)) != hybrids.end())
			return 0;
		return failure("has partitions; choose one with -P:" +
			       partition_list(static_cast<unsigned>(partitions)));
	}
	if (partitions == 0)
		return failure(fmt::format("no partition {}: there is no partition table",
					   *options_.partition));
	if (lkl_disk_device(kernel_, disk_, *options_.partition, device, sizeof(device)) < 0)
		return failure(fmt::format("no partition {}; there are:{}", *options_.partition,
					   partition_list(static_cast<unsigned>(partitions))));
	return *options_.partition;
}

std::string Image::partition_list(unsigned partitions)
{
	std::string list;

	if (const std::string type = probe(0); !type.empty())
		list += fmt::format("\n   0  {:>10}  {:8}", "all of it", type);
	for (unsigned number = 1; number <= partitions; number++) {
		char device[64];

		if (lkl_disk_device(kernel_, disk_, number, device, sizeof(device)) < 0)
			continue;

		const std::string name = std::string(device).substr(std::string("/dev/").size());
		const std::string about = "/sys/class/block/" + name;
		const std::string sectors = kernel_file(kernel_, about + "/size");
		const std::string label =
			value_of(kernel_file(kernel_, about + "/uevent"), "PARTNAME=");
		const std::string type = probe(number);

		list += fmt::format("\n  {:2}  {:>10}  {:8}  {}", number,
				    human_size(std::strtoull(sectors.c_str(), nullptr, 10) * 512),
				    type.empty() ? "unknown" : type, printable(label));
	}
	return list;
}

Result<void> Image::mount_partition(unsigned partition)
{
	const std::string type = options_.type.empty() ? probe(partition) : options_.type;

	if (type.empty())
		return failure("no file system recognized; if there is one, name it with -t");

	const std::string mount_options = options_for(type, options_);
	lkl_mount mount{};
	char path[256];

	mount.size = sizeof(mount);
	mount.disk = disk_;
	mount.partition = partition;
	mount.flags = options_.source.writable ? 0 : LKL_MS_RDONLY;
	mount.type = type.c_str();
	mount.options = mount_options.c_str();

	const int result = lkl_mount_disk(kernel_, &mount, path, sizeof(path));
	if (result == -LKL_ENODEV)
		return failure(fmt::format("the kernel has no file system type '{}'; it has:{}",
					   type, disk_types(kernel_)));
	if (result < 0)
		return failed(result);
	mount_point_ = path;
	return {};
}

} // namespace lkl::apps
