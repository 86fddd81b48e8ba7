// SPDX-License-Identifier: GPL-2.0
// Copies the data of one file into a stream, whatever becomes of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apps/common/block_stream.hh"
#include "apps/common/file_system.hh"

namespace lkl::apps {

/// Memory for what is read ahead of a file's header; one serves many files.
class ReadAhead {
public:
	/// What is kept of a file, and one read more.
	std::span<std::byte> room();

private:
	std::unique_ptr<std::byte[]> bytes_;
};

/// An archive's header promises a size, so bytes that cannot be read become
/// zeroes: one bad block costs no more than itself.
class FileData {
public:
	FileData(FileSystem &files, FileSystem::Handle file, BlockStream &stream)
	    : files_(files), file_(file), stream_(stream)
	{
	}

	using Progress = std::function<void(std::uint64_t bytes)>;

	/// @extents, up to the end of the file, without blocks of zeroes, for which all of
	/// it is read; what cannot be read counts as data. @progress gets the numbers of
	/// bytes that are left out. The extents must be copied next, in their order. Then
	/// those that @ahead has room for are not read again; it is this file's until then.
	std::vector<Extent> without_zeroes(std::span<const Extent> extents, ReadAhead &ahead,
					   const Progress &progress);
	/// Copy @extent; @progress gets the number of bytes of each piece. Fails when
	/// the stream does, or the file system broke down.
	Result<void> copy(const Extent &extent, const Progress &progress);

	/// What could not be copied, as a sentence; empty when all is well.
	std::string lost() const;

private:
	Result<std::size_t> read(std::span<std::byte> window, std::uint64_t offset);
	void note_loss(std::uint64_t offset, std::uint64_t bytes, const std::string &why);

	FileSystem &files_;
	const FileSystem::Handle file_;
	BlockStream &stream_;
	std::span<const std::byte> ahead_;	// what copy() needs next, if known
	unsigned failures_ = 0;		// reads in a row that failed
	bool given_up_ = false;
	std::uint64_t lost_bytes_ = 0;
	std::uint64_t first_lost_ = 0;
	std::string why_;
};

} // namespace lkl::apps
