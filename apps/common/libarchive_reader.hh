// SPDX-License-Identifier: GPL-2.0
// Reads archives of the formats that libarchive knows, tar excepted (see tar_reader.hh
// for why).
//
// Their own limits are theirs: zip has no owners, 7z no links, and so on. Not read:
// mtree, which names files of the host.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "archive_entry.hh"

struct archive;
struct archive_entry;

namespace lkl::apps {

/// Where the bytes of an archive come from.
class ArchiveBytes {
public:
	virtual ~ArchiveBytes() = default;

	/// Some bytes at the position, which moves behind them; none at the end.
	virtual Result<std::span<const std::byte>> read() = 0;
	virtual std::uint64_t position() const = 0;
	/// How many there are, where the position can be moved; 0 where it cannot.
	virtual std::uint64_t size() const { return 0; }
	virtual void seek(std::uint64_t) {}
	/// See ArchiveReader.
	virtual double part_read() const = 0;
};

class LibarchiveReader final : public ArchiveReader {
public:
	/// Before a sandbox: what is needed of the system to read names and times.
	static void prepare();
	/// Fails also when @bytes are of no format that is known, with @if_unknown.
	static Result<std::unique_ptr<LibarchiveReader>> open(std::unique_ptr<ArchiveBytes> bytes,
							      const char *if_unknown);
	~LibarchiveReader() override;
	LibarchiveReader(const LibarchiveReader &) = delete;
	LibarchiveReader &operator=(const LibarchiveReader &) = delete;

	Result<bool> next(ArchiveEntry &entry) override;
	Result<std::size_t> read(std::span<std::byte> buffer, std::uint64_t offset) override;
	/// All of these formats know where they end.
	bool end_marked() const override { return true; }
	double part_read() const override { return bytes_->part_read(); }
	std::uint64_t bytes_read() const override
	{
		return bytes_->size() ? bytes_->size() : bytes_->position();
	}

private:
	/// Names of one file in a cpio archive, which has the data with the last of them.
	struct Held {
		ArchiveEntry first;
		std::vector<ArchiveEntry> links;
	};

	explicit LibarchiveReader(std::unique_ptr<ArchiveBytes> bytes);

	Result<void> start(const char *if_unknown);
	Result<void> check_end();
	Result<void> describe(archive_entry *header, ArchiveEntry &entry);
	bool hold(ArchiveEntry &entry);
	void release(Held &held, const std::string &with_data);
	std::unexpected<Error> failed();

	const std::unique_ptr<ArchiveBytes> bytes_;
	archive *archive_ = nullptr;
	// What archive_read_next_header() said; the first time already in start().
	int result_ = 0;
	archive_entry *header_ = nullptr;
	bool header_used_ = true;
	std::map<std::string, Held> held_;	// by the first name
	std::deque<ArchiveEntry> ready_;	// entries without data, which come next
	std::uint64_t position_ = 0;		// in the data of the current entry
};

} // namespace lkl::apps
