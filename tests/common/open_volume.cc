// SPDX-License-Identifier: GPL-2.0
// For tests of the volume layers below the tools: looks at images, makes one volume of
// them available and does something with it.
//
//	open_volume [OPTION...] DO [VOLUME] IMAGE...
//
// DO: list prints what layers find, without opening anything; read mounts VOLUME
// read-only and prints its file /content; write mounts the images writable and replaces
// that file by what is at stdin; dump prints the device; fill replaces its bytes, from
// the first on, by what is at stdin. VOLUME may lie on other volumes, which are then
// opened too. Errors go to stderr, with status 2.
//
// Options: --key=PASSPHRASE, --key-file=FILE (both any number of times), --ask (on
// /dev/tty), --root-hash=HEX, --hash-offset=BYTES, --degraded, --log.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <lkl/syscalls.h>

#include "apps/common/luks_layer.hh"
#include "apps/common/lvm_layer.hh"
#include "apps/common/md_layer.hh"
#include "apps/common/verity_layer.hh"

namespace lkl::apps {

namespace {

struct Options {
	std::vector<Secret> keys;
	bool ask = false, degraded = false, log = false;
	VerityOptions verity;
	std::string what, volume;
	std::vector<std::string> images;

	bool writes() const { return what == "write" || what == "fill"; }
};

Secret secret(const std::string &text)
{
	Secret copy(text.size());

	std::memcpy(copy.data(), text.data(), text.size());
	return copy;
}

Result<Options> parse(std::vector<std::string> arguments)
{
	Options options;
	std::size_t at = 0;

	for (; at < arguments.size() && arguments[at].starts_with("--"); at++) {
		const std::size_t equals = std::min(arguments[at].find('='), arguments[at].size());
		const std::string name = arguments[at].substr(0, equals);
		const std::string value = arguments[at].substr(std::min(equals + 1, arguments[at].size()));

		if (name == "--key")
			options.keys.push_back(secret(value));
		else if (name == "--key-file")
			options.keys.push_back(TRY(read_key_file(value)));
		else if (name == "--ask")
			options.ask = true;
		else if (name == "--root-hash")
			options.verity.root_hash = value;
		else if (name == "--hash-offset")
			options.verity.hash_offset = std::stoull(value);
		else if (name == "--degraded")
			options.degraded = true;
		else if (name == "--log")
			options.log = true;
		else
			return failure("unknown option " + name);
	}
	if (at < arguments.size())
		options.what = arguments[at++];
	if (options.what != "list" && at < arguments.size())
		options.volume = arguments[at++];
	options.images.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
	if (options.images.empty())
		return failure("open_volume [OPTION...] DO [VOLUME] IMAGE...");
	return options;
}

class Machine {
public:
	static Result<void> run(Options options)
	{
		Machine machine(std::move(options));

		return machine.start();
	}

	~Machine() { lkl_destroy(kernel_); }

private:
	explicit Machine(Options options) : options_(std::move(options)), log_(options_.log) {}

	Result<void> start()
	{
		std::optional<LuksKeyHelper> helper;
		if (!options_.keys.empty() || options_.ask)
			helper = TRY(LuksKeyHelper::start(std::move(options_.keys), options_.ask));

		lkl_options options = {};
		options.size = sizeof(options);
		options.log = KernelLog::receive;
		options.log_user = &log_;
		if (lkl_create(&options, &kernel_) < 0 || lkl_start(kernel_) < 0)
			return failure(lkl_last_error(kernel_));
		for (const std::string &image : options_.images)
			TRY(add(image));

		layers_.push_back(std::make_unique<MdLayer>(kernel_, log_, options_.degraded));
		layers_.push_back(std::make_unique<LuksLayer>(kernel_, log_, std::move(helper)));
		layers_.push_back(std::make_unique<VerityLayer>(kernel_, log_, options_.verity));
		layers_.push_back(std::make_unique<LvmLayer>(kernel_, log_));
		if (options_.what == "list")
			TRY(list());
		else
			TRY(use(TRY(open())));
		if (lkl_halt(kernel_) < 0)
			return failure(lkl_last_error(kernel_));
		return {};
	}

	Result<void> add(const std::string &image)
	{
		lkl_disk disk = {};
		char device[64];

		disk.size = sizeof(disk);
		disk.path = image.c_str();
		disk.flags = options_.writes() ? 0 : LKL_DISK_OVERLAY;
		const int number = lkl_disk_add(kernel_, &disk);
		if (number < 0 || lkl_disk_device(kernel_, number, 0, device, sizeof(device)) < 0)
			return failure(lkl_last_error(kernel_));
		devices_.push_back(device);
		return {};
	}

	Result<void> list()
	{
		for (const std::unique_ptr<Layer> &layer : layers_)
			for (const LayeredVolume &volume : TRY(layer->find(devices_)))
				fmt::print("{} {} {} {} on {}{}{}\n", volume.name, volume.kind, volume.bytes,
					   volume.uuid, fmt::join(volume.parts, ","),
					   volume.locked ? " locked" : "",
					   volume.trouble.empty() ? "" : ": " + volume.trouble);
		return {};
	}

	/// Opens all that can be, until there is the wanted one.
	Result<std::string> open()
	{
		std::vector<std::string> opened;

		for (std::size_t before = 0; before != devices_.size();) {
			before = devices_.size();
			for (const std::unique_ptr<Layer> &layer : layers_) {
				for (const LayeredVolume &volume : TRY(layer->find(devices_))) {
					if (volume.name == options_.volume)
						return layer->open(volume, options_.writes());
					if (std::ranges::find(opened, volume.name) != opened.end())
						continue;
					if (const auto path = layer->open(volume, options_.writes())) {
						opened.push_back(volume.name);
						devices_.push_back(*path);
					}
				}
			}
		}
		return failure("no volume " + options_.volume);
	}

	Result<void> use(const std::string &path)
	{
		if (options_.what == "dump")
			return dump(path);
		if (options_.what == "fill")
			return fill(path);
		if (lkl_sys_mkdirat(kernel_, LKL_AT_FDCWD, "/t", 0755) < 0)
			return failure("mkdir");
		const int mounted = lkl_sys_mount(kernel_, path.c_str(), "/t", "ext4",
						  options_.writes() ? 0 : LKL_MS_RDONLY, "");
		if (mounted < 0)
			return kernel_failure(log_, "mount", mounted);
		if (options_.writes())
			TRY(write("/t/content", LKL_O_TRUNC | LKL_O_CREAT));
		else
			fmt::print("{}", TRY(read_kernel_file(kernel_, log_, "/t/content")));
		if (lkl_umount(kernel_, "/t") < 0)
			return failure(lkl_last_error(kernel_));
		return {};
	}

	Result<void> fill(const std::string &path)
	{
		return write(path, 0);
	}

	Result<void> write(const std::string &path, int flags)
	{
		std::vector<char> piece(std::size_t{1} << 16);
		const int file = lkl_sys_openat(kernel_, LKL_AT_FDCWD, path.c_str(),
						LKL_O_WRONLY | flags, 0644);

		if (file < 0)
			return kernel_failure(log_, "open " + path, file);
		while (const std::size_t bytes = std::fread(piece.data(), 1, piece.size(), stdin))
			if (const std::int64_t written =
				    lkl_sys_write(kernel_, file, piece.data(), bytes);
			    written != static_cast<std::int64_t>(bytes))
				return kernel_failure(log_, "write " + path, written);
		if (const int flushed = lkl_sys_fsync(kernel_, file); flushed < 0)
			return kernel_failure(log_, "flush " + path, flushed);
		lkl_sys_close(kernel_, file);
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

	Options options_;
	KernelLog log_;
	lkl_kernel *kernel_ = nullptr;
	std::vector<std::unique_ptr<Layer>> layers_;
	std::vector<std::string> devices_;
};

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	auto options = lkl::apps::parse({argv + 1, argv + argc});
	const auto done = options ? lkl::apps::Machine::run(std::move(*options))
				  : lkl::apps::Result<void>(std::unexpected(options.error()));

	if (!done) {
		fmt::print(stderr, "open_volume: {}\n", done.error().text);
		return 2;
	}
}
