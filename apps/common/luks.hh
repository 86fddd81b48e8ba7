// SPDX-License-Identifier: GPL-2.0
// Encrypted volumes, LUKS1 and LUKS2: recognized here, their key slots opened by a
// program of its own, decrypted by dm-crypt in the library.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "device_mapper.hh"
#include "secret.hh"

namespace lkl::apps {

struct LuksHeader {
	unsigned version = 0;
	std::string uuid, label;
	std::uint64_t bytes = 0;	// of the device, from its start, that opening it takes
};

/// Nothing when the device has no LUKS header.
Result<std::optional<LuksHeader>> read_luks_header(const KernelDevice &device);

/// The program that opens key slots. Start it while programs can be started and /dev/tty
/// can be opened, that is, before the sandbox; it waits until it is asked or closed.
class LuksKeyHelper {
public:
	/// @keys: passphrases and contents of key files, each tried in turn. @ask: for
	/// a passphrase on /dev/tty, when none fits.
	static Result<LuksKeyHelper> start(std::vector<Secret> keys, bool ask);
	LuksKeyHelper(LuksKeyHelper &&other) noexcept;
	LuksKeyHelper &operator=(LuksKeyHelper &&) = delete;
	~LuksKeyHelper();

	/// Make the encrypted @device available as device @name; its path.
	Result<std::string> open(DeviceMapper &mapper, const KernelDevice &device,
				 const LuksHeader &header, const std::string &name);

private:
	LuksKeyHelper(int requests, int answers, int header)
	    : requests_(requests), answers_(answers), header_(header)
	{
	}

	Result<void> copy_header(const KernelDevice &device, const LuksHeader &header) const;

	int requests_, answers_, header_;
};

/// The content of a key file, all of it, as cryptsetup takes it.
Result<Secret> read_key_file(const std::string &path);

} // namespace lkl::apps
