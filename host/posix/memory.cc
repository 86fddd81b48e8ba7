// SPDX-License-Identifier: GPL-2.0
// RAM and address space of an instance.
#include "host/posix/instance.hh"
#include "host/posix/posix.hh"
#include "host/posix/system.hh"

#include <algorithm>
#include <cerrno>
#include <string>

namespace lkl::host {

Result<std::unique_ptr<Instance>> Instance::create(std::uint64_t ram_bytes,
						   std::uint64_t vmalloc_bytes, Events events)
{
	return posix::PosixInstance::create(ram_bytes, vmalloc_bytes, std::move(events));
}

namespace posix {

namespace {

constexpr std::uint64_t ram_alignment = 2 << 20;
/// Nothing larger is an address space; keeps the sums below from wrapping.
constexpr std::uint64_t largest_space = 1ULL << 56;

std::unexpected<Error> failure(int code, std::string context)
{
	return std::unexpected(Error{code, std::move(context)});
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

std::string in_mib(std::uint64_t bytes)
{
	return std::to_string(bytes >> 20) + " MiB";
}

void *pointer(std::uint64_t address)
{
	return reinterpret_cast<void *>(static_cast<std::uintptr_t>(address));
}

std::uint64_t address_of(const void *data)
{
	return reinterpret_cast<std::uintptr_t>(data);
}

int native_protection(std::uint32_t prot)
{
	return (prot & LKL_PROT_READ ? PROT_READ : 0) |
	       (prot & LKL_PROT_WRITE ? PROT_WRITE : 0) |
	       (prot & LKL_PROT_EXEC ? PROT_EXEC : 0);
}

/// Address space that nothing can be accessed in and nothing else is put into; at
/// @address when that is not null, replacing what is there.
void *reserve(void *address, std::uint64_t bytes)
{
	return mmap(address, bytes, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address ? MAP_FIXED : 0),
		    -1, 0);
}

} // namespace

Result<std::unique_ptr<Instance>> PosixInstance::create(std::uint64_t ram_bytes,
							std::uint64_t vmalloc_bytes,
							Events events)
{
	std::unique_ptr<PosixInstance> self(new PosixInstance(std::move(events)));
	std::string ram_name = "kernel memory of " + in_mib(ram_bytes);
	std::string space_name = "address space for the kernel, " + in_mib(vmalloc_bytes);

	self->page_bytes_ = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
	if (ram_bytes == 0 || ram_bytes > largest_space)
		return failure(EINVAL, ram_name);
	if (vmalloc_bytes == 0 || vmalloc_bytes > largest_space)
		return failure(EINVAL, space_name);
	ram_bytes = round_up(ram_bytes, self->page_bytes_);
	vmalloc_bytes = round_up(vmalloc_bytes, self->page_bytes_);

	Result<Descriptor> object = create_memory_object(ram_bytes);
	if (!object)
		return failure(object.error().code, ram_name + ": " + object.error().context);
	self->object_ = std::move(*object);

	std::uint64_t space = ram_bytes + ram_alignment;
	self->ram_space_ = Mapping(reserve(nullptr, space), space);
	if (!self->ram_space_)
		return failure(linux_errno(errno), ram_name + ": reserve address space");
	self->ram_ = {round_up(address_of(self->ram_space_.data()), ram_alignment), ram_bytes};
	if (mmap(pointer(self->ram_.start), ram_bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, self->object_.get(), 0) == MAP_FAILED)
		return failure(linux_errno(errno), ram_name + ": mmap");

	self->vmalloc_space_ = Mapping(reserve(nullptr, vmalloc_bytes), vmalloc_bytes);
	if (!self->vmalloc_space_)
		return failure(linux_errno(errno), space_name);
	self->vmalloc_ = {address_of(self->vmalloc_space_.data()), vmalloc_bytes};
	self->spare_.acquire();
	return self;
}

std::span<std::byte> PosixInstance::ram()
{
	return {static_cast<std::byte *>(pointer(ram_.start)), ram_.bytes};
}

std::uint32_t PosixInstance::map_granule() const
{
	return static_cast<std::uint32_t>(page_bytes_);
}

bool PosixInstance::valid(const Extent &whole, std::uint64_t start, std::uint64_t bytes) const
{
	return start % page_bytes_ == 0 && bytes % page_bytes_ == 0 && bytes > 0 &&
	       start >= whole.start && bytes <= whole.bytes &&
	       start - whole.start <= whole.bytes - bytes;
}

bool PosixInstance::placed(std::uint64_t at, std::uint64_t bytes) const
{
	return std::ranges::any_of(placed_, [&](const Extent &extent) {
		return at < extent.start + extent.bytes && extent.start < at + bytes;
	});
}

/// Through the descriptor, so that a host without memory is an error here and not
/// a SIGBUS at the first touch.
Result<void> PosixInstance::copy(std::uint64_t at, std::span<const std::byte> source)
{
	while (!source.empty()) {
		ssize_t done = pwrite(object_.get(), source.data(), source.size(),
				      static_cast<off_t>(at));
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return failure(linux_errno(errno), "copy into kernel memory");
		source = source.subspan(static_cast<std::size_t>(done));
		at += static_cast<std::uint64_t>(done);
	}
	return {};
}

/// Whole pages only. False where there is no file to map them from.
Result<bool> PosixInstance::map_file(std::uint64_t at, std::span<const std::byte> source)
{
	std::optional<Backing> backing = find_backing(source);
	if (!backing)
		return false;
	if (mmap(pointer(ram_.start + at), source.size(), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_FIXED, backing->file.get(),
		 static_cast<off_t>(backing->offset)) == MAP_FAILED)
		return failure(linux_errno(errno), "map a file into kernel memory");
	placed_.push_back({at, source.size()});
	return true;
}

Result<void> PosixInstance::place(std::uint64_t at, std::span<const std::byte> source)
{
	if (source.size() > ram_.bytes || at > ram_.bytes - source.size() ||
	    placed(at, source.size()))
		return failure(EINVAL, "place in kernel memory: range");

	std::uint64_t head = round_up(at, page_bytes_) - at;
	bool congruent = (address_of(source.data()) + head) % page_bytes_ == 0;
	if (!congruent || source.size() < head + page_bytes_)
		return copy(at, source);
	std::uint64_t whole = (source.size() - head) / page_bytes_ * page_bytes_;
	Result<bool> mapped = map_file(at + head, source.subspan(head, whole));
	if (!mapped)
		return std::unexpected(mapped.error());
	if (!*mapped)
		return copy(at, source);

	if (Result<void> copied = copy(at, source.first(head)); !copied)
		return copied;
	return copy(at + head + whole, source.subspan(head + whole));
}

Result<void> PosixInstance::protect(std::uint64_t at, std::uint64_t bytes, std::uint32_t prot)
{
	if (!valid({0, ram_.bytes}, at, bytes))
		return failure(EINVAL, "protect kernel memory: range");
	if (mprotect(pointer(ram_.start + at), bytes, native_protection(prot)) < 0)
		return failure(linux_errno(errno), "protect kernel memory");
	return {};
}

Result<void> PosixInstance::watch_faults(const lkl_image *image, std::uint64_t at,
					 std::uint64_t bytes)
{
	if (bytes > ram_.bytes || at > ram_.bytes - bytes)
		return failure(EINVAL, "watch faults: range");
	Result<FaultWatch> watch =
		FaultWatch::create({image, {ram_.start + at, bytes}, ram_, vmalloc_});
	if (!watch)
		return std::unexpected(watch.error());
	faults_ = std::move(*watch);
	return {};
}

int PosixInstance::map(std::uint64_t va, std::uint64_t phys, std::uint64_t bytes,
		       std::uint32_t prot)
{
	if (!valid(vmalloc_, va, bytes) || !valid({0, ram_.bytes}, phys, bytes) ||
	    placed(phys, bytes))
		return -LKL_EINVAL;
	if (mmap(pointer(va), bytes, native_protection(prot), MAP_SHARED | MAP_FIXED,
		 object_.get(), static_cast<off_t>(phys)) != MAP_FAILED)
		return 0;

	int error = linux_errno(errno);
	unmap(va, bytes);
	return -error;
}

int PosixInstance::unmap(std::uint64_t va, std::uint64_t bytes)
{
	if (!valid(vmalloc_, va, bytes))
		return -LKL_EINVAL;
	auto reserve_again = [&] {
		return reserve(pointer(va), bytes) == MAP_FAILED ? -linux_errno(errno) : 0;
	};
	int result = reserve_again();
	return result == 0 ? 0 : spare_.without(reserve_again);
}

void PosixInstance::discard(std::uint64_t phys, std::uint64_t bytes)
{
	if (valid({0, ram_.bytes}, phys, bytes) && !placed(phys, bytes))
		free_memory(object_.get(), phys, bytes);
}

lkl_s32 map(void *host, lkl_u64 va, lkl_u64 phys, lkl_u64 bytes, lkl_u32 prot) noexcept
{
	return PosixInstance::from(host).map(va, phys, bytes, prot);
}

lkl_s32 unmap(void *host, lkl_u64 va, lkl_u64 bytes) noexcept
{
	return PosixInstance::from(host).unmap(va, bytes);
}

void discard(void *host, lkl_u64 phys, lkl_u64 bytes) noexcept
{
	PosixInstance::from(host).discard(phys, bytes);
}

} // namespace posix

} // namespace lkl::host
