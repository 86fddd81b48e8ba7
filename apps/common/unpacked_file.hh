// SPDX-License-Identifier: GPL-2.0
// A temporary file without a name, for what was unpacked; holes for zeroes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "descriptor.hh"
#include "result.hh"

namespace lkl::apps {

class UnpackedFile {
public:
	/// In $TMPDIR, else /var/tmp, which is on a disk where /tmp may be memory.
	static Result<UnpackedFile> create();

	int get() const { return file_.get(); }
	/// It is only for reading from now on.
	Descriptor release() { return std::move(file_); }

	/// Several threads may write different bytes. @offset must be below the size set, or
	/// be the end of what was written so far.
	Result<void> write(std::span<const std::byte> bytes, std::uint64_t offset);
	Result<void> set_size(std::uint64_t bytes);

private:
	explicit UnpackedFile(Descriptor file, std::string directory)
	    : file_(std::move(file)), directory_(std::move(directory))
	{
	}

	std::unexpected<Error> failed(const char *what) const;

	Descriptor file_;
	std::string directory_;
};

} // namespace lkl::apps
