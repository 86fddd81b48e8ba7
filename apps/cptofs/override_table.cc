// SPDX-License-Identifier: GPL-2.0
#include "override_table.hh"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "image_place.hh"

namespace lkl::apps {

namespace {

constexpr std::uint64_t most_nodes = 1 << 20;	// of one line

template <class Number> Result<Number> number(std::string_view text, int base = 10)
{
	Number value = 0;
	const auto [end, error] =
		std::from_chars(text.data(), text.data() + text.size(), value, base);

	if (text.empty() || error != std::errc() || end != text.data() + text.size())
		return failure(fmt::format("'{}' is no {}number", text, base == 8 ? "octal " : ""));
	return value;
}

/// "-" and "-1" leave it as it is.
bool is_given(std::string_view text)
{
	return text != "-" && text != "-1";
}

Result<std::uint16_t> permissions_of(std::string_view text)
{
	const auto mode = TRY(number<std::uint32_t>(text, 8));

	if (mode > 07777)
		return failure(fmt::format("'{}' is no mode", text));
	return static_cast<std::uint16_t>(mode);
}

/// Names may have blanks, as "\040".
Result<std::string> path_of(std::string_view text)
{
	std::string path;

	if (!text.starts_with('/'))
		return failure(fmt::format("'{}' does not begin with a slash", text));
	while (!text.empty()) {
		if (text.front() == '\\') {
			if (text.size() < 4)
				return failure("a backslash without three octal digits");
			path += static_cast<char>(TRY(number<std::uint8_t>(text.substr(1, 3), 8)));
			text.remove_prefix(4);
		} else {
			path += text.front();
			text.remove_prefix(1);
		}
	}
	if (path.find('\0') != path.npos)
		return failure("a path with a zero byte");
	return ImagePlace::normal(path);
}

FileType type_of(std::string_view letter)
{
	if (letter == "f")
		return FileType::regular;
	if (letter == "d" || letter == "r")
		return FileType::directory;
	if (letter == "c")
		return FileType::character_device;
	if (letter == "b")
		return FileType::block_device;
	if (letter == "p")
		return FileType::fifo;
	return FileType::unknown;
}

/// PATH0, PATH1, ..., whose minor numbers grow too.
Result<void> add_series(OverrideTable &table, const std::string &path, Override made,
			const std::vector<std::string> &field)
{
	const auto start = TRY(number<std::uint32_t>(field[7]));
	const auto increment = TRY(number<std::uint32_t>(field[8]));
	const auto count = TRY(number<std::uint32_t>(field[9]));

	if (count > most_nodes)
		return failure(fmt::format("{} nodes are too many", count));
	for (std::uint32_t n = 0; n < count; n++) {
		table.single[path + std::to_string(start + n)] = made;
		made.device_minor += increment;
	}
	return {};
}

Result<void> add_table_line(OverrideTable &table, std::vector<std::string> field, unsigned line)
{
	// What does not matter may be "-" or left out.
	if (field.size() < 5 || field.size() > 10)
		return failure("not PATH TYPE MODE UID GID [MAJOR MINOR [START INCREMENT COUNT]]");
	field.resize(10, "-");

	const std::string path = TRY(path_of(field[0]));
	Override made;

	made.line = line;
	made.type = type_of(field[1]);
	if (made.type == FileType::unknown)
		return failure(fmt::format("type '{}' is none of f, d, r, c, b, p", field[1]));
	if (is_given(field[2]))
		made.permissions = TRY(permissions_of(field[2]));
	if (is_given(field[3]))
		made.uid = TRY(number<std::uint32_t>(field[3]));
	if (is_given(field[4]))
		made.gid = TRY(number<std::uint32_t>(field[4]));
	if (made.type == FileType::character_device || made.type == FileType::block_device) {
		made.device_major = TRY(number<std::uint32_t>(field[5]));
		made.device_minor = TRY(number<std::uint32_t>(field[6]));
		if (is_given(field[9]) && field[9] != "0")
			return add_series(table, path, made, field);
	}
	(field[1] == "r" ? table.trees : table.single)[path] = made;
	return {};
}

/// The numbers are those of the host's stat().
Result<void> add_fakeroot_line(OverrideTable &table, const std::string &text, unsigned line)
{
	std::map<std::string, std::string> value;
	std::istringstream parts(text);

	for (std::string part; std::getline(parts, part, ',');) {
		const std::size_t equals = std::min(part.find('='), part.size() - 1);

		value[part.substr(0, equals)] = part.substr(equals + 1);
	}

	const FileId id = {TRY(number<std::uint64_t>(value["dev"], 16)),
			   TRY(number<std::uint64_t>(value["ino"]))};
	const auto mode = TRY(number<std::uint32_t>(value["mode"], 8));
	const auto device = TRY(number<std::uint64_t>(value["rdev"]));
	Override made;

	made.line = line;
	made.permissions = mode & 07777;
	made.uid = TRY(number<std::uint32_t>(value["uid"]));
	made.gid = TRY(number<std::uint32_t>(value["gid"]));
	if (S_ISCHR(mode))
		made.type = FileType::character_device;
	else if (S_ISBLK(mode))
		made.type = FileType::block_device;
	else if (S_ISFIFO(mode))
		made.type = FileType::fifo;
	made.device_major = major(device);
	made.device_minor = minor(device);
	table.files[id] = made;
	return {};
}

Result<void> add_line(OverrideTable &table, const std::string &text, unsigned line)
{
	std::vector<std::string> field;
	std::istringstream words(text);

	for (std::string word; words >> word && !word.starts_with('#');)
		field.push_back(word);
	if (field.empty())
		return {};
	if (field.size() == 1 && field[0].starts_with("dev="))
		return add_fakeroot_line(table, field[0], line);
	return add_table_line(table, std::move(field), line);
}

} // namespace

Result<OverrideTable> OverrideTable::read(const std::string &file)
{
	std::ifstream stream(file);
	OverrideTable table;
	unsigned line = 0;

	if (!stream)
		return host_failure("open");
	for (std::string text; std::getline(stream, text);) {
		line++;
		if (const Result<void> added = add_line(table, text, line); !added)
			return failure(fmt::format("line {}: {}", line, added.error().text));
	}
	if (stream.bad())
		return host_failure("read", EIO);
	return table;
}

} // namespace lkl::apps
