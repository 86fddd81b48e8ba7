// SPDX-License-Identifier: GPL-2.0
// The distribution's mkfs programs: for each type of file system that the library can
// write, what makes one and how it is told label, UUID and the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program.hh"
#include "result.hh"

namespace lkl::apps {

/// Which part of a UUID a type has.
enum class UuidForm {
	none,
	four_bytes,	// 1234-5678
	eight_bytes,	// 0123456789ABCDEF
	whole,		// 01234567-89ab-cdef-0123-456789abcdef
};

struct TypeTools {
	std::string_view type;			// as -t has it
	std::string_view kernel_type;		// as the kernel has it
	std::string_view program, package;
	std::string_view arguments;		// always: quiet, a file is good enough, ...
	std::string_view label_option;		// empty: it has no label
	std::size_t label_bytes;		// at most
	UuidForm uuid;
	std::string_view uuid_option;		// of a word of its own, or ends in "="
	std::string_view mount_options;		// for filling a new one
	std::string_view gpt_type;		// GUID for a partition
	unsigned mbr_type;
	bool sleeps = false;	// while it is written, for milliseconds at a time
};

/// What a new file system is to be.
struct NewFileSystem {
	std::string label;		// empty: none
	std::string uuid;		// in the type's form; empty: mkfs's choice
	std::uint64_t inodes = 0;	// that it needs room for, where this must be said
	bool large_fat = false;		// FAT32, if it is a FAT
	std::string more_options;	// for mkfs, separated by blanks
	std::optional<std::int64_t> date;	// seconds: the same each time; needs uuid
};

/// Null for a type that nothing makes.
const TypeTools *tools_for(std::string_view type);
/// All types, for messages.
std::string creatable_types();

/// @given in @tools's form, or an Error that says what that is.
Result<std::string> checked_uuid(const TypeTools &tools, const std::string &given);
/// The UUID of 16 @bytes, in @tools's form; empty where it has none.
std::string uuid_of(UuidForm form, std::string_view bytes);

/// What has to run, one after the other, to make @wanted in the file that they are given.
/// Fails for a label that is too long or impossible.
Result<std::vector<Program>> mkfs_programs(const TypeTools &tools, const NewFileSystem &wanted);

} // namespace lkl::apps
