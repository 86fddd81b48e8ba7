// SPDX-License-Identifier: GPL-2.0
// A sink that compresses into another, with libarchive's filters.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string_view>

#include "block_stream.hh"

struct archive;

namespace lkl::apps {

enum class Compression { none, gzip, xz, zstd };

/// By @name's suffix: .gz .tgz .xz .txz .zst .tzst; none for others.
Compression compression_of_name(std::string_view name);

class Compressor final : public Sink {
public:
	/// @to must outlive the compressor. Uses as many threads as the host has
	/// CPUs where the method can; the result depends on the input alone.
	static Result<std::unique_ptr<Compressor>> create(Compression method, Sink &to);
	~Compressor() override;
	Compressor(const Compressor &) = delete;
	Compressor &operator=(const Compressor &) = delete;

	Result<void> write(std::span<const std::byte> bytes) override;
	Result<void> finish() override;

private:
	explicit Compressor(Sink &to) : to_(to) {}

	Result<void> start(Compression method);
	std::unexpected<Error> failed() const;
	static ssize_t pass_on(archive *, void *self, const void *data, std::size_t bytes);

	Sink &to_;
	archive *archive_ = nullptr;
	Error error_{};		// of the sink, from inside the callback
};

} // namespace lkl::apps
