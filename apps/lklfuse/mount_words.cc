// SPDX-License-Identifier: GPL-2.0
#include "mount_words.hh"

#include <algorithm>
#include <array>

#include <lkl.h>

namespace lkl::apps {

namespace {

using namespace std::string_view_literals;

constexpr std::array program_words = {
	"ro"sv, "rw"sv, "type"sv, "part"sv, "mb"sv, "opts"sv, "lock"sv, "offset"sv, "format"sv,
	"disk"sv, "key-file"sv, "uid"sv, "gid"sv, "umask"sv, "writeback_cache"sv, "pid-file"sv,
	"default_permissions"sv, "allow_other"sv, "cpus"sv,
};
constexpr std::array fuse_words = {
	"allow_root"sv, "auto_unmount"sv, "fsname"sv, "subtype"sv, "max_read"sv,
	"suid"sv, "nosuid"sv, "dev"sv, "nodev"sv, "exec"sv, "noexec"sv, "context"sv,
	"fscontext"sv, "defcontext"sv, "rootcontext"sv,
};
constexpr std::array fstab_words = {
	"defaults"sv, "auto"sv, "noauto"sv, "user"sv, "nouser"sv, "users"sv, "owner"sv, "group"sv,
	"nofail"sv, "_netdev"sv, "comment"sv, "async"sv, "atime"sv, "diratime"sv, "relatime"sv,
	"norelatime"sv, "nolazytime"sv, "nostrictatime"sv, "loop"sv,
};

struct Flag {
	std::string_view key;
	unsigned flag;
};

constexpr std::array flags = {
	Flag{"noatime", LKL_MS_NOATIME},	 Flag{"nodiratime", LKL_MS_NODIRATIME},
	Flag{"strictatime", LKL_MS_STRICTATIME}, Flag{"lazytime", LKL_MS_LAZYTIME},
	Flag{"sync", LKL_MS_SYNCHRONOUS},	 Flag{"dirsync", LKL_MS_DIRSYNC},
};

bool is_one_of(std::string_view key, const auto &words)
{
	return std::ranges::find(words, key) != words.end();
}

MountWord word_of(const std::string &text)
{
	const std::size_t equals = text.find('=');

	if (equals == text.npos)
		return {text, "", false};
	return {text.substr(0, equals), text.substr(equals + 1), true};
}

} // namespace

std::vector<MountWord> split_words(std::string_view list)
{
	std::vector<MountWord> words;
	std::string text;
	const auto end = [&] {
		if (!text.empty())
			words.push_back(word_of(text));
		text.clear();
	};

	for (std::size_t i = 0; i < list.size(); i++) {
		if (list[i] == ',') {
			end();
			continue;
		}
		if (list[i] == '\\' && i + 1 < list.size() && (list[i + 1] == ',' || list[i + 1] == '\\'))
			i++;
		text += list[i];
	}
	end();
	return words;
}

WordFor whose(const MountWord &word)
{
	if (is_one_of(word.key, program_words))
		return WordFor::program;
	if (is_one_of(word.key, fuse_words))
		return WordFor::fuse;
	if (flag_of(word.key))
		return WordFor::both_mounts;
	if (is_one_of(word.key, fstab_words) || word.key.starts_with("x-") || word.key.starts_with("X-"))
		return WordFor::nobody;
	return WordFor::file_system;
}

unsigned flag_of(std::string_view key)
{
	const auto known = std::ranges::find(flags, key, &Flag::key);

	return known == flags.end() ? 0 : known->flag;
}

} // namespace lkl::apps
