// SPDX-License-Identifier: GPL-2.0
#include "tar_reader.hh"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "tar_attributes.hh"

namespace lkl::apps {

namespace {

// Extended headers hold names and attributes; more than this is an attack on memory.
constexpr std::uint64_t largest_preface = 64 << 20;
constexpr std::size_t most_extents = 8 << 20;
constexpr std::uint64_t largest_size = std::numeric_limits<std::int64_t>::max();

FileType file_type(char type)
{
	switch (type) {
	case '2': return FileType::symbolic_link;
	case '3': return FileType::character_device;
	case '4': return FileType::block_device;
	case '5':
	case 'D': return FileType::directory;	// GNU, with a list of its names
	case '6': return FileType::fifo;
	default: return FileType::regular;	// as POSIX says
	}
}

/// Of types that have no data their size says something else, if anything.
bool has_data(char type)
{
	return type != '1' && type != '2';
}

/// "OFFSET,BYTES,OFFSET,BYTES..."
bool parse_map(std::string_view text, std::vector<Extent> &extents)
{
	std::vector<std::uint64_t> numbers;

	while (!text.empty()) {
		const std::string_view part = text.substr(0, text.find(','));
		const auto number = parse_decimal(part);

		if (!number)
			return false;
		numbers.push_back(*number);
		text.remove_prefix(std::min(part.size() + 1, text.size()));
	}
	for (std::size_t at = 0; at + 1 < numbers.size(); at += 2)
		extents.push_back({numbers[at], numbers[at + 1]});
	return numbers.size() % 2 == 0;
}

} // namespace

std::unexpected<Error> TarReader::damaged(std::string_view what) const
{
	return failure(fmt::format("{} before byte {}", what, stream_.position()));
}

std::unexpected<Error> TarReader::truncated() const
{
	return failure(fmt::format("the archive is cut short at byte {}", stream_.position()));
}

/// False at the end of the stream; part of a block is an error.
Result<bool> TarReader::read_block(TarHeader::Block &block)
{
	const std::size_t got = TRY(stream_.read(std::as_writable_bytes(std::span(block))));

	if (got != 0 && got != sizeof(block))
		return truncated();
	return got != 0;
}

Result<bool> TarReader::next(ArchiveEntry &entry)
{
	Preface preface;
	bool preface_seen = false;

	if (!TRY(stream_.skip(stored_left_ + padding_)))
		return truncated();
	stored_left_ = padding_ = 0;

	for (;;) {
		TarHeader::Block block;

		if (!TRY(read_block(block)))
			return preface_seen ? Result<bool>(truncated()) : false;

		const TarHeader header(block);
		if (header.all_zero()) {
			// One is enough for GNU tar. What follows is padding; reading it
			// has its checksums looked at, and a pipe's writer end well.
			end_marked_ = true;
			if (ignore_zeros_)
				continue;
			TRY(stream_.skip(std::numeric_limits<std::uint64_t>::max()));
			return false;
		}
		if (!header.valid())
			return damaged("no tar header");
		if (TRY(add_preface(header, preface))) {
			preface_seen = true;
			continue;
		}
		TRY(describe(header, preface, entry));
		return true;
	}
}

/// Names and records, which are data of headers of their own.
Result<std::string> TarReader::read_text(const TarHeader &header)
{
	const auto size = header.size();

	if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > largest_preface)
		return damaged("extended header of a wrong size");

	std::string text(static_cast<std::size_t>(*size), '\0');
	if (TRY(stream_.read(std::as_writable_bytes(std::span(text)))) < text.size() ||
	    !TRY(stream_.skip(-text.size() % tar_block)))
		return truncated();
	return text;
}

/// Whether @header is about the entry that follows, and then what it says.
Result<bool> TarReader::add_preface(const TarHeader &header, Preface &preface)
{
	const auto records = [&]() -> Result<Records> {
		Result<Records> parsed = parse_pax(TRY(read_text(header)));
		return parsed ? std::move(parsed) : Result<Records>(damaged(parsed.error().text));
	};
	const auto name = [&]() -> Result<std::string> {
		std::string text = TRY(read_text(header));
		text.resize(std::min(text.find('\0'), text.size()));
		return text;
	};

	switch (header.type()) {
	case 'x':
	case 'X':	// Sun's
		preface.records = TRY(records());
		return true;
	case 'g':
		defaults_ = TRY(records());
		return true;
	case 'L':
		preface.long_path = TRY(name());
		return true;
	case 'K':
		preface.long_link = TRY(name());
		return true;
	case 'V':	// the volume's name
	case 'N':	// names in a form of GNU's before 'L'
		TRY(read_text(header));
		return true;
	case 'M':
		return damaged("the rest of a file of another volume");
	default:
		return false;
	}
}

void TarReader::add_numbers(const TarHeader &header, ArchiveEntry &entry)
{
	constexpr std::uint32_t nobody = 65534;
	Metadata &meta = entry.meta;
	const auto id = [&](std::optional<std::int64_t> value, const char *what) {
		if (value && *value >= 0 && *value < std::numeric_limits<std::uint32_t>::max())
			return static_cast<std::uint32_t>(*value);
		entry.problems.push_back(fmt::format("{} is no 32-bit number, taken as {}", what, nobody));
		return nobody;
	};

	meta.permissions = static_cast<std::uint16_t>(header.mode().value_or(0) & 07777);
	if (!header.mode())
		entry.problems.push_back("mode is no number, taken as 0");
	meta.uid = id(header.uid(), "owner");
	meta.gid = id(header.gid(), "group");
	meta.modified = {header.modified().value_or(0), 0};
	if (!header.modified())
		entry.problems.push_back("time is no number, taken as 0");
	if (meta.type == FileType::character_device || meta.type == FileType::block_device) {
		meta.device_major = static_cast<std::uint32_t>(header.device_major().value_or(0));
		meta.device_minor = static_cast<std::uint32_t>(header.device_minor().value_or(0));
		if (!header.device_major() || !header.device_minor())
			entry.problems.push_back("device number is no number, taken as 0");
	}
}

Result<void> TarReader::describe(const TarHeader &header, Preface &preface, ArchiveEntry &entry)
{
	const auto size = header.size();
	Sparse sparse;

	entry = {};
	entry.meta.type = file_type(header.type());
	entry.hard_link = header.type() == '1';
	entry.path = preface.long_path.empty() ? header.path() : std::move(preface.long_path);
	entry.link = preface.long_link.empty() ? header.link() : std::move(preface.long_link);
	entry.user = header.user();
	entry.group = header.group();
	add_numbers(header, entry);
	if (!size || *size < 0)
		return damaged("file of an impossible size");
	entry.meta.size = static_cast<std::uint64_t>(*size);
	// Before POSIX, a slash at the end was all that told a directory.
	if (header.type() == '\0' && entry.path.ends_with('/'))
		entry.meta.type = FileType::directory;

	for (Records *records : {&defaults_, &preface.records})
		for (auto &[key, value] : *records) {
			std::string copy = value;
			TRY(apply(key, copy, entry, sparse));
		}
	if (!has_data(header.type()))
		entry.meta.size = 0;
	stored_left_ = entry.meta.size;
	padding_ = -stored_left_ % tar_block;
	extents_.clear();

	if (!sparse.name.empty())
		entry.path = std::move(sparse.name);
	if (header.type() == 'S')
		TRY(read_old_map(header, entry));
	else if (entry.meta.type != FileType::regular || entry.hard_link)
		entry.meta.size = 0;
	else if (sparse.present) {
		entry.meta.size = sparse.real_size;
		entry.extents = std::move(sparse.extents);
		if (sparse.map_in_data)
			TRY(read_map(entry.extents));
	} else if (entry.meta.size)
		entry.extents = {{0, entry.meta.size}};
	return place_data(entry);
}

/// One pax record. Empty values stand for what the header says.
Result<void> TarReader::apply(std::string_view key, std::string &value, ArchiveEntry &entry,
			      Sparse &sparse)
{
	const auto time = [&](Timestamp &to) {
		if (const std::optional<Timestamp> parsed = parse_pax_time(value))
			to = *parsed;
		else
			entry.problems.push_back(fmt::format("{} '{}' is no time", key, value));
	};
	const auto id = [&](std::uint32_t &to) {
		const auto parsed = parse_decimal(value);

		if (parsed && *parsed < std::numeric_limits<std::uint32_t>::max())
			to = static_cast<std::uint32_t>(*parsed);
		else
			entry.problems.push_back(fmt::format("{} '{}' is no 32-bit number", key, value));
	};

	if (key.starts_with("GNU.sparse."))
		return apply_sparse(key.substr(11), value, sparse);
	if (apply_attribute(key, value, entry) || value.empty())
		return {};
	if (key == "path")
		entry.path = std::move(value);
	else if (key == "linkpath")
		entry.link = std::move(value);
	else if (key == "uname")
		entry.user = std::move(value);
	else if (key == "gname")
		entry.group = std::move(value);
	else if (key == "mtime")
		time(entry.meta.modified);
	else if (key == "atime") {
		time(entry.meta.accessed);
		entry.has_accessed = true;
	} else if (key == "uid")
		id(entry.meta.uid);
	else if (key == "gid")
		id(entry.meta.gid);
	else if (key == "SCHILY.devmajor")
		id(entry.meta.device_major);
	else if (key == "SCHILY.devminor")
		id(entry.meta.device_minor);
	else if (key == "size") {
		const auto size = parse_decimal(value);

		if (!size || *size > largest_size)
			return damaged("file of an impossible size");
		entry.meta.size = *size;
	}
	return {};
}

Result<void> TarReader::apply_sparse(std::string_view key, std::string_view value, Sparse &sparse)
{
	const std::optional<std::uint64_t> number = parse_decimal(value);
	const auto wrong = [&] { return damaged("damaged map of a sparse file"); };

	sparse.present = true;
	if (key == "name") {
		sparse.name = value;
	} else if (key == "map") {
		if (!parse_map(value, sparse.extents))
			return wrong();
	} else if (!number) {
		return wrong();
	} else if (key == "major") {
		sparse.map_in_data = *number == 1;
		if (*number > 1)
			return damaged("sparse file of an unknown format");
	} else if (key == "size" || key == "realsize") {
		sparse.real_size = *number;
	} else if (key == "offset") {
		sparse.extents.push_back({*number, 0});
	} else if (key == "numbytes") {
		if (sparse.extents.empty())
			return wrong();
		sparse.extents.back().bytes = *number;
	}
	return {};
}

Result<void> TarReader::read_old_map(const TarHeader &header, ArchiveEntry &entry)
{
	const auto size = header.real_size();
	bool good = size && *size >= 0 && header.add_extents(entry.extents);

	for (bool more = header.more_extents(); good && more;) {
		TarHeader::Block block;

		if (!TRY(read_block(block)))
			return truncated();
		const TarHeader further(block);
		good = further.add_further_extents(entry.extents) && entry.extents.size() < most_extents;
		more = further.more_further_extents();
	}
	if (!good)
		return damaged("damaged map of a sparse file");
	entry.meta.size = static_cast<std::uint64_t>(*size);
	return {};
}

/// A decimal line of the map in front of the data, of which @block is what was read.
Result<std::uint64_t> TarReader::map_number(std::string &block, std::size_t &at)
{
	std::string line;

	for (;;) {
		if (at == block.size()) {
			if (stored_left_ < tar_block || line.size() > 20)
				return damaged("damaged map of a sparse file");
			block.resize(tar_block);
			at = 0;
			if (TRY(stream_.read(std::as_writable_bytes(std::span(block)))) < tar_block)
				return truncated();
			stored_left_ -= tar_block;
		}
		if (block[at++] == '\n')
			break;
		line += block[at - 1];
	}
	const auto number = parse_decimal(line);
	return number ? Result<std::uint64_t>(*number) : damaged("damaged map of a sparse file");
}

Result<void> TarReader::read_map(std::vector<Extent> &extents)
{
	std::string block;
	std::size_t at = 0;
	std::uint64_t left = TRY(map_number(block, at));

	if (left > most_extents)
		return damaged("damaged map of a sparse file");
	for (; left; left--) {
		const std::uint64_t offset = TRY(map_number(block, at));
		extents.push_back({offset, TRY(map_number(block, at))});
	}
	return {};
}

/// Extents must ascend, stay within the file and add up to what is stored.
Result<void> TarReader::place_data(ArchiveEntry &entry)
{
	std::uint64_t end = 0;
	std::uint64_t bytes = 0;

	// An empty one marks where the file ends.
	std::erase_if(entry.extents, [](const Extent &extent) { return extent.bytes == 0; });
	if (entry.meta.size > largest_size)
		return damaged("file of an impossible size");
	for (const Extent &extent : entry.extents) {
		if (extent.offset < end || extent.offset > entry.meta.size ||
		    extent.bytes > entry.meta.size - extent.offset)
			return damaged("damaged map of a sparse file");
		end = extent.offset + extent.bytes;
		bytes += extent.bytes;
	}
	if (entry.meta.type == FileType::regular && bytes != stored_left_)
		return damaged("damaged map of a sparse file");
	extents_ = entry.extents;
	extent_ = 0;
	in_extent_ = 0;
	return {};
}

Result<std::size_t> TarReader::read(std::span<std::byte> buffer, std::uint64_t offset)
{
	std::size_t done = 0;

	while (done < buffer.size() && extent_ < extents_.size()) {
		const Extent &extent = extents_[extent_];
		const std::uint64_t here = extent.offset + in_extent_;
		const std::uint64_t wanted_at = offset + done;
		const std::uint64_t left = extent.bytes - in_extent_;

		if (wanted_at < here) {
			// A hole, or asked for twice, which the stream cannot.
			const std::uint64_t hole = extent_ == 0 && in_extent_ == 0 ? 0
						   : in_extent_ ? here
						   : extents_[extent_ - 1].offset + extents_[extent_ - 1].bytes;
			if (wanted_at < hole)
				return failure("read: data of an archive asked for twice", EINVAL);
			const std::size_t zeroes =
				std::min<std::uint64_t>(here - wanted_at, buffer.size() - done);
			std::ranges::fill(buffer.subspan(done, zeroes), std::byte{});
			done += zeroes;
			continue;
		}

		const std::uint64_t step = std::min<std::uint64_t>(
			wanted_at > here ? wanted_at - here : buffer.size() - done, left);
		if (wanted_at > here) {
			if (!TRY(stream_.skip(step)))
				return truncated();
		} else {
			if (TRY(stream_.read(buffer.subspan(done, step))) < step)
				return truncated();
			done += step;
		}
		stored_left_ -= step;
		in_extent_ += step;
		if (in_extent_ == extent.bytes) {
			extent_++;
			in_extent_ = 0;
		}
	}
	return done;
}

} // namespace lkl::apps
