// SPDX-License-Identifier: GPL-2.0
// The functions of lkl.h: arguments in, results and last errors out.
#include "lkl.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>

#include "block_node.hh"
#include "disks.hh"
#include "kernel.hh"
#include "last_error.hh"
#include "mounts.hh"
#include "options.hh"
#include "probe.hh"
#include "try.hh"

using namespace lkl;

namespace {

constexpr std::uint64_t least_memory_bytes = 32 << 20;
constexpr std::uint64_t most_memory_bytes = 1ull << 44;
constexpr std::int64_t max_errno = 4095;

// Runs @body, a function that returns Result<void> or Result<int>, on behalf of
// @kernel, and makes an error of it the calling thread's last.
template <class Body> int guarded(lkl_kernel *kernel, Body body) noexcept
{
	std::uint64_t log_mark = kernel ? kernel->log().next() : 0;

	try {
		auto result = body();

		if (!result)
			return set_last_error(kernel, log_mark, result.error());
		if constexpr (requires { static_cast<int>(*result); })
			return static_cast<int>(*result);
		else
			return 0;
	} catch (const std::bad_alloc &) {
		return set_last_error(kernel, log_mark, Error{LKL_ENOMEM, "lkl"});
	} catch (const std::exception &error) {
		return set_last_error(kernel, log_mark, Error{LKL_EINVAL, error.what()});
	}
}

Result<void> copy_out(const std::string &text, char *buf, std::size_t bytes)
{
	if (text.size() >= bytes)
		return fail(LKL_ERANGE, "\"{}\" does not fit into {} bytes", text, bytes);
	std::memcpy(buf, text.c_str(), text.size() + 1);
	return {};
}

// As much of @text as there is room for.
template <std::size_t bytes> void fill(char (&room)[bytes], const std::string &text)
{
	const std::size_t used = std::min(text.size(), bytes - 1);

	std::memcpy(room, text.data(), used);
	room[used] = '\0';
}

// The members that @given, whose size is set, has room for.
template <class T> void copy_back(const T &known, T *given)
{
	std::memcpy(given, &known, std::min<std::size_t>(given->size, sizeof(T)));
}

// A partition within another begins where that does, or after it; the kernel and libblkid
// number some of them differently, so their places tell which is which.
void describe(lkl_partition &entry, const Partition &partition, const PartitionTable &table)
{
	entry.number = partition.number;
	entry.offset = partition.start;
	entry.bytes = partition.bytes;
	fill(entry.device, partition.node());
	for (const TableEntry &known : table.entries) {
		if (known.start != partition.start)
			continue;
		fill(entry.table, known.table);
		fill(entry.type, known.type);
		fill(entry.uuid, known.uuid);
		fill(entry.label, known.label);
		if (known.bytes == partition.bytes)
			break;
	}
}

Result<lkl_options> check_options(const lkl_options *given)
{
	lkl_options options = {};

	if (given)
		options = TRY(copy_options(given, "lkl_options"));
	if (options.memory_bytes && options.memory_bytes < least_memory_bytes)
		return fail(LKL_EINVAL, "create: {} bytes of memory, at least {}",
			    options.memory_bytes, least_memory_bytes);
	if (options.memory_bytes > most_memory_bytes)
		return fail(LKL_ENOMEM, "create: {} bytes of memory", options.memory_bytes);
	if (options.virtual_start_ns && options.cpus > 1)
		return fail(LKL_EINVAL, "create: {} CPUs in virtual time, which has one",
			    options.cpus);
	if (!options.virtual_start_ns &&
	    std::ranges::any_of(options.seed, [](std::uint64_t word) { return word != 0; }))
		return fail(LKL_EINVAL, "create: a seed without virtual time makes nothing the same");
	return options;
}

void note_failure(const lkl_kernel &kernel, std::int64_t nr, std::int64_t result,
		  std::uint64_t log_mark)
{
	if (result < 0 && result >= -max_errno)
		failed_call = {kernel.number(), nr, result, log_mark};
}

// The way of a call that does not find its task in current_task.
std::int64_t slow_syscall(lkl_kernel *kernel, std::int64_t nr, const lkl_s64 *args) noexcept
{
	std::int64_t result = 0;
	int refused = guarded(kernel, [&]() -> Result<void> {
		Inside inside = TRY(Inside::enter(*kernel));
		std::uint64_t log_mark = kernel->log().next();

		result = kernel->image().syscall(inside.thread(), nr, args);
		note_failure(*kernel, nr, result, log_mark);
		return {};
	});

	return refused ? refused : result;
}

} // namespace

int lkl_create(const lkl_options *given, lkl_kernel **instance) noexcept
{
	return guarded(nullptr, [&]() -> Result<void> {
		lkl_options options = TRY(check_options(given));
		ImageSource source = options.kernel_path ? image_file(options.kernel_path)
							 : load_builtin_image;

		*instance = new lkl_kernel(options, std::move(source));
		return {};
	});
}

int lkl_start(lkl_kernel *kernel) noexcept
{
	return guarded(kernel, [&] { return kernel->start(); });
}

int lkl_halt(lkl_kernel *kernel) noexcept
{
	return guarded(kernel, [&] { return kernel->halt(); });
}

void lkl_destroy(lkl_kernel *kernel) noexcept
{
	delete kernel;
}

int lkl_attach(lkl_kernel *kernel) noexcept
{
	return guarded(kernel, [&]() -> Result<void> {
		TRY(kernel->attach());
		return {};
	});
}

void lkl_detach(lkl_kernel *kernel) noexcept
{
	kernel->detach();
}

const char *lkl_last_error(lkl_kernel *kernel) noexcept
{
	return last_error(kernel);
}

std::size_t lkl_log_tail(lkl_kernel *kernel, int level, char *buf, std::size_t bytes) noexcept
{
	if (bytes == 0)
		return 0;

	int copied = guarded(kernel, [&]() -> Result<int> {
		std::string lines = kernel->log().tail(static_cast<unsigned>(level), bytes - 1);

		TRY(copy_out(lines, buf, bytes));
		return static_cast<int>(lines.size());
	});

	if (copied < 0)
		buf[0] = '\0';
	return copied < 0 ? 0 : static_cast<std::size_t>(copied);
}

int lkl_health(lkl_kernel *kernel) noexcept
{
	return guarded(kernel, [&]() -> Result<void> {
		if (kernel->died())
			return fail(LKL_EIO, "health");
		return {};
	});
}

std::int64_t lkl_syscall(lkl_kernel *kernel, std::int64_t nr, const std::int64_t args[6]) noexcept
{
	// The same type by another name, where int64_t is not long long.
	const lkl_s64 *words = reinterpret_cast<const lkl_s64 *>(args);
	Task *task = current_task.task;

	if (current_task.kernel != kernel->number() || !task->enter()) [[unlikely]]
		return slow_syscall(kernel, nr, words);

	std::uint64_t log_mark = kernel->log().next();
	std::int64_t result = kernel->image().syscall(task->thread(), nr, words);

	if (task->leave())
		kernel->threads().left();
	note_failure(*kernel, nr, result, log_mark);
	return result;
}

int lkl_disk_add(lkl_kernel *kernel, const lkl_disk *given) noexcept
{
	return guarded(kernel, [&]() -> Result<int> {
		lkl_disk disk = TRY(copy_options(given, "lkl_disk"));

		return add_disk(*kernel, disk);
	});
}

int lkl_disk_remove(lkl_kernel *kernel, int disk) noexcept
{
	return guarded(kernel, [&] { return remove_disk(*kernel, disk); });
}

int lkl_disk_device(lkl_kernel *kernel, int number, unsigned partition, char *buf,
		    std::size_t bytes) noexcept
{
	return guarded(kernel, [&]() -> Result<void> {
		std::shared_ptr<Disk> disk = TRY(kernel->disks().find(number));
		Partition found = TRY(find_partition(*kernel, *disk, partition));

		return copy_out(found.node(), buf, bytes);
	});
}

int lkl_disk_partitions(lkl_kernel *kernel, int number) noexcept
{
	return guarded(kernel, [&]() -> Result<int> {
		std::shared_ptr<Disk> disk = TRY(kernel->disks().find(number));
		std::vector<Partition> all = TRY(partitions(*kernel, *disk));
		unsigned highest = 0;

		for (const Partition &partition : all)
			highest = std::max(highest, partition.number);
		return static_cast<int>(highest);
	});
}

int lkl_mount_disk(lkl_kernel *kernel, const lkl_mount *given, char *path,
		   std::size_t bytes) noexcept
{
	return guarded(kernel, [&]() -> Result<void> {
		lkl_mount mount = TRY(copy_options(given, "lkl_mount"));
		std::string target = TRY(mount_disk(*kernel, mount));

		if (!path)
			return {};

		// A mount that the caller was not told of would stay for ever.
		Result<void> copied = copy_out(target, path, bytes);

		if (!copied)
			(void)unmount(*kernel, target);
		return copied;
	});
}

int lkl_umount(lkl_kernel *kernel, const char *path) noexcept
{
	return guarded(kernel, [&] { return unmount(*kernel, path); });
}

int lkl_probe(lkl_kernel *kernel, int disk, unsigned partition, char *type,
	      std::size_t bytes) noexcept
{
	return guarded(kernel, [&]() -> Result<void> {
		return copy_out(TRY(probe_disk(*kernel, disk, partition)), type, bytes);
	});
}

int lkl_probe_device(lkl_kernel *kernel, const char *device, lkl_content *content) noexcept
{
	return guarded(kernel, [&]() -> Result<void> {
		lkl_content known = TRY(copy_options(content, "lkl_content"));
		const BlockNode node = TRY(BlockNode::find(*kernel, device));
		const Findings found = TRY(probe(*kernel, node));
		const PartitionTable table = TRY(probe_table(*kernel, node));

		fill(known.usage, found.usage);
		fill(known.type, found.type);
		fill(known.version, found.version);
		fill(known.label, found.label);
		fill(known.uuid, found.uuid);
		fill(known.uuid_sub, found.uuid_sub);
		fill(known.table, table.type);
		fill(known.table_uuid, table.uuid);
		copy_back(known, content);
		return {};
	});
}

int lkl_device_partitions(lkl_kernel *kernel, const char *device, lkl_partition *entries,
			  unsigned count) noexcept
{
	return guarded(kernel, [&]() -> Result<int> {
		const BlockNode node = TRY(BlockNode::find(*kernel, device));
		const std::vector<Partition> parts = TRY(node.partitions(*kernel));
		const std::size_t wanted = std::min<std::size_t>(count, parts.size());
		const PartitionTable table = wanted ? TRY(probe_table(*kernel, node)) : PartitionTable();
		const std::uint32_t stride = wanted ? entries->size : 0;

		for (std::size_t i = 0; i < wanted; i++) {
			auto *entry = reinterpret_cast<lkl_partition *>(
				reinterpret_cast<std::byte *>(entries) + i * stride);

			entry->size = stride;
			lkl_partition known = TRY(copy_options(entry, "lkl_partition"));
			describe(known, parts[i], table);
			copy_back(known, entry);
		}
		return static_cast<int>(parts.size());
	});
}
