// SPDX-License-Identifier: GPL-2.0
#include "decoder.hh"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "xz_block.hh"

namespace lkl::apps {

namespace {

constexpr std::size_t input_bytes = 256 << 10;
constexpr std::size_t output_bytes = 1 << 20;

class GzipDecoder final : public Decoder {
public:
	Result<void> start()
	{
		// 16: with gzip's header and checksum.
		if (::inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK)
			return failure("gzip: out of memory", ENOMEM);
		ready_ = true;
		return {};
	}
	~GzipDecoder() override
	{
		if (ready_)
			::inflateEnd(&stream_);
	}

	Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output,
			  bool) override
	{
		// Files are padded with zeroes on media of fixed block size.
		if (member_ended_ && (input.empty() || input[0] == std::byte{0})) {
			const auto end = std::ranges::find_if(
				input, [](std::byte byte) { return byte != std::byte{0}; });

			padded_ = padded_ || !input.empty();
			return Step{static_cast<std::size_t>(end - input.begin()), 0, true};
		}
		if (member_ended_) {
			if (padded_)
				return failure("gzip: other data behind the end");
			::inflateReset(&stream_);
			member_ended_ = false;
		}

		stream_.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(input.data()));
		stream_.avail_in = static_cast<uInt>(input.size());
		stream_.next_out = reinterpret_cast<Bytef *>(output.data());
		stream_.avail_out = static_cast<uInt>(output.size());

		const int result = ::inflate(&stream_, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
			return failure(fmt::format("gzip: {}", stream_.msg ? stream_.msg : "corrupt data"));
		member_ended_ = result == Z_STREAM_END;
		return Step{input.size() - stream_.avail_in, output.size() - stream_.avail_out,
			    member_ended_};
	}

private:
	z_stream stream_ = {};
	bool ready_ = false;
	bool member_ended_ = false;
	bool padded_ = false;
};

class ZstdDecoder final : public Decoder {
public:
	ZstdDecoder() : stream_(::ZSTD_createDStream(), ::ZSTD_freeDStream) {}

	Result<void> start()
	{
		if (!stream_)
			return failure("zstd: out of memory", ENOMEM);

		// The library's own limit is below what zstd --long=30 makes.
		const std::size_t result = ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, 30);

		return ::ZSTD_isError(result) ? failed(result) : Result<void>();
	}

	Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output,
			  bool) override
	{
		ZSTD_inBuffer in = {input.data(), input.size(), 0};
		ZSTD_outBuffer out = {output.data(), output.size(), 0};
		const std::size_t result = ::ZSTD_decompressStream(stream_.get(), &out, &in);

		if (::ZSTD_isError(result))
			return failed(result);
		// Without input it expects the next frame, whether there is one or not.
		if (!input.empty())
			frame_ended_ = result == 0;
		return Step{in.pos, out.pos, frame_ended_};
	}

private:
	static std::unexpected<Error> failed(std::size_t result)
	{
		return failure(fmt::format("zstd: {}", ::ZSTD_getErrorName(result)));
	}

	const std::unique_ptr<ZSTD_DStream, decltype(&::ZSTD_freeDStream)> stream_;
	bool frame_ended_ = false;
};

Result<std::unique_ptr<Decoder>> create_xz()
{
	auto decoder = std::make_unique<XzDecoder>();

	TRY(decoder->start_streams());
	return decoder;
}

template <class T> Result<std::unique_ptr<Decoder>> create_started()
{
	auto decoder = std::make_unique<T>();

	TRY(decoder->start());
	return decoder;
}

} // namespace

Result<std::unique_ptr<Decoder>> Decoder::create(DiskFormat format)
{
	switch (format) {
	case DiskFormat::gzip:
		return create_started<GzipDecoder>();
	case DiskFormat::xz:
		return create_xz();
	case DiskFormat::zstd:
		return create_started<ZstdDecoder>();
	default:
		return failure("not compressed");
	}
}

Result<void> unpack(int file, std::uint64_t offset, std::uint64_t bytes, Decoder &decoder,
		    const Unpacked &sink)
{
	std::vector<std::byte> buffer(input_bytes), output(output_bytes);
	std::span<const std::byte> input;
	std::uint64_t left = bytes;	// not in the buffer yet
	bool ended = false;

	for (;;) {
		if (input.empty() && left) {
			const std::size_t piece = std::min<std::uint64_t>(left, buffer.size());

			TRY(read_exactly(file, std::span(buffer).first(piece), offset + bytes - left));
			input = std::span(buffer).first(piece);
			left -= piece;
		}

		const auto step = decoder.step(input, output, left == 0);
		if (!step)
			return failure(fmt::format("{}, near byte {} of the file", step.error().text,
						   offset + bytes - left - input.size()));
		input = input.subspan(step->taken);
		ended = step->ended;
		if (step->made)
			TRY(sink(std::span(output).first(step->made)));
		if (step->made == 0 && input.empty() && left == 0)
			break;
		if (step->made == 0 && step->taken == 0)
			return failure("corrupt data: it leads nowhere");
	}
	if (!ended)
		return failure("the compressed data ends early");
	return {};
}

} // namespace lkl::apps
