// SPDX-License-Identifier: GPL-2.0
#include "virtio/block_request.hh"

#include <algorithm>
#include <cstring>

namespace lkl::virtio {

namespace {

// Remove the first @bytes from the front of scattered buffers, which have them,
// copying them to @copy if that is not null.
std::span<host::Buffer> drop(std::span<host::Buffer> buffers, std::uint64_t bytes, std::byte *copy)
{
	while (bytes) {
		host::Buffer &first = buffers.front();
		std::size_t piece = std::min<std::uint64_t>(first.bytes, bytes);

		if (copy) {
			std::memcpy(copy, first.data, piece);
			copy += piece;
		}
		first.data = static_cast<std::byte *>(first.data) + piece;
		first.bytes -= piece;
		bytes -= piece;
		if (!first.bytes)
			buffers = buffers.subspan(1);
	}
	return buffers;
}

// Sectors [sector, sector + sectors) are on the disk. No sum to overflow.
bool on_disk(const Content &content, std::uint64_t sector, std::uint64_t sectors)
{
	std::uint64_t capacity = content.bytes() / sector_bytes;

	return sector <= capacity && sectors <= capacity - sector;
}

} // namespace

// The specification leaves the framing of a request to the driver: header and
// status may lie anywhere in the buffers' first and last bytes.
bool BlockRequest::take_header(BlockHeader &header)
{
	if (total_bytes(chain.readable) < sizeof(header))
		return false;
	data_ = drop(chain.readable, sizeof(header), reinterpret_cast<std::byte *>(&header));
	return true;
}

bool BlockRequest::take_status()
{
	if (chain.writable.empty())
		return false;

	host::Buffer &last = chain.writable.back();

	last.bytes--;
	status_byte_ = static_cast<std::byte *>(last.data) + last.bytes;
	if (!last.bytes)
		chain.writable = chain.writable.first(chain.writable.size() - 1);
	return true;
}

BlockRequest::Verdict BlockRequest::parse(const Content &content, std::span<const char> serial)
{
	BlockHeader header;

	status_ = BlockStatus::ok;
	error_ = 0;
	data_bytes_ = 0;
	range_count_ = 0;
	if (!take_header(header) || !take_status())
		return Verdict::malformed;

	type_ = static_cast<BlockType>(std::uint32_t{header.type});
	switch (type_) {
	case BlockType::read:
		data_ = chain.writable;
		if (!parse_transfer(content, header.sector))
			status_ = BlockStatus::io_error;
		break;
	case BlockType::write:
		if (content.read_only() || !parse_transfer(content, header.sector))
			status_ = BlockStatus::io_error;
		break;
	case BlockType::flush:
		break;
	case BlockType::get_id: {
		std::size_t left = std::min(serial.size(), block_id_bytes);

		for (const host::Buffer &buffer : chain.writable) {
			std::size_t piece = std::min(left, buffer.bytes);

			std::memcpy(buffer.data, serial.data() + data_bytes_, piece);
			data_bytes_ += piece;
			left -= piece;
		}
		return Verdict::answered;
	}
	case BlockType::discard:
	case BlockType::write_zeroes:
		status_ = parse_ranges(content);
		break;
	default:
		status_ = BlockStatus::unsupported;
		break;
	}
	return status_ == BlockStatus::ok ? Verdict::valid : Verdict::answered;
}

bool BlockRequest::parse_transfer(const Content &content, std::uint64_t sector)
{
	std::uint64_t bytes = total_bytes(data_);

	if (bytes % sector_bytes || !on_disk(content, sector, bytes / sector_bytes))
		return false;
	offset_ = sector * sector_bytes;
	if (type_ == BlockType::read)
		data_bytes_ = bytes;
	return true;
}

BlockStatus BlockRequest::parse_ranges(const Content &content)
{
	std::uint64_t bytes = total_bytes(data_);
	std::uint32_t limit = type_ == BlockType::discard ? BlockLimits::max_discard_sectors
							  : BlockLimits::max_zero_sectors;

	if (content.read_only() || bytes == 0 || bytes % sizeof(BlockRange) ||
	    bytes / sizeof(BlockRange) > BlockLimits::max_ranges)
		return BlockStatus::io_error;
	for (; bytes; bytes -= sizeof(BlockRange)) {
		BlockRange range;

		data_ = drop(data_, sizeof(range), reinterpret_cast<std::byte *>(&range));

		std::uint32_t known = type_ == BlockType::write_zeroes ? range_unmap : 0;

		if (range.flags & ~known)
			return BlockStatus::unsupported;
		if (range.sectors > limit || !on_disk(content, range.sector, range.sectors))
			return BlockStatus::io_error;
		ranges_[range_count_++] = range;
	}
	return BlockStatus::ok;
}

void BlockRequest::advance(std::uint64_t bytes)
{
	data_ = drop(data_, bytes, nullptr);
	offset_ += bytes;
}

bool BlockRequest::run_cached(Content &content)
{
	// Writes and flushes may make the host wait even where its cache takes them.
	if (type_ != BlockType::read)
		return false;
	if (data_.empty())
		return true;

	std::int64_t bytes = content.read(data_, offset_, true);

	if (bytes > 0)
		advance(static_cast<std::uint64_t>(bytes));
	return data_.empty();
}

void BlockRequest::run_waiting(Content &content)
{
	switch (type_) {
	case BlockType::read: {
		std::int64_t bytes = content.read(data_, offset_, false);

		conclude(bytes < 0 ? static_cast<int>(bytes) : 0);
		break;
	}
	case BlockType::write:
		conclude(content.write(data_, offset_));
		break;
	case BlockType::flush:
		conclude(content.flush());
		break;
	default:
		conclude(run_ranges(content));
		break;
	}
}

int BlockRequest::run_ranges(Content &content)
{
	for (const BlockRange &range : std::span(ranges_).first(range_count_)) {
		std::uint64_t offset = range.sector * sector_bytes;
		std::uint64_t bytes = range.sectors * sector_bytes;
		int error = 0;

		if (bytes && type_ == BlockType::discard)
			error = content.discard(offset, bytes);
		else if (bytes)
			error = content.zero(offset, bytes);
		if (error < 0)
			return error;
	}
	return 0;
}

void BlockRequest::conclude(int error)
{
	error_ = error;
	if (error == -LKL_EOPNOTSUPP)
		status_ = BlockStatus::unsupported;
	else if (error < 0)
		status_ = BlockStatus::io_error;
}

std::uint32_t BlockRequest::finish()
{
	*status_byte_ = static_cast<std::byte>(status_);
	return 1 + (status_ == BlockStatus::ok ? static_cast<std::uint32_t>(data_bytes_) : 0);
}

} // namespace lkl::virtio
