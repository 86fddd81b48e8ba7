// SPDX-License-Identifier: GPL-2.0
#include "calls.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "lkl.h"
#include "try.hh"

namespace lkl {

std::int64_t Calls::call(std::int64_t nr, const std::int64_t *words) const
{
	if (kernel_)
		return lkl_syscall(kernel_, nr, words);

	lkl_s64 args[6];

	std::copy(words, words + 6, args);
	return image_->syscall(init_, nr, args);
}

Result<OpenFile> OpenFile::open(const Calls &calls, const std::string &path, unsigned flags)
{
	std::int64_t fd = calls(LKL_SYS_openat, LKL_AT_FDCWD, path.c_str(),
				flags | LKL_O_CLOEXEC, 0);

	if (fd < 0)
		return fail(fd, "{}", path);
	return OpenFile(calls, static_cast<int>(fd));
}

OpenFile::~OpenFile()
{
	if (fd_ >= 0)
		calls_(LKL_SYS_close, fd_);
}

Result<std::string> Calls::read_file(const std::string &path) const
{
	OpenFile file = TRY(OpenFile::open(*this, path, LKL_O_RDONLY));
	std::string content;
	std::array<char, 4096> piece;

	for (;;) {
		std::int64_t bytes = (*this)(LKL_SYS_read, file.fd(), piece.data(), piece.size());

		if (bytes < 0)
			return fail(bytes, "{}: read", path);
		if (bytes == 0)
			return content;
		content.append(piece.data(), static_cast<std::size_t>(bytes));
	}
}

Result<std::vector<std::string>> Calls::list(const std::string &path) const
{
	OpenFile directory = TRY(OpenFile::open(*this, path, LKL_O_RDONLY | LKL_O_DIRECTORY));
	std::vector<std::string> names;
	std::array<char, 4096> records;

	for (;;) {
		std::int64_t bytes = (*this)(LKL_SYS_getdents64, directory.fd(), records.data(),
					     records.size());

		if (bytes < 0)
			return fail(bytes, "{}: read", path);
		if (bytes == 0)
			return names;
		for (std::int64_t at = 0; at < bytes;) {
			lkl_dirent64 record;

			std::memcpy(&record, &records[at], LKL_DIRENT64_NAME);

			std::string name = &records[at + LKL_DIRENT64_NAME];

			if (name != "." && name != "..")
				names.push_back(std::move(name));
			at += record.d_reclen;
		}
	}
}

Result<void> Calls::make_directories(const std::string &path) const
{
	for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
		std::string part = path.substr(0, end);
		std::int64_t result = (*this)(LKL_SYS_mkdirat, LKL_AT_FDCWD, part.c_str(), 0755);

		if (result < 0 && result != -LKL_EEXIST)
			return fail(result, "{}: make directory", part);
		if (end == std::string::npos)
			return {};
	}
}

Result<void> Calls::flush(const std::string &path, std::int64_t nr) const
{
	OpenFile file = TRY(OpenFile::open(*this, path, LKL_O_RDONLY));
	std::int64_t result = (*this)(nr, file.fd());

	if (result < 0)
		return fail(result, "{}: flush", path);
	return {};
}

namespace {

// The kernel writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text)
{
	std::string plain;

	for (std::size_t i = 0; i < text.size(); i++) {
		if (text[i] == '\\' && text.size() - i > 3) {
			plain += static_cast<char>((text[i + 1] - '0') << 6 |
						   (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
			i += 3;
		} else {
			plain += text[i];
		}
	}
	return plain;
}

std::string next_field(std::string_view &line)
{
	std::size_t end = std::min(line.find(' '), line.size());
	std::string field = unescape(line.substr(0, end));

	line.remove_prefix(std::min(end + 1, line.size()));
	return field;
}

} // namespace

Result<std::vector<MountEntry>> mounts(const Calls &calls)
{
	std::string table = TRY(calls.read_file("/proc/self/mounts"));
	std::vector<MountEntry> entries;

	for (std::string_view rest = table; !rest.empty();) {
		std::size_t end = std::min(rest.find('\n'), rest.size());
		std::string_view line = rest.substr(0, end);
		MountEntry entry;

		rest.remove_prefix(std::min(end + 1, rest.size()));
		entry.source = next_field(line);
		entry.target = next_field(line);
		entry.type = next_field(line);
		entries.push_back(std::move(entry));
	}
	return entries;
}

} // namespace lkl
