// SPDX-License-Identifier: GPL-2.0
#include "compressed_source.hh"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "decoder.hh"
#include "first_error.hh"
#include "raw_source.hh"
#include "unpacked_file.hh"
#include "xz_block.hh"
#include "zstd_frames.hh"

namespace lkl::apps {

namespace {

/// Compression upon a format with tables would need both at once.
Result<void> check_content(int file, std::uint64_t bytes)
{
	const DiskFormat format = TRY(detect_format(file, bytes));

	if (format != DiskFormat::raw)
		return failure(fmt::format("contains a {} image, not a raw disk; unpack it first",
					   name_of(format)));
	return {};
}

class UnitSource final : public DiskSource {
public:
	UnitSource(Descriptor file, DiskFormat format, std::vector<Unit> units, UnpackedFile unpacked)
	    : file_(std::move(file)), format_(format), units_(std::move(units)),
	      states_(units_.size(), State::packed), unpacked_(std::move(unpacked))
	{
	}

	std::uint64_t bytes() const { return units_.back().offset + units_.back().bytes; }

	Result<void> prepare()
	{
		TRY(unpacked_.set_size(bytes()));
		TRY(unpack_range(0, 1));
		return check_content(unpacked_.get(), units_.front().bytes);
	}

	Result<void> describe(lkl_disk &disk, std::uint64_t offset) override
	{
		if (offset >= bytes())
			return failure(fmt::format("has only {} bytes", bytes()));
		offset_ = offset;
		ops_.size = sizeof(ops_);
		ops_.readv = [](void *self, const lkl_buffer *buffers, std::size_t count, std::uint64_t at) {
			return static_cast<UnitSource *>(self)->read({buffers, count}, at);
		};
		disk.ops = &ops_;
		disk.user = this;
		disk.bytes = bytes() - offset;
		return {};
	}
	std::string label() const override { return "disk"; }
	std::optional<Error> trouble() const override { return trouble_.get(); }

private:
	enum class State { packed, busy, unpacked, failed };

	int read(std::span<const lkl_buffer> buffers, std::uint64_t at)
	{
		std::uint64_t offset = offset_ + at;

		for (const lkl_buffer &buffer : buffers) {
			const std::span<std::byte> bytes(static_cast<std::byte *>(buffer.data), buffer.bytes);
			Result<void> done = unpack_range(offset, bytes.size());

			if (done)
				done = read_exactly(unpacked_.get(), bytes, offset);
			if (!done) {
				trouble_.note(done.error());
				return -LKL_EIO;
			}
			offset += bytes.size();
		}
		return 0;
	}

	Result<void> unpack_range(std::uint64_t offset, std::uint64_t bytes)
	{
		auto unit = std::ranges::upper_bound(units_, offset, {}, &Unit::offset);

		for (--unit; unit != units_.end() && unit->offset < offset + bytes; ++unit)
			TRY(need(static_cast<std::size_t>(unit - units_.begin())));
		return {};
	}

	/// One thread unpacks a unit, and the others that want it wait.
	Result<void> need(std::size_t index)
	{
		std::unique_lock lock(mutex_);

		changed_.wait(lock, [&] { return states_[index] != State::busy; });
		if (states_[index] == State::unpacked)
			return {};
		if (states_[index] == State::failed)
			return failure("a part that could not be unpacked");
		states_[index] = State::busy;
		lock.unlock();

		const Result<void> done = unpack_unit(units_[index]);

		if (!done)
			trouble_.note(done.error());
		lock.lock();
		states_[index] = done ? State::unpacked : State::failed;
		changed_.notify_all();
		return done;
	}

	Result<void> unpack_unit(const Unit &unit)
	{
		std::uint64_t made = 0;
		const Unpacked sink = [&](std::span<const std::byte> bytes) -> Result<void> {
			if (bytes.size() > unit.bytes - made)
				return failure("corrupt data: there is more than the index says");
			TRY(unpacked_.write(bytes, unit.offset + made));
			made += bytes.size();
			return {};
		};

		if (format_ == DiskFormat::xz) {
			XzDecoder decoder;
			const std::size_t header = TRY(decoder.start_block(file_.get(), unit));

			TRY(unpack(file_.get(), unit.packed_offset + header, unit.packed_bytes - header,
				   decoder, sink));
		} else {
			const std::unique_ptr<Decoder> decoder = TRY(Decoder::create(format_));

			TRY(unpack(file_.get(), unit.packed_offset, unit.packed_bytes, *decoder, sink));
		}
		if (made < unit.bytes)
			return failure("corrupt data: there is less than the index says");
		return {};
	}

	const Descriptor file_;
	const DiskFormat format_;
	const std::vector<Unit> units_;
	std::mutex mutex_;
	std::condition_variable changed_;
	std::vector<State> states_;
	UnpackedFile unpacked_;
	std::uint64_t offset_ = 0;
	lkl_disk_ops ops_ = {};
	FirstError trouble_;
};

Result<std::unique_ptr<DiskSource>> unpack_all(Descriptor file, std::uint64_t bytes, DiskFormat format)
{
	const std::unique_ptr<Decoder> decoder = TRY(Decoder::create(format));
	UnpackedFile unpacked = TRY(UnpackedFile::create());
	std::uint64_t made = 0;

	TRY(unpack(file.get(), 0, bytes, *decoder, [&](std::span<const std::byte> piece) -> Result<void> {
		TRY(unpacked.write(piece, made));
		made += piece.size();
		return {};
	}));
	TRY(unpacked.set_size(made));
	if (made == 0)
		return failure("contains nothing");
	TRY(check_content(unpacked.get(), made));
	return std::make_unique<RawSource>(unpacked.release());
}

} // namespace

Result<std::unique_ptr<DiskSource>> open_compressed(Descriptor file, std::uint64_t bytes,
						    DiskFormat format)
{
	std::vector<Unit> units;

	if (format == DiskFormat::xz)
		units = TRY(xz_blocks(file.get(), bytes));
	else if (format == DiskFormat::zstd)
		units = TRY(zstd_frames(file.get(), bytes));
	if (units.size() < 2)
		return unpack_all(std::move(file), bytes, format);

	auto source = std::make_unique<UnitSource>(std::move(file), format, std::move(units),
						   TRY(UnpackedFile::create()));
	TRY(source->prepare());
	return source;
}

} // namespace lkl::apps
