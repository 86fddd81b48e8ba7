// SPDX-License-Identifier: GPL-2.0
// For tests of the volume layers below the tools: looks at images, makes one volume of
// them available and does something with it.
//
//	open_volume list IMAGE...
//	open_volume lvm VG/LV DO IMAGE...
//	open_volume md NAME DO IMAGE...
//	open_volume luks PASSPHRASE DO IMAGE
//	open_volume verity ROOT DO DATA HASHES
//
// DO: read mounts it read-only and prints its file /content; write mounts the images
// writable and replaces that file by what is at stdin; dump prints the device. Errors
// go to stderr, with status 2.
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <lkl/syscalls.h>

#include "apps/common/luks.hh"
#include "apps/common/lvm.hh"
#include "apps/common/md.hh"
#include "apps/common/verity.hh"

namespace lkl::apps {

namespace {

class Machine {
public:
	static Result<void> run(const std::vector<std::string> &arguments)
	{
		Machine machine;

		return machine.start(arguments);
	}

	~Machine() { lkl_destroy(kernel_); }

private:
	Result<void> start(const std::vector<std::string> &arguments)
	{
		const std::string &kind = arguments[0];
		const bool list = kind == "list";
		const std::size_t images = list ? 1 : 3;

		what_ = list ? "" : arguments[2];
		if (kind == "luks")
			TRY(start_helper(arguments[1]));

		lkl_options options = {};
		options.size = sizeof(options);
		options.log = KernelLog::receive;
		options.log_user = &log_;
		if (lkl_create(&options, &kernel_) < 0 || lkl_start(kernel_) < 0)
			return failure(lkl_last_error(kernel_));
		for (std::size_t i = images; i < arguments.size(); i++)
			TRY(add(arguments[i]));
		if (list)
			return this->list();

		DeviceMapper mapper = TRY(DeviceMapper::open(kernel_, log_));
		TRY(use(TRY(open(mapper, kind, arguments[1]))));
		return {};
	}

	Result<void> start_helper(const std::string &passphrase)
	{
		std::vector<Secret> keys;

		if (!passphrase.empty()) {
			keys.emplace_back(passphrase.size());
			std::memcpy(keys[0].data(), passphrase.data(), passphrase.size());
		}
		helper_.emplace(TRY(LuksKeyHelper::start(std::move(keys), false)));
		return {};
	}

	Result<void> add(const std::string &image)
	{
		lkl_disk disk = {};
		char device[64];

		disk.size = sizeof(disk);
		disk.path = image.c_str();
		disk.flags = what_ == "write" ? 0 : LKL_DISK_OVERLAY;
		const int number = lkl_disk_add(kernel_, &disk);
		if (number < 0 || lkl_disk_device(kernel_, number, 0, device, sizeof(device)) < 0)
			return failure(lkl_last_error(kernel_));
		devices_.push_back(device);
		return {};
	}

	Result<void> list()
	{
		const VolumeGroups groups = TRY(VolumeGroups::find(kernel_, log_, devices_));

		for (const VolumeGroup &group : groups.groups()) {
			for (const LogicalVolume &volume : group.volumes())
				fmt::print("{}/{} {} {}\n", volume.group, volume.name, volume.kind,
					   volume.bytes);
			for (const std::string &missing : group.missing())
				fmt::print("{} lacks {}\n", group.name(), missing);
		}
		for (const std::string &trouble : groups.troubles())
			fmt::print("trouble: {}\n", trouble);
		for (const MdArray &array : TRY(MdArray::find(kernel_, log_, devices_)))
			fmt::print("{} {} {} {} missing {}\n", array.name(), array.level(),
				   array.members().front().version(), array.uuid(), array.missing());
		for (const std::string &device : devices_)
			if (const auto header = TRY(read_luks_header(
				    TRY(KernelDevice::open(kernel_, log_, device)))))
				fmt::print("LUKS{} {} '{}'\n", header->version, header->uuid,
					   header->label);
		return {};
	}

	Result<std::string> open(DeviceMapper &mapper, const std::string &kind, const std::string &name)
	{
		const bool writable = what_ == "write";

		if (kind == "lvm") {
			const std::size_t slash = name.find('/');

			return TRY(VolumeGroups::find(kernel_, log_, devices_))
				.activate(mapper, name.substr(0, slash), name.substr(slash + 1), writable);
		}
		if (kind == "md") {
			for (const MdArray &array : TRY(MdArray::find(kernel_, log_, devices_)))
				if (array.name() == name || name.empty())
					return array.run(kernel_, log_, writable, false);
			return failure("no array " + name);
		}
		if (kind == "luks") {
			const KernelDevice device =
				TRY(KernelDevice::open(kernel_, log_, devices_.at(0)));
			const auto header = TRY(read_luks_header(device));

			if (!header)
				return failure("no LUKS header");
			return helper_->open(mapper, device, *header, "luks");
		}
		return open_verity(kernel_, log_, mapper, "verity", devices_.at(0), devices_.at(1),
				   {name, 0});
	}

	Result<void> use(const std::string &path)
	{
		if (what_ == "dump")
			return dump(path);
		if (lkl_sys_mkdirat(kernel_, LKL_AT_FDCWD, "/t", 0755) < 0)
			return failure("mkdir");
		const int mounted = lkl_sys_mount(kernel_, path.c_str(), "/t", "ext4",
						  what_ == "write" ? 0 : LKL_MS_RDONLY, "");
		if (mounted < 0)
			return kernel_failure(log_, "mount", mounted);
		if (what_ == "write") {
			char piece[4096];
			const std::size_t bytes = std::fread(piece, 1, sizeof(piece), stdin);
			const int file = lkl_sys_openat(kernel_, LKL_AT_FDCWD, "/t/content",
							LKL_O_WRONLY | LKL_O_TRUNC | LKL_O_CREAT, 0644);

			if (file < 0 || lkl_sys_write(kernel_, file, piece, bytes) < 0)
				return failure("write");
			lkl_sys_close(kernel_, file);
		} else {
			fmt::print("{}", TRY(read_kernel_file(kernel_, log_, "/t/content")));
		}
		if (lkl_umount(kernel_, "/t") < 0 || lkl_halt(kernel_) < 0)
			return failure(lkl_last_error(kernel_));
		return {};
	}

	Result<void> dump(const std::string &path)
	{
		const KernelDevice device = TRY(KernelDevice::open(kernel_, log_, path));
		const std::uint64_t bytes = TRY(device.bytes());
		std::vector<std::byte> piece(std::size_t{1} << 16);

		for (std::uint64_t at = 0; at < bytes; at += piece.size()) {
			const auto part = std::span(piece).first(
				std::min<std::uint64_t>(piece.size(), bytes - at));

			TRY(device.read(part, at));
			std::fwrite(part.data(), 1, part.size(), stdout);
		}
		return {};
	}

	KernelLog log_{std::getenv("SHOW_LOG") != nullptr};
	lkl_kernel *kernel_ = nullptr;
	std::optional<LuksKeyHelper> helper_;
	std::vector<std::string> devices_;
	std::string what_;
};

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	const std::vector<std::string> arguments(argv + 1, argv + argc);

	if (arguments.size() < 2)
		return 2;
	if (const auto done = lkl::apps::Machine::run(arguments); !done) {
		fmt::print(stderr, "open_volume: {}\n", done.error().text);
		return 2;
	}
}
