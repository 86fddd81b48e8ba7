// SPDX-License-Identifier: GPL-2.0
#include "unpacked_file.hh"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

/// A file system keeps holes in units of this at best.
constexpr std::size_t hole_bytes = 4096;

bool is_zero(std::span<const std::byte> bytes)
{
	return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// Also where the file system cannot make files without a name.
Descriptor open_unnamed(const std::string &directory)
{
	Descriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));

	if (file || (errno != EOPNOTSUPP && errno != EISDIR))
		return file;

	std::string name = directory + "/lkl-unpacked-XXXXXX";
	file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
	if (file)
		::unlink(name.c_str());
	return file;
}

} // namespace

std::unexpected<Error> UnpackedFile::failed(const char *what) const
{
	const int code = errno;

	return failure(fmt::format("unpack: {}: {}: {} (TMPDIR names another place)", directory_, what,
				   std::strerror(code)),
		       code);
}

Result<UnpackedFile> UnpackedFile::create()
{
	const char *given = std::getenv("TMPDIR");
	const std::string directory = given && *given ? given : "/var/tmp";
	UnpackedFile unpacked(open_unnamed(directory), directory);

	if (!unpacked.file_)
		return unpacked.failed("temporary file");
	return unpacked;
}

Result<void> UnpackedFile::write(std::span<const std::byte> bytes, std::uint64_t offset)
{
	while (!bytes.empty()) {
		// Up to where a hole could end or begin.
		const std::size_t unit = hole_bytes - offset % hole_bytes;
		std::size_t piece = std::min(unit, bytes.size());
		const bool hole = is_zero(bytes.first(piece));

		while (piece < bytes.size()) {
			const std::size_t next = std::min(hole_bytes, bytes.size() - piece);

			if (is_zero(bytes.subspan(piece, next)) != hole)
				break;
			piece += next;
		}
		for (std::size_t done = hole ? piece : 0; done < piece;) {
			const ssize_t written = ::pwrite(file_.get(), bytes.data() + done, piece - done,
							 static_cast<off_t>(offset + done));

			if (written < 0 && errno == EINTR)
				continue;
			if (written < 0)
				return failed("write");
			done += static_cast<std::size_t>(written);
		}
		bytes = bytes.subspan(piece);
		offset += piece;
	}
	return {};
}

Result<void> UnpackedFile::set_size(std::uint64_t bytes)
{
	if (bytes > INT64_MAX) {
		errno = EFBIG;
		return failed("size");
	}
	return ::ftruncate(file_.get(), static_cast<off_t>(bytes)) < 0 ? failed("size") : Result<void>();
}

} // namespace lkl::apps
