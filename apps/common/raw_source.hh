// SPDX-License-Identifier: GPL-2.0
// A disk whose bytes an open file has as they are.
#pragma once

#include <fmt/format.h>

#include "descriptor.hh"
#include "disk_source.hh"

namespace lkl::apps {

class RawSource final : public DiskSource {
public:
	/// Opened for writing if that is to be done.
	explicit RawSource(Descriptor file) : file_(std::move(file)) {}

	Result<void> describe(lkl_disk &disk, std::uint64_t offset) override
	{
		disk.fd = file_.get();
		disk.offset = offset;
		return {};
	}
	std::string label() const override { return fmt::format("descriptor {}", file_.get()); }

private:
	const Descriptor file_;
};

} // namespace lkl::apps
