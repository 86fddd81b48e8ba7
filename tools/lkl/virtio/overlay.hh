// SPDX-License-Identifier: GPL-2.0
// Copy-on-write in memory: a disk that can be written over one that cannot.
//
// Written pages are kept in groups in a sparse map; a group's memory is not
// touched, and so not there, for pages that were never written. A page is the
// base's, zero, or data. Partly written pages are completed from the base.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "virtio/content.hh"

namespace lkl::virtio {

class Overlay final : public Content {
public:
	static constexpr std::uint64_t page_bytes = 4096;
	static constexpr unsigned group_pages = 16;
	static constexpr std::uint64_t group_bytes = group_pages * page_bytes;

	explicit Overlay(std::unique_ptr<Content> base) : base_(std::move(base)) {}

	/// Memory taken by written data.
	std::uint64_t data_bytes() const { return data_pages_ * page_bytes; }

	std::uint64_t bytes() const override { return base_->bytes(); }
	std::uint32_t block_bytes() const override { return base_->block_bytes(); }
	bool read_only() const override { return false; }

	std::int64_t read(std::span<const host::Buffer> buffers, std::uint64_t offset,
			  bool cached_only) override;
	/// ENOMEM when there is no memory for it, then partly done.
	int write(std::span<const host::Buffer> buffers, std::uint64_t offset) override;
	/// Nothing outlives the process anyway.
	int flush() override { return 0; }
	/// Frees the memory of whole pages, which read as zeroes then.
	int discard(std::uint64_t offset, std::uint64_t bytes) override;
	int zero(std::uint64_t offset, std::uint64_t bytes) override;

	/// The base's, until something was written.
	int descriptor() const override;
	std::uint64_t descriptor_offset() const override { return base_->descriptor_offset(); }

private:
	struct Group {
		std::uint32_t data_pages = 0;	// bit sets, disjoint
		std::uint32_t zero_pages = 0;
		std::unique_ptr<std::byte[]> data;
	};
	enum class Source { base, zero, data };

	// Pages [offset, offset + bytes), up to @limit, that come from one place.
	struct Run {
		Source source;
		std::uint64_t bytes;
		const std::byte *data;
	};

	Run run_at(std::uint64_t offset, std::uint64_t limit) const;
	int write_piece(std::uint64_t offset, const std::byte *data, std::uint64_t bytes);
	int own_page(Group &group, std::uint64_t offset, bool whole);
	void make_zero(Group &group, std::uint32_t pages);

	std::unique_ptr<Content> base_;
	std::atomic<std::uint64_t> data_pages_ = 0;
	mutable std::shared_mutex mutex_;	// of groups_ and what they hold
	std::unordered_map<std::uint64_t, Group> groups_;
};

} // namespace lkl::virtio
