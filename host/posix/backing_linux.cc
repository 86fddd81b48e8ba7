// SPDX-License-Identifier: GPL-2.0
// Which file a piece of this process's memory is mapped from, on Linux.
//
// /proc/self/maps says it, but names a file that may have been replaced since,
// and device numbers that overlayfs and btrfs do not give to fstat(). So the
// file is opened by that name, a page of it is mapped, and the kernel must
// describe both mappings alike. Without /proc nothing is found.
#include "host/posix/system.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <limits.h>
#include <sys/statvfs.h>

namespace lkl::host::posix {

namespace {

struct Region {
	std::uint64_t start, end, offset, inode;
	std::string permissions;	// "r-xp"
	std::string device;		// "fd:01"
	std::string path;

	bool same_file(const Region &other) const
	{
		return inode != 0 && inode == other.inode && device == other.device;
	}
};

/// Cut the text up to @delimiter off @line.
std::string_view cut(std::string_view &line, char delimiter)
{
	std::size_t at = line.find(delimiter);
	std::string_view field = line.substr(0, at);
	line.remove_prefix(at == line.npos ? line.size() : at + 1);
	return field;
}

std::uint64_t number(std::string_view text, int base)
{
	std::uint64_t value = 0;
	std::from_chars(text.data(), text.data() + text.size(), value, base);
	return value;
}

/// "start-end permissions offset device inode   path" (proc_pid_maps(5))
Region parse(std::string_view line)
{
	Region region;
	region.start = number(cut(line, '-'), 16);
	region.end = number(cut(line, ' '), 16);
	region.permissions = cut(line, ' ');
	region.offset = number(cut(line, ' '), 16);
	region.device = cut(line, ' ');
	region.inode = number(cut(line, ' '), 10);
	line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
	region.path = line;
	return region;
}

/// /proc/self/maps by line. The first use of a C++ stream in a process would cost
/// as much again as the whole search.
class MapsReader {
public:
	/// The next line, valid until the next call; nothing at the end.
	std::optional<std::string_view> next()
	{
		std::size_t length;
		while ((length = rest_.find('\n')) == rest_.npos) {
			if (!refill())
				return std::nullopt;
		}
		std::string_view line = rest_.substr(0, length);
		rest_.remove_prefix(length + 1);
		return line;
	}

private:
	/// Read behind what is left. False when nothing more comes.
	bool refill()
	{
		std::copy(rest_.begin(), rest_.end(), buffer_.begin());
		std::size_t kept = rest_.size();
		ssize_t more = ::read(file_.get(), buffer_.data() + kept, buffer_.size() - kept);
		if (more <= 0)
			return false;
		rest_ = {buffer_.data(), kept + static_cast<std::size_t>(more)};
		return true;
	}

	Descriptor file_{::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
	// A longer line would be no file worth finding; it ends the reading.
	std::array<char, 3 * PATH_MAX> buffer_;
	std::string_view rest_;
};

/// The mapping that holds @address.
std::optional<Region> find_region(std::uint64_t address)
{
	MapsReader maps;
	while (std::optional<std::string_view> line = maps.next()) {
		std::string_view rest = *line;
		cut(rest, '-');
		if (number(cut(rest, ' '), 16) <= address)
			continue;
		Region region = parse(*line);
		if (region.start > address)
			break;
		return region;
	}
	return std::nullopt;
}

std::uint64_t address_of(const void *pointer)
{
	return reinterpret_cast<std::uintptr_t>(pointer);
}

} // namespace

std::optional<Backing> find_backing(std::span<const std::byte> bytes)
{
	std::optional<Region> region = find_region(address_of(bytes.data()));
	// A mapping that may be written need not hold what the file holds.
	if (!region || region->end - address_of(bytes.data()) < bytes.size() ||
	    (region->permissions != "r--p" && region->permissions != "r-xp") ||
	    !region->path.starts_with('/'))
		return std::nullopt;

	// By now the name may belong to anything; O_NONBLOCK: to a fifo, for one.
	Descriptor file(::open(region->path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	struct statvfs fs {};
	if (!file || fstatvfs(file.get(), &fs) < 0 || (fs.f_flag & ST_NOEXEC))
		return std::nullopt;

	std::uint64_t offset = region->offset + (address_of(bytes.data()) - region->start);
	std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
	Mapping probe(mmap(nullptr, page, PROT_READ, MAP_PRIVATE, file.get(),
			   static_cast<off_t>(offset)),
		      page);
	if (!probe)
		return std::nullopt;
	std::optional<Region> proof = find_region(address_of(probe.data()));
	if (!proof || !proof->same_file(*region))
		return std::nullopt;
	return Backing{std::move(file), offset};
}

} // namespace lkl::host::posix
