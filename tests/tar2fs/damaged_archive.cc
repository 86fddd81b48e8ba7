// SPDX-License-Identifier: GPL-2.0
// Archives that were cut short or have wrong bits, through the reader of the tools, without a
// kernel, under sanitizers.
// usage: damaged_archive ARCHIVE ROUNDS SEED [files|whole|ar]
//
// A reader may refuse such an archive, and any part of it. It may not crash, work for ever, or
//  - read one that was cut to its end without a complaint, unless nothing is missing;
//  - with "files", which have checksums, or "whole", where the archive has one: give a file other
//    content than it had without a complaint about the file or, with "whole", about anything.
// An ar archive has no end: cut between two entries, which begin at even places, it is whole.
// What is wrong is printed, a line each, and makes the status 1. The first line of every round
// says which it is, for when it is the last.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "apps/common/archive_formats.hh"
#include "apps/common/descriptor.hh"

using namespace lkl::apps;

namespace {

/// What the archive has checksums of.
enum class Checked { nothing, files, whole };

constexpr std::uint64_t most_bytes = 64 << 20;	// that are looked at of one archive
constexpr unsigned most_seconds = 60;		// for one, which takes milliseconds

struct Content {
	FileType type;
	std::uint64_t size;
	std::size_t hash;

	bool operator==(const Content &) const = default;
};

struct Findings {
	std::map<std::string, Content> entries;	// those without a complaint
	std::string complaint;			// the first; empty: none
	std::vector<std::string> wrong;		// what no archive can cause
	bool whole = true;			// nothing was too much to be looked at

	void complain(const std::string &text)
	{
		if (complaint.empty())
			complaint = text;
	}
};

/// As the tools read a file: what its extents say, and then nothing more.
Result<std::size_t> hash_of(ArchiveReader &reader, const ArchiveEntry &entry, std::uint64_t &left,
			    Findings &found)
{
	std::vector<std::byte> buffer(1 << 16);
	std::uint64_t at = 0;
	std::size_t hash = 0;

	for (const Extent &extent : entry.extents) {
		if (extent.offset < at || extent.offset > entry.meta.size ||
		    extent.bytes > entry.meta.size - extent.offset) {
			found.wrong.push_back(entry.path + " has an extent where it cannot be");
			return 0;
		}
		for (at = extent.offset; at < extent.offset + extent.bytes;) {
			const std::size_t wanted = std::min<std::uint64_t>(
				buffer.size(), extent.offset + extent.bytes - at);
			const std::size_t got =
				TRY(reader.read(std::span(buffer).first(wanted), at));

			if (got > wanted) {
				found.wrong.push_back(entry.path + " has more than was asked for");
				return 0;
			}
			if (!got)
				return failure("less than it says");
			hash = hash * 31 + std::hash<std::string_view>()(
						   {reinterpret_cast<const char *>(buffer.data()), got});
			at += got;
			if (got > left)
				return failure("too much", EFBIG);
			left -= got;
		}
	}
	if (TRY(reader.read(std::span(buffer).first(1), entry.meta.size)))
		return failure("more than it says");
	return hash;
}

Findings read_all(const std::string &bytes)
{
	const Descriptor file(::memfd_create("archive", MFD_CLOEXEC));
	const std::string path = fmt::format("/proc/self/fd/{}", file.get());
	std::uint64_t left = most_bytes;
	Findings found;

	if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
		std::abort();
	const auto stream = UnpackedStream::open(path);
	if (!stream)
		std::abort();
	const auto reader = open_archive(**stream, UnpackedFile::create(), false);
	if (!reader) {
		found.complain(reader.error().text);
		return found;
	}
	for (ArchiveEntry entry; found.whole;) {
		const Result<bool> more = (*reader)->next(entry);

		if (!more)
			found.complain(more.error().text);
		if (!more || !*more)
			break;
		for (const std::string &problem : entry.problems)
			found.complain(problem);

		Content content = {entry.meta.type, entry.meta.size, 0};
		if (entry.meta.type == FileType::regular && !entry.hard_link) {
			const Result<std::size_t> hash = hash_of(**reader, entry, left, found);

			found.whole = hash || hash.error().code != EFBIG;
			if (!hash) {
				found.complain(hash.error().text);
				continue;
			}
			content.hash = *hash;
		} else {
			content.hash = std::hash<std::string>()(entry.link);
		}
		found.entries.insert_or_assign(entry.path, content);
	}
	if (found.complaint.empty() && reader && !(*reader)->end_marked())
		found.complain("no end");
	return found;
}

class Damage {
public:
	Damage(std::string archive, unsigned seed) : archive_(std::move(archive)), random_(seed) {}

	/// Short of at least one byte; of few, where formats keep what is in them, in half of all.
	std::string cut(std::string &what)
	{
		const std::size_t size = below(2) ? below(archive_.size())
						  : archive_.size() - 1 - below(std::min<std::size_t>(
								1000, archive_.size()));

		what = fmt::format("cut to {} of {}", size, archive_.size());
		return archive_.substr(0, size);
	}

	std::string bits(std::string &what)
	{
		std::string bytes = archive_;

		what = "bits";
		for (std::size_t count = 1 + below(4); count; count--) {
			const std::size_t near = std::min<std::size_t>(bytes.size(), 400);
			const std::size_t at[] = {below(bytes.size()), below(near),
						  bytes.size() - 1 - below(near)};
			const std::size_t byte = at[below(3)];
			const unsigned bit = static_cast<unsigned>(below(8));

			bytes[byte] = static_cast<char>(bytes[byte] ^ 1 << bit);
			what += fmt::format(" {}.{}", byte, bit);
		}
		return bytes;
	}

private:
	std::size_t below(std::size_t limit) { return random_() % limit; }

	const std::string archive_;
	std::mt19937_64 random_;
};

/// All zeroes, of any number, are an empty tar archive.
bool all_zero(const std::string &bytes)
{
	return bytes.find_first_not_of('\0') == bytes.npos;
}

/// What is wrong with what was @found where @sound was.
std::vector<std::string> judge(const Findings &sound, const Findings &found, Checked checked,
			       bool cut)
{
	const bool told = !found.complaint.empty();
	std::vector<std::string> wrong = found.wrong;

	if (cut && !told && found.entries != sound.entries)
		wrong.push_back(fmt::format("{} of {} entries and no complaint",
					    found.entries.size(), sound.entries.size()));
	if (checked == Checked::nothing || (checked == Checked::whole && told))
		return wrong;
	for (const auto &[path, content] : found.entries) {
		const auto before = sound.entries.find(path);

		if (before != sound.entries.end() && content.type == FileType::regular &&
		    before->second.type == FileType::regular && content != before->second)
			wrong.push_back(path + " has other content");
	}
	return wrong;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 4) {
		std::fprintf(stderr, "usage: damaged_archive ARCHIVE ROUNDS SEED [files|whole|ar]\n");
		return 2;
	}

	const std::string_view word = argc > 4 ? argv[4] : "";
	const Checked checked = word == "files"	  ? Checked::files
				: word == "whole" ? Checked::whole
						  : Checked::nothing;
	const bool is_ar = word == "ar";
	std::ifstream file(argv[1], std::ios::binary);
	const std::string archive{std::istreambuf_iterator<char>(file), {}};
	Damage damage(archive, static_cast<unsigned>(std::atoi(argv[3])));
	int wrong = 0;

	prepare_archives();
	const Findings sound = read_all(archive);
	if (!sound.complaint.empty() || sound.entries.size() < 2) {
		std::printf("WRONG: undamaged: %zu entries, %s\n", sound.entries.size(),
			    sound.complaint.c_str());
		return 1;
	}

	for (int round = 0; round < std::atoi(argv[2]); round++) {
		std::string what;
		const bool cut = round % 2;
		const std::string bytes = cut ? damage.cut(what) : damage.bits(what);

		std::printf("%d: %s\n", round, what.c_str());
		std::fflush(stdout);
		::alarm(most_seconds);
		const Findings found = read_all(bytes);
		::alarm(0);

		const bool short_of_some = cut && !all_zero(bytes) && !(is_ar && bytes.size() % 2 == 0);
		for (const std::string &line : judge(sound, found, checked, short_of_some)) {
			std::printf("WRONG: %s\n", line.c_str());
			wrong++;
		}
	}
	std::printf("%d wrong\n", wrong);
	return wrong ? 1 : 0;
}
