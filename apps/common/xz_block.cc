// SPDX-License-Identifier: GPL-2.0
#include "xz_block.hh"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

/// An index of so much describes terabytes.
constexpr std::uint64_t most_index_bytes = 256 << 20;

std::unexpected<Error> failed(lzma_ret result)
{
	switch (result) {
	case LZMA_MEM_ERROR:
		return failure("xz: out of memory", ENOMEM);
	case LZMA_MEMLIMIT_ERROR:
		return failure("xz: needs more memory than is sensible");
	case LZMA_OPTIONS_ERROR:
		return failure("xz: made with options that are not known here");
	case LZMA_FORMAT_ERROR:
		return failure("xz: other data than xz's");
	case LZMA_BUF_ERROR:
		return failure("the compressed data ends early");
	default:
		return failure("xz: corrupt data");
	}
}

/// Frees what the index decoder made.
class Index {
public:
	Index() = default;
	~Index() { ::lzma_index_end(index_, nullptr); }
	Index(const Index &) = delete;
	Index &operator=(const Index &) = delete;

	lzma_index *get() const { return index_; }
	lzma_index **place() { return &index_; }

private:
	lzma_index *index_ = nullptr;
};

/// The decoder of file information says where in the file it wants to read on.
Result<void> read_index(int file, std::uint64_t bytes, lzma_stream &stream)
{
	std::vector<std::byte> buffer(64 << 10);
	std::uint64_t at = 0;

	for (;;) {
		if (stream.avail_in == 0 && at < bytes) {
			const std::size_t got = TRY(read_up_to(file, buffer, at));

			stream.next_in = reinterpret_cast<const std::uint8_t *>(buffer.data());
			stream.avail_in = got;
			at += got;
		}

		const lzma_ret result = ::lzma_code(&stream, LZMA_RUN);
		if (result == LZMA_STREAM_END)
			return {};
		if (result == LZMA_SEEK_NEEDED) {
			at = stream.seek_pos;
			stream.avail_in = 0;
		} else if (result != LZMA_OK) {
			return failed(result);
		}
	}
}

} // namespace

Result<std::vector<Unit>> xz_blocks(int file, std::uint64_t bytes)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	Index index;

	if (const lzma_ret result = ::lzma_file_info_decoder(&stream, index.place(), most_index_bytes,
							     bytes);
	    result != LZMA_OK)
		return failed(result);

	const Result<void> read = read_index(file, bytes, stream);
	::lzma_end(&stream);
	TRY(read);

	std::vector<Unit> units;
	lzma_index_iter iterator;

	::lzma_index_iter_init(&iterator, index.get());
	while (!::lzma_index_iter_next(&iterator, LZMA_INDEX_ITER_NONEMPTY_BLOCK))
		units.push_back({iterator.block.compressed_file_offset, iterator.block.total_size,
				 iterator.block.uncompressed_file_offset,
				 iterator.block.uncompressed_size,
				 static_cast<unsigned>(iterator.stream.flags->check)});
	return units;
}

XzDecoder::~XzDecoder()
{
	::lzma_end(&stream_);
	::lzma_filters_free(filters_, nullptr);
}

Result<void> XzDecoder::start_streams()
{
	const lzma_ret result = ::lzma_stream_decoder(&stream_, most_decoder_bytes, LZMA_CONCATENATED);

	return result == LZMA_OK ? Result<void>() : failed(result);
}

Result<std::size_t> XzDecoder::start_block(int file, const Unit &unit)
{
	std::array<std::uint8_t, LZMA_BLOCK_HEADER_SIZE_MAX> header;

	TRY(read_exactly(file, std::as_writable_bytes(std::span(header).first(1)),
			 unit.packed_offset));
	if (header[0] == 0)
		return failed(LZMA_DATA_ERROR);
	block_.version = 1;
	block_.header_size = lzma_block_header_size_decode(header[0]);
	block_.check = static_cast<lzma_check>(unit.check);
	block_.filters = filters_;
	TRY(read_exactly(file, std::as_writable_bytes(std::span(header).first(block_.header_size)),
			 unit.packed_offset));
	if (const lzma_ret result = ::lzma_block_header_decode(&block_, nullptr, header.data());
	    result != LZMA_OK)
		return failed(result);
	if (::lzma_raw_decoder_memusage(filters_) > most_decoder_bytes)
		return failed(LZMA_MEMLIMIT_ERROR);
	if (const lzma_ret result = ::lzma_block_decoder(&stream_, &block_); result != LZMA_OK)
		return failed(result);
	return block_.header_size;
}

Result<Decoder::Step> XzDecoder::step(std::span<const std::byte> input,
				      std::span<std::byte> output, bool last)
{
	if (ended_)
		return input.empty() ? Result<Step>(Step{0, 0, true}) : failed(LZMA_FORMAT_ERROR);
	stream_.next_in = reinterpret_cast<const std::uint8_t *>(input.data());
	stream_.avail_in = input.size();
	stream_.next_out = reinterpret_cast<std::uint8_t *>(output.data());
	stream_.avail_out = output.size();

	const lzma_ret result = ::lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
	if (result != LZMA_OK && result != LZMA_STREAM_END)
		return failed(result);
	ended_ = result == LZMA_STREAM_END;
	return Step{input.size() - stream_.avail_in, output.size() - stream_.avail_out, ended_};
}

} // namespace lkl::apps
