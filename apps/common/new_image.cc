// SPDX-License-Identifier: GPL-2.0
//
// The programs have neither the same nor reliable options for a file system that begins
// somewhere in a file. So that of a partition is made in a file of its own; then its data,
// a few MiB, goes to its place in the image.
#include "new_image.hh"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "image_size.hh"
#include "interruption.hh"

namespace lkl::apps {

namespace {

constexpr std::uint64_t mib = 1 << 20;

/// The same 16 bytes for the same content, another for each @use.
std::string derived_bytes(const ContentSize &content, const Timestamp &date, std::uint64_t use)
{
	std::string bytes;

	for (std::uint64_t part : content.fingerprint) {
		// The finalizer of splitmix64.
		part += static_cast<std::uint64_t>(date.seconds) + use * 0x9e3779b97f4a7c15;
		part = (part ^ part >> 30) * 0xbf58476d1ce4e5b9;
		part = (part ^ part >> 27) * 0x94d049bb133111eb;
		part ^= part >> 31;
		for (int shift = 56; shift >= 0; shift -= 8)
			bytes += static_cast<char>(part >> shift);
	}
	return bytes;
}

Result<void> set_size(int file, std::uint64_t bytes)
{
	if (::ftruncate(file, static_cast<off_t>(bytes)) < 0)
		return host_failure("set size");
	return {};
}

Result<void> copy_range(int from, int to, std::uint64_t offset, std::uint64_t bytes,
			std::uint64_t shift)
{
	auto in = static_cast<off64_t>(offset), out = static_cast<off64_t>(offset + shift);

	while (bytes) {
		const ssize_t got = ::copy_file_range(from, &in, to, &out, bytes, 0);

		if (got <= 0)
			return host_failure("copy", got ? errno : EIO);
		bytes -= static_cast<std::uint64_t>(got);
	}
	return {};
}

/// What has data in @from goes to @to, @shift bytes further on; holes stay.
Result<void> move_data(int from, int to, std::uint64_t shift)
{
	for (off_t end = 0;;) {
		const off_t data = ::lseek(from, end, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			return {};
		end = data < 0 ? data : ::lseek(from, data, SEEK_HOLE);
		if (end < 0)
			return host_failure("find data");
		TRY(copy_range(from, to, static_cast<std::uint64_t>(data),
			       static_cast<std::uint64_t>(end - data), shift));
	}
}

Result<void> make_file_system(const TypeTools &tools, const NewFileSystem &wanted, int file)
{
	for (const Program &program : TRY(mkfs_programs(tools, wanted))) {
		TRY(run_program(program, file));
		if (interrupted())
			return failure("interrupted", EINTR);
	}
	return {};
}

/// The kernel that fills it. Where mere waiting takes long, that is skipped too.
std::optional<VirtualStart> virtual_start(const TypeTools &tools, const ContentSize &content,
					  const std::optional<Timestamp> &date)
{
	if (!date && !tools.sleeps)
		return std::nullopt;
	if (!date)
		return VirtualStart{std::time(nullptr)};

	VirtualStart start = {std::max<std::int64_t>(date->seconds, 1)};
	const std::string bytes = derived_bytes(content, *date, 3) + derived_bytes(content, *date, 4);

	std::memcpy(start.seed.data(), bytes.data(), sizeof(start.seed));
	return start;
}

/// What --create makes, decided.
struct Plan {
	const TypeTools *tools;
	NewFileSystem file_system;
	TableKind table;
	NewPartition partition;
	std::uint64_t image_bytes, file_system_bytes;
};

Result<Plan> plan_for(const CreateOptions &options, const ContentSize &content,
		      const std::optional<Timestamp> &date, const std::string &type)
{
	if (type.empty())
		return failure("--create needs the type of the file system; name it with -t: " +
			       creatable_types());

	const TypeTools *tools = tools_for(type);
	if (!tools)
		return failure(fmt::format("--create cannot make '{}'; it makes {}", type,
					   creatable_types()));

	Plan plan = {tools, {}, options.partition.value_or(TableKind::none), {}, 0, 0};
	NewFileSystem &made = plan.file_system;
	const std::uint64_t margin = plan.table == TableKind::none ? 0 : partition_margin;

	if (options.size.beside_content) {
		plan.file_system_bytes = bytes_for(tools->type, content, options.size.bytes);
		plan.image_bytes = plan.file_system_bytes + margin;
	} else {
		if (options.size.bytes <= margin)
			return failure("--size: too small for a partition");
		plan.image_bytes = options.size.bytes;
		plan.file_system_bytes = (options.size.bytes - margin) / (margin ? mib : 1) *
					 (margin ? mib : 1);
	}

	made.label = options.label;
	if (!options.uuid.empty())
		made.uuid = TRY(checked_uuid(*tools, options.uuid));
	made.more_options = options.mkfs_options;
	made.inodes = std::max(inodes_for(content), plan.file_system_bytes / (16 * 1024));
	made.large_fat = is_large_fat(content, plan.file_system_bytes);
	plan.partition = {plan.file_system_bytes, tools->gpt_type, tools->mbr_type, options.label, {}, {}};
	if (date) {
		made.date = std::max<std::int64_t>(date->seconds, 1);
		if (made.uuid.empty())
			made.uuid = uuid_of(tools->uuid, derived_bytes(content, *date, 0));
		plan.partition.disk_id = uuid_of(UuidForm::whole, derived_bytes(content, *date, 1));
		plan.partition.id = uuid_of(UuidForm::whole, derived_bytes(content, *date, 2));
	}
	return plan;
}

Result<void> fill(const NewFile &image, const Plan &plan)
{
	const int file = image.descriptor();

	TRY(set_size(file, plan.image_bytes));
	if (plan.table == TableKind::none)
		return make_file_system(*plan.tools, plan.file_system, file);

	const Descriptor alone = TRY(image.companion());
	TRY(set_size(alone.get(), plan.file_system_bytes));
	TRY(make_file_system(*plan.tools, plan.file_system, alone.get()));
	TRY(write_partition_table(file, plan.table, plan.partition));
	return move_data(alone.get(), file, partition_offset);
}

} // namespace

Result<std::unique_ptr<NewImage>> NewImage::make(const CreateOptions &options,
						 const ContentSize &content,
						 const std::optional<Timestamp> &date,
						 ImageOptions &image)
{
	const Plan plan = TRY(plan_for(options, content, date, image.type));
	std::unique_ptr<NewFile> file = TRY(NewFile::create(image.source.path, options.force, options.confined));

	TRY(fill(*file, plan));

	const std::string given = image.mount_options;
	image.source.path = file->own_path();
	image.source.format = DiskFormat::raw;
	image.source.writable = true;
	image.type = plan.tools->kernel_type;
	image.volume = Selector::partition(plan.table == TableKind::none ? 0 : 1);
	image.mount_options = plan.tools->mount_options;
	if (!given.empty())
		image.mount_options += (image.mount_options.empty() ? "" : ",") + given;
	if (image.cpus <= 1)
		image.virtual_start = virtual_start(*plan.tools, content, date);
	return std::unique_ptr<NewImage>(new NewImage(std::move(file)));
}

} // namespace lkl::apps
