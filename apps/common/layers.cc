// SPDX-License-Identifier: GPL-2.0
#include "layers.hh"

#include <algorithm>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>

#include "luks_layer.hh"
#include "lvm_layer.hh"
#include "md_layer.hh"
#include "verity_layer.hh"

namespace lkl::apps {

namespace {

bool has_terminal()
{
	return bool(Descriptor(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)));
}

} // namespace

Result<std::optional<LuksKeyHelper>> start_key_helper(const LayerOptions &options)
{
	const bool ask = options.ask && has_terminal();
	std::vector<Secret> keys;

	if (!options.has_keys() && !ask)
		return std::nullopt;
	for (const std::string &passphrase : options.keys) {
		Secret key(passphrase.size());

		std::ranges::copy(passphrase, key.data());
		keys.push_back(std::move(key));
	}
	for (const std::string &path : options.key_files) {
		auto key = read_key_file(path);

		if (!key)
			return failure(fmt::format("key file {}: {}", path, key.error().text),
				       key.error().code);
		keys.push_back(std::move(*key));
	}
	return TRY(LuksKeyHelper::start(std::move(keys), ask));
}

void add_layers(VolumeTable &table, lkl_kernel *kernel, KernelLog &log, const LayerOptions &options,
		std::optional<LuksKeyHelper> helper)
{
	table.add_layer(std::make_unique<MdLayer>(kernel, log, options.degraded));
	table.add_layer(std::make_unique<LuksLayer>(kernel, log, std::move(helper)));
	table.add_layer(std::make_unique<VerityLayer>(kernel, log, options.verity));
	table.add_layer(std::make_unique<LvmLayer>(kernel, log));
}

} // namespace lkl::apps
