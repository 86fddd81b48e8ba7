// SPDX-License-Identifier: GPL-2.0
#include "tar_writer.hh"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "utf8.hh"

namespace lkl::apps {

namespace {

constexpr std::size_t block = 512;
constexpr std::size_t record = 20 * block;	// archives are padded to this

} // namespace

/// The ustar header block. Numbers are octal digits and end with a NUL.
struct TarWriter::Header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char padding[12];

	/// The largest value if @value does not fit; then a record must say it.
	template <std::size_t N> static void number(char (&field)[N], std::uint64_t value)
	{
		constexpr std::uint64_t largest = (1ULL << 3 * (N - 1)) - 1;

		value = std::min(value, largest);
		for (std::size_t at = N - 1; at-- > 0; value >>= 3)
			field[at] = static_cast<char>('0' + (value & 7));
	}

	/// As much of @value as fits.
	template <std::size_t N> static void text(char (&field)[N], std::string_view value)
	{
		value.copy(field, N);
	}

	/// Put @path into name and prefix; false when it cannot be split to fit.
	bool path(std::string_view path)
	{
		if (path.size() <= sizeof(name)) {
			text(name, path);
			return true;
		}

		// The slash between the two is not stored; the name may not be empty.
		const std::size_t from = path.size() - sizeof(name) - 1;
		const std::size_t slash = path.find('/', std::max<std::size_t>(from, 1));

		if (slash == path.npos || slash > sizeof(prefix) || slash + 1 == path.size())
			return false;
		text(prefix, path.substr(0, slash));
		text(name, path.substr(slash + 1));
		return true;
	}

	/// A zeroed header with what all entries have.
	static Header make(char type, std::uint64_t mode, std::uint64_t size,
			   const Timestamp &time)
	{
		Header header{};

		number(header.mode, mode);
		number(header.uid, 0);
		number(header.gid, 0);
		number(header.size, size);
		number(header.mtime, static_cast<std::uint64_t>(
					     std::max<std::int64_t>(time.seconds, 0)));
		number(header.major, 0);
		number(header.minor, 0);
		header.type = type;
		std::memcpy(header.magic, "ustar", sizeof(header.magic));
		std::memcpy(header.version, "00", sizeof(header.version));
		return header;
	}

	/// The block as it is written, its checksum filled in.
	std::string_view sealed()
	{
		static_assert(sizeof(Header) == block);
		unsigned sum = 0;

		std::memset(checksum, ' ', sizeof(checksum));
		for (const char c : std::string_view(reinterpret_cast<char *>(this), block))
			sum += static_cast<unsigned char>(c);
		// Six digits, a NUL and the space that is there already.
		number(reinterpret_cast<char(&)[7]>(checksum), sum);
		checksum[6] = '\0';
		return {reinterpret_cast<char *>(this), block};
	}
};

void PaxRecords::add(std::string_view key, std::string_view value)
{
	// "LENGTH KEY=VALUE\n", where the length counts its own digits.
	const std::size_t rest = key.size() + value.size() + 3;
	std::size_t length = rest;

	for (std::size_t digits = 1;; digits++) {
		length = rest + digits;
		if (fmt::formatted_size("{}", length) == digits)
			break;
	}
	fmt::format_to(std::back_inserter(text_), "{} {}=", length, key);
	text_.append(value).push_back('\n');
}

std::string pax_time(const Timestamp &time)
{
	// A decimal fraction has one sign for all of it: -2 s + 0.5e9 ns is -1.5.
	const bool negative = time.seconds < 0;
	const bool borrow = negative && time.nanoseconds;
	const auto seconds = static_cast<std::uint64_t>(time.seconds);
	const std::uint64_t whole = negative ? 0 - seconds - borrow : seconds;
	const std::uint32_t fraction = borrow ? 1'000'000'000 - time.nanoseconds
					      : time.nanoseconds;
	std::string text = fmt::format("{}{}", negative ? "-" : "", whole);

	if (fraction) {
		text += fmt::format(".{:09}", fraction);
		text.erase(text.find_last_not_of('0') + 1);
	}
	return text;
}

namespace {

char type_flag(const TarEntry &entry)
{
	if (entry.hard_link)
		return '1';
	switch (entry.meta.type) {
	case FileType::symbolic_link: return '2';
	case FileType::character_device: return '3';
	case FileType::block_device: return '4';
	case FileType::directory: return '5';
	case FileType::fifo: return '6';
	default: return '0';
	}
}

/// The map that precedes the data of a sparse file, format 1.0.
std::string sparse_map(std::span<const Extent> extents)
{
	std::string map = fmt::format("{}\n", extents.size());

	for (const Extent &extent : extents)
		fmt::format_to(std::back_inserter(map), "{}\n{}\n", extent.offset, extent.bytes);
	map.resize((map.size() + block - 1) / block * block);
	return map;
}

std::uint64_t stored_bytes(const TarEntry &entry)
{
	if (entry.hard_link || entry.meta.type != FileType::regular)
		return 0;
	if (!entry.sparse)
		return entry.meta.size;

	std::uint64_t bytes = 0;
	for (const Extent &extent : entry.extents)
		bytes += extent.bytes;
	return bytes;
}

/// A name for readers that do not understand what it is a name of.
std::string stand_in(const char *directory, std::string_view path)
{
	while (path.size() > 1 && path.ends_with('/'))
		path.remove_suffix(1);
	return std::string(directory).append(path.substr(path.rfind('/') + 1).substr(0, 80));
}

/// Whether pax records, which are UTF-8 by definition, must or may say it.
bool needs_record(std::string_view text, bool fits)
{
	return is_utf8(text) && !(fits && is_ascii(text));
}

} // namespace

Result<void> TarWriter::pad(std::uint64_t multiple)
{
	const std::uint64_t over = stream_.position() % multiple;

	return over ? stream_.zeroes(multiple - over) : Result<void>();
}

/// GNU's own long names, read by everyone: the only way for bytes that are no
/// UTF-8 and do not fit the header.
Result<void> TarWriter::add_long(char type, std::string_view text)
{
	Header header = Header::make(type, 0644, text.size() + 1, {});

	Header::text(header.name, "././@LongLink");
	TRY(stream_.append(header.sealed()));
	TRY(stream_.append(text));
	TRY(stream_.zeroes(1));
	return pad(block);
}

/// An extended header with records_, for the header that follows.
Result<void> TarWriter::add_records(const TarEntry &entry)
{
	Header header = Header::make('x', 0644, records_.text().size(), entry.meta.modified);

	// Only seen where pax is not understood and headers become files.
	Header::text(header.name, stand_in("./PaxHeaders/", entry.path));
	TRY(stream_.append(header.sealed()));
	TRY(stream_.append(records_.text()));
	return pad(block);
}

/// The path: in the header where it fits, else, or if it is not ASCII, in a record.
Result<void> TarWriter::set_path(Header &header, const TarEntry &entry)
{
	// Readers that know nothing of sparse files shall not mistake what they get.
	if (entry.sparse && is_utf8(entry.path)) {
		header.path(stand_in("./GNUSparseFile.0/", entry.path));
		records_.add("GNU.sparse.name", entry.path);
		return {};
	}

	const bool fits = header.path(entry.path);
	if (!fits)
		Header::text(header.name, entry.path);
	if (needs_record(entry.path, fits))
		records_.add("path", entry.path);
	else if (!fits)
		return add_long('L', entry.path);
	return {};
}

Result<void> TarWriter::set_link(Header &header, const TarEntry &entry)
{
	const bool fits = entry.link.size() <= sizeof(header.link);

	Header::text(header.link, entry.link);
	if (needs_record(entry.link, fits))
		records_.add("linkpath", entry.link);
	else if (!fits)
		return add_long('K', entry.link);
	return {};
}

/// Sizes, owners, device and time: records say what does not fit the header.
void TarWriter::set_numbers(Header &header, const TarEntry &entry, std::uint64_t size)
{
	const Metadata &meta = entry.meta;
	const auto number = [&](auto &field, const char *key, std::uint64_t value) {
		Header::number(field, value);
		if (value >> 3 * (sizeof(field) - 1))
			records_.add(key, std::to_string(value));
	};
	const auto name = [&](auto &field, const char *key, std::string_view value) {
		if (!is_utf8(value))
			return;
		Header::text(field, value);
		if (needs_record(value, value.size() < sizeof(field)))
			records_.add(key, value);
	};

	number(header.size, "size", size);
	number(header.uid, "uid", meta.uid);
	number(header.gid, "gid", meta.gid);
	name(header.user, "uname", entry.user);
	name(header.group, "gname", entry.group);
	if (meta.type == FileType::character_device || meta.type == FileType::block_device) {
		Header::number(header.major, meta.device_major);
		Header::number(header.minor, meta.device_minor);
	}
	if (meta.modified.nanoseconds || meta.modified.seconds < 0 ||
	    meta.modified.seconds >> 3 * (sizeof(header.mtime) - 1))
		records_.add("mtime", pax_time(meta.modified));
}

Result<void> TarWriter::begin_entry(const TarEntry &entry, const PaxRecords &records)
{
	const std::string map = entry.sparse ? sparse_map(entry.extents) : std::string();
	const std::uint64_t size = stored_bytes(entry) + map.size();
	Header header = Header::make(type_flag(entry), entry.meta.permissions, size,
				     entry.meta.modified);

	records_.clear();
	if (entry.sparse) {
		records_.add("GNU.sparse.major", "1");
		records_.add("GNU.sparse.minor", "0");
		records_.add("GNU.sparse.realsize", std::to_string(entry.meta.size));
	}
	TRY(set_path(header, entry));
	TRY(set_link(header, entry));
	set_numbers(header, entry, size);
	records_.add(records);

	if (!records_.text().empty())
		TRY(add_records(entry));
	TRY(stream_.append(header.sealed()));
	return stream_.append(map);
}

Result<void> TarWriter::end_entry()
{
	return pad(block);
}

Result<void> TarWriter::end_archive()
{
	TRY(stream_.zeroes(2 * block));
	return pad(record);
}

} // namespace lkl::apps
