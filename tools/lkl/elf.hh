// SPDX-License-Identifier: GPL-2.0
// The part of ELF that a kernel image uses: 64-bit, little-endian, ET_DYN.
// Names and numbers are those of the System V ABI (gABI chapters 4 and 5).
#pragma once

#include <array>
#include <cstdint>

namespace lkl::elf {

struct Header {
	std::array<std::uint8_t, 16> e_ident;
	std::uint16_t e_type;
	std::uint16_t e_machine;
	std::uint32_t e_version;
	std::uint64_t e_entry;
	std::uint64_t e_phoff;
	std::uint64_t e_shoff;
	std::uint32_t e_flags;
	std::uint16_t e_ehsize;
	std::uint16_t e_phentsize;
	std::uint16_t e_phnum;
	std::uint16_t e_shentsize;
	std::uint16_t e_shnum;
	std::uint16_t e_shstrndx;
};
static_assert(sizeof(Header) == 64);

struct Segment {
	std::uint32_t p_type;
	std::uint32_t p_flags;
	std::uint64_t p_offset;
	std::uint64_t p_vaddr;
	std::uint64_t p_paddr;
	std::uint64_t p_filesz;
	std::uint64_t p_memsz;
	std::uint64_t p_align;
};
static_assert(sizeof(Segment) == 56);

struct Dynamic {
	std::int64_t d_tag;
	std::uint64_t d_val;
};
static_assert(sizeof(Dynamic) == 16);

struct Rela {
	std::uint64_t r_offset;
	std::uint64_t r_info;
	std::int64_t r_addend;

	std::uint32_t type() const { return static_cast<std::uint32_t>(r_info); }
	std::uint32_t symbol() const { return static_cast<std::uint32_t>(r_info >> 32); }
};
static_assert(sizeof(Rela) == 24);

// e_ident: magic, ELFCLASS64, ELFDATA2LSB, EV_CURRENT
inline constexpr std::array<std::uint8_t, 7> ident = {0x7f, 'E', 'L', 'F', 2, 1, 1};

inline constexpr std::uint16_t et_dyn = 3;

inline constexpr std::uint32_t pt_load = 1;
inline constexpr std::uint32_t pt_dynamic = 2;
inline constexpr std::uint32_t pt_interp = 3;
inline constexpr std::uint32_t pt_tls = 7;

inline constexpr std::uint32_t pf_x = 1;
inline constexpr std::uint32_t pf_w = 2;
inline constexpr std::uint32_t pf_r = 4;

inline constexpr std::int64_t dt_null = 0;
inline constexpr std::int64_t dt_needed = 1;
inline constexpr std::int64_t dt_pltrelsz = 2;
inline constexpr std::int64_t dt_rela = 7;
inline constexpr std::int64_t dt_relasz = 8;
inline constexpr std::int64_t dt_relaent = 9;
inline constexpr std::int64_t dt_rel = 17;
inline constexpr std::int64_t dt_relrsz = 35;
inline constexpr std::int64_t dt_relr = 36;
inline constexpr std::int64_t dt_relrent = 37;

/// A CPU architecture: its e_machine, and the one relocation that a static PIE
/// without symbols needs.
struct Machine {
	std::uint16_t number;
	std::uint32_t relative;
	const char *name;
};

inline constexpr Machine x86_64 = {62, 8, "x86-64"};
inline constexpr Machine aarch64 = {183, 1027, "aarch64"};
inline constexpr Machine riscv64 = {243, 3, "riscv64"};

#if defined(__x86_64__)
inline constexpr const Machine &this_machine = x86_64;
#elif defined(__aarch64__)
inline constexpr const Machine &this_machine = aarch64;
#elif defined(__riscv) && __riscv_xlen == 64
inline constexpr const Machine &this_machine = riscv64;
#endif

} // namespace lkl::elf
