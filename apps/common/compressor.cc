// SPDX-License-Identifier: GPL-2.0
#include "compressor.hh"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

namespace lkl::apps {

namespace {

struct Suffix {
	std::string_view text;
	Compression method;
};

constexpr std::array<Suffix, 6> suffixes = {{
	{".gz", Compression::gzip},
	{".tgz", Compression::gzip},
	{".xz", Compression::xz},
	{".txz", Compression::xz},
	{".zst", Compression::zstd},
	{".tzst", Compression::zstd},
}};

} // namespace

Compression compression_of_name(std::string_view name)
{
	for (const Suffix &suffix : suffixes)
		if (name.ends_with(suffix.text))
			return suffix.method;
	return Compression::none;
}

Result<std::unique_ptr<Compressor>> Compressor::create(Compression method, Sink &to)
{
	std::unique_ptr<Compressor> compressor(new Compressor(to));

	TRY(compressor->start(method));
	return compressor;
}

/// libarchive's "raw" format is one entry without any frame: only the filter acts.
Result<void> Compressor::start(Compression method)
{
	// One thread would give another result than several do.
	const std::string threads =
		std::to_string(std::max(2u, std::thread::hardware_concurrency()));

	archive_ = archive_write_new();
	if (!archive_)
		return host_failure("compressor", ENOMEM);

	int result = archive_write_set_format_raw(archive_);
	switch (method) {
	case Compression::none:
		break;
	case Compression::gzip:
		// No time in the header: equal input gives equal output.
		result = std::min({result, archive_write_add_filter_gzip(archive_),
				   archive_write_set_filter_option(archive_, "gzip", "timestamp",
								   nullptr)});
		break;
	case Compression::xz:
		result = std::min({result, archive_write_add_filter_xz(archive_),
				   archive_write_set_filter_option(archive_, "xz", "threads",
								   threads.c_str())});
		break;
	case Compression::zstd:
		result = std::min({result, archive_write_add_filter_zstd(archive_),
				   archive_write_set_filter_option(archive_, "zstd", "threads",
								   threads.c_str())});
		break;
	}
	if (result < ARCHIVE_WARN)
		return failed();

	// No blocking: what is compressed goes on as it comes.
	archive_write_set_bytes_per_block(archive_, 0);
	if (archive_write_open(archive_, this, nullptr, pass_on, nullptr) != ARCHIVE_OK)
		return failed();

	archive_entry *entry = archive_entry_new();
	archive_entry_set_filetype(entry, AE_IFREG);
	result = archive_write_header(archive_, entry);
	archive_entry_free(entry);
	return result == ARCHIVE_OK ? Result<void>() : failed();
}

Compressor::~Compressor()
{
	if (archive_) {
		archive_write_fail(archive_);
		archive_write_free(archive_);
	}
}

ssize_t Compressor::pass_on(archive *archive, void *self, const void *data, std::size_t bytes)
{
	auto *compressor = static_cast<Compressor *>(self);
	const Result<void> written =
		compressor->to_.write({static_cast<const std::byte *>(data), bytes});

	if (written)
		return static_cast<ssize_t>(bytes);
	compressor->error_ = written.error();
	archive_set_error(archive, compressor->error_.code, "%s", compressor->error_.text.c_str());
	return -1;
}

std::unexpected<Error> Compressor::failed() const
{
	if (!error_.text.empty())
		return std::unexpected(error_);

	const char *text = archive_error_string(archive_);
	return failure(std::string("compress: ") + (text ? text : "unknown failure"),
		       archive_errno(archive_));
}

Result<void> Compressor::write(std::span<const std::byte> bytes)
{
	while (!bytes.empty()) {
		const la_ssize_t done = archive_write_data(archive_, bytes.data(), bytes.size());

		if (done <= 0)
			return failed();
		bytes = bytes.subspan(static_cast<std::size_t>(done));
	}
	return {};
}

Result<void> Compressor::finish()
{
	if (archive_write_close(archive_) != ARCHIVE_OK)
		return failed();
	return to_.finish();
}

} // namespace lkl::apps
