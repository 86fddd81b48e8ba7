// SPDX-License-Identifier: GPL-2.0
// The bytes of a file or of standard input, decompressed where they are compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "descriptor.hh"
#include "result.hh"

struct archive;

namespace lkl::apps {

class StreamInput;

class UnpackedStream {
public:
	/// @path "-": standard input. What compresses is found by looking at the bytes:
	/// all that libarchive knows without starting a program for it. Nothing is read
	/// yet.
	static Result<std::unique_ptr<UnpackedStream>> open(const std::string &path);
	~UnpackedStream();
	UnpackedStream(const UnpackedStream &) = delete;
	UnpackedStream &operator=(const UnpackedStream &) = delete;

	/// The next @bytes, which read() gives again; fewer mean the end. Valid until then.
	Result<std::span<const std::byte>> peek(std::size_t bytes);
	/// Fill @buffer; fewer bytes mean the end.
	Result<std::size_t> read(std::span<std::byte> buffer);
	/// Read and drop; what is dropped is checked like everything else. True when
	/// there were so many bytes.
	Result<bool> skip(std::uint64_t bytes);
	/// Bytes read or skipped so far.
	std::uint64_t position() const { return position_; }
	/// Whether the bytes are those of a file as it is, which can then be read by other
	/// means: from file_offset() of file() on. After peek().
	bool is_plain_file() const;
	int file() const { return file_.get(); }
	std::uint64_t file_offset() const { return file_offset_; }
	std::uint64_t file_bytes() const { return file_bytes_; }
	/// How much of the file was read, from 0 to 1; 0 when its size is unknown.
	double part_read() const;

private:
	UnpackedStream(Descriptor file, std::uint64_t offset, std::uint64_t bytes);

	Result<void> start();
	std::unexpected<Error> failed();
	Result<void> unpack(std::span<std::byte> buffer, std::size_t &done);

	const Descriptor file_;
	const std::uint64_t file_offset_;	// where it begins
	const std::uint64_t file_bytes_;	// from there on; 0: unknown
	std::vector<std::byte> ahead_;		// what peek() got
	std::unique_ptr<StreamInput> input_;
	archive *archive_ = nullptr;
	bool empty_ = false;
	std::optional<Error> trouble_;		// the first, after which there are no bytes
	std::uint64_t position_ = 0;
};

} // namespace lkl::apps
