// SPDX-License-Identifier: GPL-2.0
// Encrypted volumes, LUKS1 and LUKS2: recognized here, their key slots opened by a
// program of its own, decrypted by dm-crypt in the library.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "descriptor.hh"
#include "device_mapper.hh"
#include "secret.hh"

namespace lkl::apps {

struct LuksHeader {
	unsigned version = 0;
	std::string uuid, label;
	std::uint64_t bytes = 0;	// of the device, from its start, that opening it takes
	std::string trouble;		// why it cannot be opened, whatever the key
};

/// Nothing when the device has no LUKS header.
Result<std::optional<LuksHeader>> read_luks_header(const KernelDevice &device);

/// The program that opens key slots. Start it while programs can be started and /dev/tty
/// can be opened, that is, before the sandbox and with one thread only. Without @keys it
/// is a process that waits, and becomes the program when it is first asked.
class LuksKeyHelper {
public:
	static constexpr const char *how_to_unlock =
		"it is encrypted; give its passphrase with --key, or a file that has it with "
		"--key-file";

	/// @keys: passphrases and contents of key files, each tried in turn. @ask: for
	/// a passphrase on /dev/tty, when none fits.
	static Result<LuksKeyHelper> start(std::vector<Secret> keys, bool ask);
	/// Make the encrypted @device available as device @name; its path.
	Result<std::string> open(DeviceMapper &mapper, const KernelDevice &device,
				 const LuksHeader &header, const std::string &name);

private:
	LuksKeyHelper() = default;

	Result<void> greet(std::span<const Secret> keys);
	Result<void> copy_header(const KernelDevice &device, const LuksHeader &header) const;

	// The program ends when there can be no more requests.
	Descriptor requests_, answers_, header_;
	bool ask_ = false;
	bool greeted_ = false;
};

/// The content of a key file, all of it, as cryptsetup takes it.
Result<Secret> read_key_file(const std::string &path);

} // namespace lkl::apps
