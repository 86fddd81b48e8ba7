// SPDX-License-Identifier: GPL-2.0
// The file of --overrides: owners, modes and devices that the image is to have, whatever
// the sources have. Its lines are of two kinds, those of
//   device tables, as Buildroot's makedevs reads them:
//	PATH TYPE MODE UID GID [MAJOR MINOR [START INCREMENT COUNT]]
//   what fakeroot -s saves:
//	dev=HEX,ino=N,mode=OCTAL,uid=N,gid=N,nlink=N,rdev=N
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "apps/common/file_system.hh"

namespace lkl::apps {

/// What is not given stays as it is.
struct Override {
	unsigned line = 0;
	FileType type = FileType::unknown;	// regular: anything but a directory
	std::optional<std::uint16_t> permissions;
	std::optional<std::uint32_t> uid, gid;
	std::uint32_t device_major = 0, device_minor = 0;
	bool used = false;
};

struct OverrideTable {
	/// The Error names the line.
	static Result<OverrideTable> read(const std::string &file);

	// By paths in the image, "/dev/console". The last line of a path counts.
	std::map<std::string, Override> single;
	std::map<std::string, Override> trees;		// for directories and what is below
	std::map<FileId, Override> files;		// of the host
};

} // namespace lkl::apps
