// SPDX-License-Identifier: GPL-2.0
// Volumes: the block devices of the library's kernel on which a file system can be, and
// what they are made of. Disks and their partitions come first (see volume_table.hh);
// a Layer makes volumes out of others: an array of its members, a logical volume of its
// group's disks, a readable device of an encrypted one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "result.hh"

namespace lkl::apps {

/// What a device holds, as libblkid tells; empty where it tells nothing.
struct Content {
	std::string usage;	// "filesystem", "raid", "crypto", "other"
	std::string type;	// the kernel's name for a file system, else libblkid's:
				// "LVM2_member", "linux_raid_member", "crypto_LUKS"
	std::string version, label, uuid;
	std::string member;	// of one device among several with one uuid: its own
	std::string table;	// of partitions: "gpt", "dos"
	std::string table_uuid;
	std::string trouble;	// why it is not known
};

/// A volume that can be made of others.
struct LayeredVolume {
	std::string kind;	// "raid1", "linear", "thin", "luks2", "verity"
	std::string name;	// "group/volume" for LVM; unique among all layers' volumes,
				// and not only digits, for users choose by it
	std::string uuid;	// its own, not that of its content
	std::uint64_t bytes = 0;	// 0: known once it is open
	std::vector<std::string> parts;	// devices it is made of: paths in the kernel
	std::string trouble;	// what is wrong with it, though it may open: "1 of 3 members
				// is missing"
	bool locked = false;	// opening it takes a key, and may ask for one: only when
				// it is chosen, or nothing else can be
};

/// A way to make volumes out of volumes. Works between Image::boot() and its end, that
/// is, within the sandbox; what it needs of the host, it has by then.
class Layer {
public:
	virtual ~Layer() = default;

	/// All volumes that can be made of @devices, paths in the kernel; those that are
	/// none of its business are left alone. Asked again with more devices, until no
	/// layer makes more: what was found before is found again, by the same name. An
	/// Error is the end of all; what is wrong with one volume is for it to say.
	virtual Result<std::vector<LayeredVolume>> find(std::span<const std::string> devices) = 0;
	/// Make available what find() found last; the path in the kernel. When not
	/// @writable the disks keep what is written to themselves (LKL_DISK_OVERLAY). The
	/// Error is shown after the volume's name: "locked; give a passphrase with --key".
	virtual Result<std::string> open(const LayeredVolume &volume, bool writable) = 0;
	/// Whether it makes volumes of devices that hold a file system, too.
	virtual bool takes_file_systems() const { return false; }
	/// After the last use of what open() made, while the kernel still runs: leave the
	/// disks as the end of a machine's work would. Layers are closed in the reverse
	/// order of their list.
	virtual Result<void> close() { return {}; }
};

} // namespace lkl::apps
