// SPDX-License-Identifier: GPL-2.0
#include "mkfs_programs.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

constexpr std::string_view linux_data = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
constexpr std::string_view basic_data = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";
constexpr unsigned mbr_linux = 0x83, mbr_ntfs = 0x07, mbr_fat = 0x0c;

// Nobody sees an image before it is whole, so ext3 and ext4 are filled without their journal
// (noload on a clean one). Blocks and inodes of ext are the same at every size, as small ones
// keep no nanoseconds. xfs would fill holes with blocks for more data (allocsize). udf loses
// data without noadinicb (README).
constexpr std::string_view ext_arguments = "-q -F -b 4096 -I 256 -t";
constexpr std::string_view ext_options = "noload,noinit_itable";

using enum UuidForm;

constexpr std::array<TypeTools, 13> tools = {{
	{"ext4", "ext4", "mke2fs", "e2fsprogs", ext_arguments, "-L", 16, whole, "-U", ext_options,
	 linux_data, mbr_linux},
	{"ext3", "ext3", "mke2fs", "e2fsprogs", ext_arguments, "-L", 16, whole, "-U", ext_options,
	 linux_data, mbr_linux},
	{"ext2", "ext2", "mke2fs", "e2fsprogs", ext_arguments, "-L", 16, whole, "-U", "", linux_data,
	 mbr_linux},
	{"xfs", "xfs", "mkfs.xfs", "xfsprogs", "-q -f", "-L", 12, whole, "-muuid=", "allocsize=4k",
	 linux_data, mbr_linux},
	{"btrfs", "btrfs", "mkfs.btrfs", "btrfs-progs", "-q -f", "-L", 255, whole, "-U", "", linux_data,
	 mbr_linux, true},
	{"f2fs", "f2fs", "mkfs.f2fs", "f2fs-tools", "-q -f", "-l", 512, whole, "-U", "", linux_data,
	 mbr_linux},
	{"nilfs2", "nilfs2", "mkfs.nilfs2", "nilfs-tools", "-q -f", "-L", 80, none, "", "", linux_data,
	 mbr_linux},
	{"jfs", "jfs", "jfs_mkfs", "jfsutils", "-q", "-L", 16, whole, "", "", linux_data, mbr_linux},
	{"minix", "minix", "mkfs.minix", "util-linux", "-3", "", 0, none, "", "", linux_data, 0x81},
	{"vfat", "vfat", "mkfs.vfat", "dosfstools", "", "-n", 11, four_bytes, "-i", "", basic_data,
	 mbr_fat},
	{"exfat", "exfat", "mkfs.exfat", "exfatprogs", "", "-L", 30, four_bytes, "", "", basic_data,
	 mbr_ntfs},
	{"ntfs", "ntfs3", "mkntfs", "ntfs-3g", "-q -Q -F", "-L", 256, eight_bytes, "", "", basic_data,
	 mbr_ntfs},
	{"udf", "udf", "mkudffs", "udftools", "--utf8", "-l", 126, eight_bytes, "-u", "noadinicb",
	 basic_data, mbr_ntfs},
}};

void add_words(std::vector<std::string> &arguments, std::string_view text)
{
	std::istringstream words{std::string(text)};

	for (std::string word; words >> word;)
		arguments.push_back(word);
}

void add_option(std::vector<std::string> &arguments, std::string_view option,
		const std::string &value)
{
	if (option.ends_with('=')) {
		arguments.push_back(std::string(option) + value);
	} else {
		arguments.emplace_back(option);
		arguments.push_back(value);
	}
}

std::string without_dashes(std::string text)
{
	std::erase(text, '-');
	return text;
}

bool is_ext(const TypeTools &tools)
{
	return tools.program == "mke2fs";
}

/// What keeps a program from using the clock and random numbers. ext's programs before 1.47.1
/// know no SOURCE_DATE_EPOCH, which the others get from our own environment.
void make_reproducible(Program &program, const TypeTools &tools, const NewFileSystem &wanted)
{
	if (is_ext(tools)) {
		program.arguments.push_back("-E");
		program.arguments.push_back("hash_seed=" + wanted.uuid);
		program.environment.push_back(fmt::format("E2FSPROGS_FAKE_TIME={}", *wanted.date));
	} else if (tools.type == "f2fs") {
		add_words(program.arguments, fmt::format("-r -T {}", *wanted.date));
	} else if (tools.type == "ntfs") {
		program.arguments.push_back("-T");
	} else if (tools.type == "vfat") {
		program.arguments.push_back("--invariant");
	}
}

/// UUIDs that mkfs cannot be told.
std::optional<Program> uuid_program(const TypeTools &tools, const std::string &uuid)
{
	const std::string package(tools.package);

	if (tools.type == "jfs")
		return Program{"jfs_tune", package, {"-U", uuid, program_file}, {}, {}};
	if (tools.type == "exfat")
		return Program{"tune.exfat", package, {"-I", "0x" + without_dashes(uuid), program_file},
			       {}, {}};
	if (tools.type == "ntfs")
		return Program{"ntfslabel", package, {"-q", "-f", "--new-serial=" + uuid, program_file}, {}, {}};
	return std::nullopt;
}

} // namespace

const TypeTools *tools_for(std::string_view type)
{
	const auto found = std::ranges::find_if(tools, [&](const TypeTools &known) {
		return known.type == type || known.kernel_type == type;
	});

	return found == tools.end() ? nullptr : &*found;
}

std::string creatable_types()
{
	std::string names;

	for (const TypeTools &known : tools)
		names.append(names.empty() ? "" : ", ").append(known.type);
	return names;
}

std::string uuid_of(UuidForm form, std::string_view bytes)
{
	std::string digits;

	for (const char byte : bytes)
		digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
	switch (form) {
	case none:
		return {};
	case four_bytes:
		std::ranges::transform(digits, digits.begin(), ::toupper);
		return digits.substr(0, 4) + "-" + digits.substr(4, 4);
	case eight_bytes:
		return digits.substr(0, 16);
	case whole:
		// RFC 9562: version 8, made by one's own rules.
		digits[12] = '8';
		digits[16] = "89ab"[digits[16] & 3];
		break;
	}
	return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
			   digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

Result<std::string> checked_uuid(const TypeTools &tools, const std::string &given)
{
	constexpr std::array<std::string_view, 4> examples = {
		"", "1234-ABCD", "0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"};
	const std::string_view example = examples[static_cast<std::size_t>(tools.uuid)];

	if (tools.uuid == none)
		return failure(fmt::format("the programs for {} cannot set a UUID", tools.type));

	const bool fits = given.size() == example.size() &&
			  std::ranges::equal(given, example, [](char a, char b) {
				  return b == '-' ? a == '-' : std::isxdigit(static_cast<unsigned char>(a));
			  });
	if (!fits)
		return failure(fmt::format("--uuid '{}': one of {} looks like {}", given, tools.type,
					   example));
	return given;
}

Result<std::vector<Program>> mkfs_programs(const TypeTools &tools, const NewFileSystem &wanted)
{
	Program mkfs = {std::string(tools.program), std::string(tools.package), {}, {}, {}};

	add_words(mkfs.arguments, tools.arguments);
	if (is_ext(tools))
		mkfs.arguments.emplace_back(tools.type);
	if (!wanted.label.empty()) {
		if (tools.label_option.empty())
			return failure(fmt::format("{} has no label", tools.type));
		if (wanted.label.size() > tools.label_bytes)
			return failure(fmt::format("--label '{}': {} has room for {} bytes",
						   wanted.label, tools.type, tools.label_bytes));
		add_option(mkfs.arguments, tools.label_option, wanted.label);
	}
	if (wanted.date)
		make_reproducible(mkfs, tools, wanted);
	if (!wanted.uuid.empty() && !tools.uuid_option.empty())
		add_option(mkfs.arguments, tools.uuid_option,
			   tools.uuid == four_bytes ? without_dashes(wanted.uuid) : wanted.uuid);
	if (wanted.inodes && (is_ext(tools) || tools.type == "minix"))
		add_option(mkfs.arguments, is_ext(tools) ? "-N" : "-i", std::to_string(wanted.inodes));
	if (wanted.large_fat && tools.type == "vfat")
		add_option(mkfs.arguments, "-F", "32");
	add_words(mkfs.arguments, wanted.more_options);
	mkfs.arguments.emplace_back(program_file);

	std::vector<Program> programs = {std::move(mkfs)};
	if (!wanted.uuid.empty())
		if (auto program = uuid_program(tools, wanted.uuid))
			programs.push_back(std::move(*program));
	return programs;
}

} // namespace lkl::apps
