// SPDX-License-Identifier: GPL-2.0
#include "libarchive_reader.hh"

#include <locale.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <optional>
#include <utility>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

namespace lkl::apps {

namespace {

FileType file_type(unsigned mode)
{
	switch (mode) {
	case AE_IFREG: return FileType::regular;
	case AE_IFDIR: return FileType::directory;
	case AE_IFLNK: return FileType::symbolic_link;
	case AE_IFCHR: return FileType::character_device;
	case AE_IFBLK: return FileType::block_device;
	case AE_IFIFO: return FileType::fifo;
	case AE_IFSOCK: return FileType::socket;
	default: return FileType::unknown;
	}
}

Timestamp timestamp(std::int64_t seconds, long nanoseconds)
{
	return {seconds, static_cast<std::uint32_t>(std::clamp(nanoseconds, 0L, 999'999'999L))};
}

la_ssize_t on_read(archive *reader, void *data, const void **buffer)
{
	const auto got = static_cast<ArchiveBytes *>(data)->read();

	if (!got) {
		::archive_set_error(reader, got.error().code, "%s", got.error().text.c_str());
		return ARCHIVE_FATAL;
	}
	*buffer = got->data();
	return static_cast<la_ssize_t>(got->size());
}

la_int64_t on_skip(archive *, void *data, la_int64_t request)
{
	auto &bytes = *static_cast<ArchiveBytes *>(data);
	const auto left = static_cast<la_int64_t>(bytes.size() - bytes.position());
	const la_int64_t step = std::clamp<la_int64_t>(request, 0, left);

	bytes.seek(bytes.position() + static_cast<std::uint64_t>(step));
	return step;
}

la_int64_t on_seek(archive *, void *data, la_int64_t offset, int whence)
{
	auto &bytes = *static_cast<ArchiveBytes *>(data);
	const auto size = static_cast<la_int64_t>(bytes.size());
	const la_int64_t from = whence == SEEK_CUR   ? static_cast<la_int64_t>(bytes.position())
				: whence == SEEK_END ? size
						     : 0;

	if (offset < -from || offset > size - from)
		return ARCHIVE_FATAL;
	bytes.seek(static_cast<std::uint64_t>(from + offset));
	return from + offset;
}

std::string acl_text(archive_entry *header, int type)
{
	la_ssize_t length = 0;
	char *text = ::archive_entry_acl_to_text(
		header, &length, type | ARCHIVE_ENTRY_ACL_STYLE_EXTRA_ID);
	const std::string copy = text ? std::string(text, static_cast<std::size_t>(length)) : "";

	std::free(text);
	return copy;
}

/// Names are UTF-8, or bytes that nothing is known of. None where the system lacks it.
locale_t names_locale()
{
	static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);

	return locale;
}

/// In the calling thread, for a while.
class NamesLocale {
public:
	NamesLocale() : before_(::uselocale(names_locale())) {}
	~NamesLocale() { ::uselocale(before_); }
	NamesLocale(const NamesLocale &) = delete;
	NamesLocale &operator=(const NamesLocale &) = delete;

private:
	const locale_t before_;
};

} // namespace

LibarchiveReader::LibarchiveReader(std::unique_ptr<ArchiveBytes> bytes)
    : bytes_(std::move(bytes))
{
}

LibarchiveReader::~LibarchiveReader()
{
	::archive_read_free(archive_);
}

/// Times in some archives are local, and libraries look for what that means whenever they
/// need it; once is enough where it has a name.
void LibarchiveReader::prepare()
{
	::setenv("TZ", ":/etc/localtime", 0);
	::tzset();
	(void)names_locale();
}

Result<std::unique_ptr<LibarchiveReader>>
LibarchiveReader::open(std::unique_ptr<ArchiveBytes> bytes, const char *if_unknown)
{
	std::unique_ptr<LibarchiveReader> reader(new LibarchiveReader(std::move(bytes)));

	TRY(reader->start(if_unknown));
	return reader;
}

Result<void> LibarchiveReader::start(const char *if_unknown)
{
	archive_ = ::archive_read_new();
	if (!archive_)
		return host_failure("memory", ENOMEM);
	// Zip only with its directory, which is at the end: without it there are no modes, and
	// symbolic links look like files.
	for (const auto add :
	     {::archive_read_support_format_7zip, ::archive_read_support_format_ar,
	      ::archive_read_support_format_cab, ::archive_read_support_format_cpio,
	      ::archive_read_support_format_iso9660, ::archive_read_support_format_lha,
	      ::archive_read_support_format_rar, ::archive_read_support_format_rar5,
	      ::archive_read_support_format_xar, ::archive_read_support_format_zip_seekable})
		if (add(archive_) < ARCHIVE_WARN)
			return failed();

	::archive_read_set_read_callback(archive_, on_read);
	::archive_read_set_callback_data(archive_, bytes_.get());
	if (bytes_->size()) {
		::archive_read_set_skip_callback(archive_, on_skip);
		::archive_read_set_seek_callback(archive_, on_seek);
	}
	const NamesLocale locale;
	if (::archive_read_open1(archive_) != ARCHIVE_OK)
		return ::archive_format(archive_) ? failed() : failure(if_unknown);
	result_ = ::archive_read_next_header(archive_, &header_);
	header_used_ = false;
	return {};
}

std::unexpected<Error> LibarchiveReader::failed()
{
	const char *text = ::archive_error_string(archive_);

	return failure(text ? text : "cannot be read", std::max(::archive_errno(archive_), 0));
}

/// A part of an entry's header is an end to libarchive, in ar archives, which mark none.
Result<void> LibarchiveReader::check_end()
{
	const auto used = static_cast<std::uint64_t>(::archive_filter_bytes(archive_, 0));

	// Entries are padded to an even size.
	if ((::archive_format(archive_) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_AR &&
	    bytes_->position() > used + 1)
		return failure("is cut short in the header of an entry");
	return {};
}

Result<bool> LibarchiveReader::next(ArchiveEntry &entry)
{
	const NamesLocale locale;

	position_ = 0;
	for (;;) {
		if (!ready_.empty()) {
			entry = std::move(ready_.front());
			ready_.pop_front();
			return true;
		}
		if (std::exchange(header_used_, true))
			result_ = ::archive_read_next_header(archive_, &header_);
		if (result_ == ARCHIVE_EOF) {
			TRY(check_end());
			if (held_.empty())
				return false;
			// They are empty.
			release(held_.begin()->second, "");
			held_.erase(held_.begin());
			header_used_ = false;
			continue;
		}
		if (result_ < ARCHIVE_WARN)
			return failed();
		TRY(describe(header_, entry));
		if (!hold(entry))
			return true;
	}
}

Result<void> LibarchiveReader::describe(archive_entry *header, ArchiveEntry &entry)
{
	const auto text = [](const char *as_it_is, const char *utf8) {
		return std::string(as_it_is ? as_it_is : utf8 ? utf8 : "");
	};
	const auto id = [&](std::int64_t value, const char *what) {
		constexpr std::uint32_t nobody = 65534;

		if (value >= 0 && value < std::numeric_limits<std::uint32_t>::max())
			return static_cast<std::uint32_t>(value);
		entry.problems.push_back(fmt::format("{} is no 32-bit number, taken as {}", what, nobody));
		return nobody;
	};
	Metadata &meta = entry.meta;

	entry = {};
	entry.path = text(::archive_entry_pathname(header), ::archive_entry_pathname_utf8(header));
	if (entry.path.empty())
		return failure("an entry without a name that can be read");
	if (result_ == ARCHIVE_WARN)
		entry.problems.push_back(failed().error().text);

	meta.type = file_type(::archive_entry_filetype(header));
	meta.permissions = static_cast<std::uint16_t>(::archive_entry_perm(header) & 07777);
	meta.uid = id(::archive_entry_uid(header), "owner");
	meta.gid = id(::archive_entry_gid(header), "group");
	meta.links = ::archive_entry_nlink(header);
	meta.modified = timestamp(::archive_entry_mtime(header), ::archive_entry_mtime_nsec(header));
	entry.has_accessed = ::archive_entry_atime_is_set(header);
	if (entry.has_accessed)
		meta.accessed =
			timestamp(::archive_entry_atime(header), ::archive_entry_atime_nsec(header));
	meta.device_major = static_cast<std::uint32_t>(::archive_entry_rdevmajor(header));
	meta.device_minor = static_cast<std::uint32_t>(::archive_entry_rdevminor(header));
	entry.user = text(::archive_entry_uname(header), ::archive_entry_uname_utf8(header));
	entry.group = text(::archive_entry_gname(header), ::archive_entry_gname_utf8(header));

	const std::string hard =
		text(::archive_entry_hardlink(header), ::archive_entry_hardlink_utf8(header));
	entry.hard_link = !hard.empty();
	entry.link = entry.hard_link ? hard
				     : text(::archive_entry_symlink(header),
					    ::archive_entry_symlink_utf8(header));
	if (entry.hard_link)
		meta.type = FileType::regular;
	if (meta.type == FileType::regular && ::archive_entry_size_is_set(header))
		meta.size = static_cast<std::uint64_t>(std::max<la_int64_t>(
			::archive_entry_size(header), 0));
	else if (meta.type == FileType::regular && !entry.hard_link)
		entry.problems.push_back("its size is not known, taken as 0");
	if (meta.size)
		entry.extents = {{0, meta.size}};

	::archive_entry_xattr_reset(header);
	const char *name = nullptr;
	const void *value = nullptr;
	for (std::size_t bytes = 0;
	     ::archive_entry_xattr_next(header, &name, &value, &bytes) == ARCHIVE_OK && name;)
		entry.attributes.push_back({name, {static_cast<const char *>(value), bytes}});
	if (::archive_entry_acl_types(header) &
	    (ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT)) {
		entry.access_acl = acl_text(header, ARCHIVE_ENTRY_ACL_TYPE_ACCESS);
		entry.default_acl = acl_text(header, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT);
	}
	return {};
}

/// In a cpio archive of the newer formats the last name of a file has its data; those
/// before it look empty. Whether @entry has to wait; if not, it may be another one now.
bool LibarchiveReader::hold(ArchiveEntry &entry)
{
	if ((::archive_format(archive_) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_CPIO ||
	    entry.meta.type != FileType::regular)
		return false;

	if (!entry.hard_link) {
		if (entry.meta.links < 2 || entry.meta.size)
			return false;

		std::string path = entry.path;
		held_.insert_or_assign(std::move(path), Held{std::move(entry), {}});
		return true;
	}

	const auto held = held_.find(entry.link);
	if (held == held_.end())
		return false;
	if (!entry.meta.size) {
		held->second.links.push_back(std::move(entry));
		return true;
	}
	entry.hard_link = false;
	entry.link.clear();
	release(held->second, entry.path);
	held_.erase(held);
	return false;
}

/// All of them, as links to the one @with_data or, without it, to the first.
void LibarchiveReader::release(Held &held, const std::string &with_data)
{
	const std::string target = with_data.empty() ? held.first.path : with_data;

	held.first.hard_link = !with_data.empty();
	if (held.first.hard_link)
		held.first.link = target;
	ready_.push_back(std::move(held.first));
	for (ArchiveEntry &link : held.links) {
		link.link = target;
		ready_.push_back(std::move(link));
	}
}

Result<std::size_t> LibarchiveReader::read(std::span<std::byte> buffer, std::uint64_t offset)
{
	std::size_t done = 0;

	if (offset != position_)
		return failure("read: data of an archive asked for twice", EINVAL);
	while (done < buffer.size()) {
		const la_ssize_t got =
			::archive_read_data(archive_, buffer.data() + done, buffer.size() - done);

		if (got < 0)
			return failed();
		if (got == 0)
			break;
		done += static_cast<std::size_t>(got);
	}
	position_ += done;
	return done;
}

} // namespace lkl::apps
