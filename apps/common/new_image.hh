// SPDX-License-Identifier: GPL-2.0
// --create: an image that did not exist, with an empty file system in it, to be filled
// through Image and then kept or forgotten.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "content_size.hh"
#include "file_system.hh"
#include "image.hh"
#include "mkfs_programs.hh"
#include "new_file.hh"
#include "partition_table.hh"

namespace lkl::apps {

/// --size: N bytes in all; or what the content takes and @bytes free.
struct NewSize {
	bool beside_content = true;
	std::uint64_t bytes = 0;
};

struct CreateOptions {
	bool wanted = false;
	NewSize size;
	std::string label, uuid;	// empty: none, mkfs's choice
	std::optional<TableKind> partition;	// none given: no table
	std::string mkfs_options;	// separated by blanks
	bool force = false;		// replace an image that is there
	bool confined = false;		// keep() may do no more than rename in directory()
};

/// Errors' texts do not name the image.
class NewImage {
public:
	/// Before Image::open(), which then opens the new image: @image, with the path that it
	/// is to get and the type, is completed. With @date the same content gives the same
	/// image, as far as mkfs allows it: UUIDs that are not given follow from the content,
	/// mkfs's times are that one, and the kernel's time is virtual and begins there. More
	/// than one CPU in @image prevents that.
	static Result<std::unique_ptr<NewImage>> make(const CreateOptions &options,
						      const ContentSize &content,
						      const std::optional<Timestamp> &date,
						      ImageOptions &image);

	/// After Image::close(): it gets its name. Without this, nothing is left of it.
	Result<void> keep() { return file_->keep(); }
	/// Where that takes a rename, for a sandbox.
	int directory() const { return file_->directory(); }

private:
	explicit NewImage(std::unique_ptr<NewFile> file) : file_(std::move(file)) {}

	const std::unique_ptr<NewFile> file_;
};

} // namespace lkl::apps
