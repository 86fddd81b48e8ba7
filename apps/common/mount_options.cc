// SPDX-License-Identifier: GPL-2.0
#include "mount_options.hh"

#include <array>

namespace lkl::apps {

namespace {

/// What the types need beside the user's own options: to read on after an error, but
/// to write no more, where the image could ask the kernel to panic instead; and to leave
/// their journal or log alone.
struct TypeOptions {
	std::string_view type, go_on, stop_writing, no_recovery;
};

constexpr std::array<TypeOptions, 8> type_options = {{
	{"ext2", "errors=continue", "errors=remount-ro", ""},
	{"ext3", "errors=continue", "errors=remount-ro", "noload"},
	{"ext4", "errors=continue", "errors=remount-ro", "noload"},
	{"xfs", "", "", "norecovery"},
	{"btrfs", "", "", "rescue=nologreplay"},
	{"f2fs", "", "", "norecovery"},
	{"nilfs2", "", "", "norecovery"},
	{"udf", "", "noadinicb", ""},
}};

} // namespace

std::string mount_options_for(std::string_view type, bool writable, bool replay_journal,
			      std::string_view users)
{
	std::string options;
	const auto add = [&](std::string_view option) {
		if (!option.empty())
			options.append(options.empty() ? "" : ",").append(option);
	};

	for (const TypeOptions &known : type_options) {
		if (known.type != type)
			continue;
		add(writable ? known.stop_writing : known.go_on);
		if (!replay_journal)
			add(known.no_recovery);
	}
	// They come last: they win.
	add(users);
	return options;
}

} // namespace lkl::apps
