// SPDX-License-Identifier: GPL-2.0
// The bytes of a file or of standard input, decompressed where they are compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "result.hh"

struct archive;

namespace lkl::apps {

class UnpackedStream {
public:
	/// @path "-": standard input. What compresses is found by looking at the bytes:
	/// all that libarchive knows without starting a program for it.
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

private:
	explicit UnpackedStream(int fd) : fd_(fd) {}

	Result<void> start();
	std::unexpected<Error> failed();

	const int fd_;
	archive *archive_ = nullptr;
	bool empty_ = false;
	std::uint64_t position_ = 0;
};

} // namespace lkl::apps
