// SPDX-License-Identifier: GPL-2.0
// Copies the data of one file into a stream, whatever becomes of the file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "apps/common/block_stream.hh"
#include "apps/common/file_system.hh"

namespace lkl::apps {

/// An archive's header promises a size, so bytes that cannot be read become
/// zeroes: one bad block costs no more than itself.
class FileData {
public:
	FileData(FileSystem &files, FileSystem::Handle file, BlockStream &stream)
	    : files_(files), file_(file), stream_(stream)
	{
	}

	/// Copy @extent; @progress gets the number of bytes of each piece. Fails when
	/// the stream does, or the file system broke down.
	Result<void> copy(const Extent &extent,
			  const std::function<void(std::uint64_t)> &progress);

	/// What could not be copied, as a sentence; empty when all is well.
	std::string lost() const;

private:
	void note_loss(std::uint64_t offset, std::uint64_t bytes, const std::string &why);

	FileSystem &files_;
	const FileSystem::Handle file_;
	BlockStream &stream_;
	unsigned failures_ = 0;		// reads in a row that failed
	bool given_up_ = false;
	std::uint64_t lost_bytes_ = 0;
	std::uint64_t first_lost_ = 0;
	std::string why_;
};

} // namespace lkl::apps
