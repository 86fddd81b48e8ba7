// SPDX-License-Identifier: GPL-2.0
// How a tool and lkl-luks-key, the program that opens LUKS key slots for it, talk.
//
// The two are separate programs because libcryptsetup uses OpenSSL, whose licence does
// not go with the kernel's. The tool starts the program before it confines itself and
// gives it three descriptors: 0, from which it reads requests, 1, to which it writes
// answers, and 3, a file in memory that has the header, as the device does, and its
// length. All numbers are in the machine's byte order; both ends are one build.
#pragma once

#include <cstdint>

namespace lkl::apps {

constexpr int luks_header_fd = 3;

/// Once, before requests: what the user gave. It is followed by the secrets, each
/// a length (4 bytes) and its bytes.
struct LuksKeys {
	std::uint32_t count;
	std::uint32_t ask;	// 1: on /dev/tty when none fits
};

/// Open the header that is in the file now. Followed by the device's name, for the
/// prompt.
struct LuksRequest {
	std::uint32_t name_bytes;
};

/// Followed by key_bytes of the volume key, then by text_bytes: the cipher in
/// dm-crypt's words, or, with a status but 0, what is wrong.
struct LuksAnswer {
	std::uint32_t status;		// 0, or an errno
	std::uint32_t key_bytes;
	std::uint32_t text_bytes;
	std::uint32_t sector_bytes;	// of the encryption
	std::uint64_t data_offset;	// sectors before the data
	std::uint64_t iv_offset;	// sectors
	std::uint64_t sectors;		// of data; 0: up to the device's end
};

} // namespace lkl::apps
