// SPDX-License-Identifier: GPL-2.0
#include "loader.hh"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <lkl/abi.h>

#include "elf.hh"
#include "try.hh"

extern "C" const std::byte lkl_kernel_image[], lkl_kernel_image_end[];

namespace lkl {

namespace {

constexpr std::uint64_t page = 4096;
constexpr std::size_t max_segments = 64;

template <class... Args>
std::unexpected<Error> bad(const std::string &name, fmt::format_string<Args...> format,
			   Args &&...args)
{
	return fail(LKL_ENOEXEC, "{}: not a usable kernel image: {}", name,
		    fmt::format(format, std::forward<Args>(args)...));
}

// A T at @offset, or nothing. Everything in a file may be misaligned.
template <class T>
std::optional<T> read_at(std::span<const std::byte> bytes, std::uint64_t offset)
{
	T value;

	if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
		return std::nullopt;
	std::memcpy(&value, bytes.data() + offset, sizeof(T));
	return value;
}

constexpr std::uint64_t page_down(std::uint64_t value) { return value & ~(page - 1); }
constexpr std::uint64_t page_up(std::uint64_t value) { return page_down(value + page - 1); }

struct Layout {
	std::vector<elf::Segment> segments;	// PT_LOAD, ascending, pages disjoint
	std::optional<elf::Segment> dynamic;
	std::uint64_t bytes = 0;		// of address space, from 0
	std::uint64_t entry = 0;
};

// The checks here make all later arithmetic safe: no sum below can overflow.
Result<Layout> parse(std::span<const std::byte> file, const std::string &name)
{
	std::optional<elf::Header> header = read_at<elf::Header>(file, 0);
	Layout layout;

	if (!header || !std::equal(elf::ident.begin(), elf::ident.end(), header->e_ident.begin()))
		return bad(name, "no 64-bit little-endian ELF header");
	if (header->e_type != elf::et_dyn)
		return bad(name, "not position independent (type {})", header->e_type);
	if (header->e_machine != elf::this_machine.number)
		return bad(name, "for machine {}, not {}", header->e_machine,
			   elf::this_machine.name);
	if (header->e_phentsize != sizeof(elf::Segment) || header->e_phnum > max_segments)
		return bad(name, "{} program headers of {} bytes", header->e_phnum,
			   header->e_phentsize);

	for (unsigned i = 0; i < header->e_phnum; i++) {
		std::uint64_t at = header->e_phoff + i * sizeof(elf::Segment);
		std::optional<elf::Segment> segment = read_at<elf::Segment>(file, at);

		if (header->e_phoff > file.size() || !segment)
			return bad(name, "program header {} is beyond the end", i);
		if (segment->p_type == elf::pt_interp || segment->p_type == elf::pt_tls)
			return bad(name, "program header {} has type {}", i, segment->p_type);
		if (segment->p_type == elf::pt_dynamic)
			layout.dynamic = *segment;
		if (segment->p_type != elf::pt_load || segment->p_memsz == 0)
			continue;

		constexpr std::uint64_t limit = std::numeric_limits<std::uint32_t>::max();

		if (segment->p_vaddr > limit || segment->p_memsz > limit ||
		    segment->p_filesz > segment->p_memsz)
			return bad(name, "segment {} has impossible sizes", i);
		if (segment->p_offset > file.size() ||
		    segment->p_filesz > file.size() - segment->p_offset)
			return bad(name, "segment {} is cut off", i);
		if (page_down(segment->p_vaddr) < page_up(layout.bytes))
			return bad(name, "segment {} shares a page with the one before", i);
		layout.segments.push_back(*segment);
		layout.bytes = segment->p_vaddr + segment->p_memsz;
	}
	layout.entry = header->e_entry;
	if (std::none_of(layout.segments.begin(), layout.segments.end(),
			 [&](const elf::Segment &segment) {
				 return segment.p_flags & elf::pf_x &&
					layout.entry >= segment.p_vaddr &&
					layout.entry - segment.p_vaddr < segment.p_filesz;
			 }))
		return bad(name, "no entry point in its code");
	return layout;
}

// The relocation tables named by PT_DYNAMIC, as bytes inside the loaded image.
struct Tables {
	std::span<const std::byte> rela;
	std::span<const std::byte> relr;
};

Result<Tables> find_tables(const Layout &layout, std::span<const std::byte> image,
			   const std::string &name)
{
	std::uint64_t rela = 0, rela_bytes = 0, relr = 0, relr_bytes = 0;

	if (!layout.dynamic)
		return Tables{};
	for (std::uint64_t i = 0; i < layout.dynamic->p_memsz / sizeof(elf::Dynamic); i++) {
		std::optional<elf::Dynamic> entry;

		if (layout.dynamic->p_vaddr < image.size())
			entry = read_at<elf::Dynamic>(image, layout.dynamic->p_vaddr +
								     i * sizeof(elf::Dynamic));
		if (!entry)
			return bad(name, "the dynamic section is outside");
		if (entry->d_tag == elf::dt_null)
			break;
		switch (entry->d_tag) {
		case elf::dt_rela:
			rela = entry->d_val;
			break;
		case elf::dt_relasz:
			rela_bytes = entry->d_val;
			break;
		case elf::dt_relr:
			relr = entry->d_val;
			break;
		case elf::dt_relrsz:
			relr_bytes = entry->d_val;
			break;
		case elf::dt_relaent:
			if (entry->d_val != sizeof(elf::Rela))
				return bad(name, "relocations of {} bytes", entry->d_val);
			break;
		case elf::dt_relrent:
			if (entry->d_val != sizeof(std::uint64_t))
				return bad(name, "packed relocations of {} bytes", entry->d_val);
			break;
		case elf::dt_needed:
		case elf::dt_rel:
			return bad(name, "it is not self-contained (dynamic tag {})",
				   entry->d_tag);
		case elf::dt_pltrelsz:
			if (entry->d_val)
				return bad(name, "it has a procedure linkage table");
			break;
		}
	}

	auto inside = [&](std::uint64_t at, std::uint64_t bytes) {
		return at <= image.size() && bytes <= image.size() - at;
	};

	if (!inside(rela, rela_bytes) || !inside(relr, relr_bytes))
		return bad(name, "a relocation table is outside");
	return Tables{image.subspan(rela, rela_bytes), image.subspan(relr, relr_bytes)};
}

// Words of the image to which its load address is added.
class Relocator {
public:
	Relocator(std::span<std::byte> image) : image_(image), base_(address(image)) {}

	bool set(std::uint64_t at, std::uint64_t value)
	{
		if (at > image_.size() || image_.size() - at < sizeof(value))
			return false;
		value += base_;
		std::memcpy(image_.data() + at, &value, sizeof(value));
		return true;
	}

	bool add(std::uint64_t at)
	{
		std::optional<std::uint64_t> value = read_at<std::uint64_t>(image_, at);

		return value && set(at, *value);
	}

private:
	static std::uint64_t address(std::span<std::byte> image)
	{
		return reinterpret_cast<std::uintptr_t>(image.data());
	}

	std::span<std::byte> image_;
	std::uint64_t base_;
};

Result<void> apply_rela(Relocator &relocator, std::span<const std::byte> table,
			const std::string &name)
{
	for (std::uint64_t at = 0; at + sizeof(elf::Rela) <= table.size(); at += sizeof(elf::Rela)) {
		elf::Rela rela = *read_at<elf::Rela>(table, at);

		if (rela.type() != elf::this_machine.relative || rela.symbol() != 0)
			return bad(name, "relocation of type {} against symbol {}", rela.type(),
				   rela.symbol());
		if (!relocator.set(rela.r_offset, static_cast<std::uint64_t>(rela.r_addend)))
			return bad(name, "a relocation outside, at {:#x}", rela.r_offset);
	}
	return {};
}

// gABI, "Relative Relocation Table": an even word is an address, an odd one a
// bitmap of the 63 words that follow what was relocated last.
Result<void> apply_relr(Relocator &relocator, std::span<const std::byte> table,
			const std::string &name)
{
	constexpr std::uint64_t word = sizeof(std::uint64_t);
	std::uint64_t where = 0;

	for (std::uint64_t at = 0; at + word <= table.size(); at += word) {
		std::uint64_t entry = *read_at<std::uint64_t>(table, at);

		if (!(entry & 1)) {
			if (!relocator.add(entry))
				return bad(name, "a relocation outside, at {:#x}", entry);
			where = entry + word;
			continue;
		}
		for (unsigned bit = 1; bit < 64; bit++) {
			std::uint64_t target = where + (bit - 1) * word;

			if ((entry >> bit & 1) && !relocator.add(target))
				return bad(name, "a relocation outside, at {:#x}", target);
		}
		where += 63 * word;
	}
	return {};
}

std::uint32_t protection(std::uint32_t flags)
{
	return (flags & elf::pf_r ? LKL_PROT_READ : 0) | (flags & elf::pf_w ? LKL_PROT_WRITE : 0) |
	       (flags & elf::pf_x ? LKL_PROT_EXEC : 0);
}

} // namespace

Result<PlacedImage> place_image(host::Instance &instance, std::span<const std::byte> file,
				const std::string &name)
{
	Layout layout = TRY(parse(file, name));
	std::span<std::byte> ram = instance.ram();
	std::uint64_t bytes = page_up(layout.bytes);

	if (ram.size() < image_at || bytes > ram.size() - image_at)
		return fail(LKL_ENOMEM, "{}: does not fit into {} MiB of memory", name,
			    ram.size() >> 20);

	std::span<std::byte> image = ram.subspan(image_at, bytes);

	// What no segment's file bytes fill stays untouched RAM, which is zero: bss.
	for (const elf::Segment &segment : layout.segments)
		if (segment.p_filesz)
			TRY(instance.place(image_at + segment.p_vaddr,
					   file.subspan(segment.p_offset, segment.p_filesz)));

	Tables tables = TRY(find_tables(layout, image, name));
	Relocator relocator(image);

	TRY(apply_rela(relocator, tables.rela, name));
	TRY(apply_relr(relocator, tables.relr, name));

	for (const elf::Segment &segment : layout.segments) {
		std::uint64_t first = page_down(segment.p_vaddr);
		std::uint64_t end = page_up(segment.p_vaddr + segment.p_memsz);

		TRY(instance.protect(image_at + first, end - first, protection(segment.p_flags)));
	}
	return PlacedImage{image_at, bytes, image.data() + layout.entry};
}

Result<LoadedImage> enter_image(const PlacedImage &placed, const std::string &name)
{
	using Entry = const lkl_image *(*)();
	const lkl_image *table = reinterpret_cast<Entry>(placed.entry)();

	if (!table || table->size < sizeof(lkl_image))
		return bad(name, "its table is too small for this library");
	if (table->version != LKL_HOST_ABI_VERSION)
		return bad(name, "it speaks version {} of the host interface, not {}",
			   table->version, LKL_HOST_ABI_VERSION);
	return LoadedImage{table, placed.at, placed.bytes};
}

Result<LoadedImage> load_builtin_image(host::Instance &instance)
{
	std::span<const std::byte> file(lkl_kernel_image, lkl_kernel_image_end);

	if (file.empty())
		return fail(LKL_ENOEXEC, "this library was built without a kernel image");

	PlacedImage placed = TRY(place_image(instance, file, "built-in kernel"));

	return enter_image(placed, "built-in kernel");
}

ImageSource image_file(std::string path)
{
	// Shared: what the instance maps from the file must outlive the call.
	auto file = std::make_shared<std::unique_ptr<host::File>>();

	return [path = std::move(path), file](host::Instance &instance) -> Result<LoadedImage> {
		*file = TRY(host::File::open(path, host::File::Access::read_only));

		std::span<const std::byte> contents = TRY((*file)->contents());
		PlacedImage placed = TRY(place_image(instance, contents, path));

		return enter_image(placed, path);
	};
}

} // namespace lkl
