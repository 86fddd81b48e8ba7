// SPDX-License-Identifier: GPL-2.0
// The bytes of a file or of standard input, decompressed where they are compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "descriptor.hh"
#include "result.hh"

struct archive;

namespace lkl::apps {

class UnpackedStream {
public:
	/// @path "-": standard input. What compresses is found by looking at the bytes:
	/// all that libarchive knows without starting a program for it. Nothing is read
	/// yet.
	static Result<std::unique_ptr<UnpackedStream>> open(const std::string &path);
	~UnpackedStream();
	UnpackedStream(const UnpackedStream &) = delete;
	UnpackedStream &operator=(const UnpackedStream &) = delete;

	/// Fill @buffer; fewer bytes mean the end.
	Result<std::size_t> read(std::span<std::byte> buffer);
	/// Read and drop; what is dropped is checked like everything else. True when
	/// there were so many bytes.
	Result<bool> skip(std::uint64_t bytes);
	/// Bytes read or skipped so far.
	std::uint64_t position() const { return position_; }
	/// How much of the file was read, from 0 to 1; 0 when its size is unknown.
	double part_read() const;

private:
	UnpackedStream(Descriptor file, std::uint64_t file_bytes)
	    : file_(std::move(file)), file_bytes_(file_bytes)
	{
	}

	Result<void> start();
	std::unexpected<Error> failed();

	const Descriptor file_;
	const std::uint64_t file_bytes_;	// 0: unknown
	archive *archive_ = nullptr;
	bool empty_ = false;
	std::uint64_t position_ = 0;
};

} // namespace lkl::apps
