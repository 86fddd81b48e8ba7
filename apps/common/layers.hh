// SPDX-License-Identifier: GPL-2.0
// All layers of volumes that the tools know (volume.hh), and what users say about them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <lkl.h>

#include "luks.hh"
#include "verity.hh"
#include "volume_table.hh"

namespace lkl::apps {

struct LayerOptions {
	std::vector<std::string> keys;		// passphrases of encrypted volumes
	std::vector<std::string> key_files;	// files that hold such, byte for byte
	bool ask = true;	// for a passphrase, on the terminal if there is one
	bool degraded = false;	// arrays that lack members are written to as well
	VerityOptions verity;

	bool has_keys() const { return !keys.empty() || !key_files.empty(); }
};

/// Nothing when there is neither a key nor a terminal to ask for one. For when to call
/// it see LuksKeyHelper::start().
Result<std::optional<LuksKeyHelper>> start_key_helper(const LayerOptions &options);

void add_layers(VolumeTable &table, lkl_kernel *kernel, KernelLog &log, const LayerOptions &options,
		std::optional<LuksKeyHelper> helper);

} // namespace lkl::apps
