// SPDX-License-Identifier: GPL-2.0
#include "entry_pipe.hh"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace lkl::apps {

namespace {

// A large file's pieces; as large as a request of a disk.
constexpr std::size_t piece_bytes = 1 << 20;

// What waits in the pipe. The writer holds as much again.
constexpr std::size_t most_bytes = 8 * piece_bytes;
constexpr std::size_t most_parts = 1024;

/// An entry with its strings.
struct OwnEntry {
	OwnEntry(const NewEntry &entry, bool data)
	    : path(entry.path), link(entry.link), meta(entry.meta), hard_link(entry.hard_link),
	      has_data(data), attributes(entry.attributes.begin(), entry.attributes.end()),
	      extents(entry.extents.begin(), entry.extents.end())
	{
	}

	NewEntry view() const { return {path, meta, hard_link, link, attributes, extents}; }

	std::string path, link;
	Metadata meta;
	bool hard_link;
	bool has_data;	// which is asked for, or else follows as pieces
	std::vector<Attribute> attributes;
	std::vector<Extent> extents;
};

/// Data of the entry before it: of its extents, then what is at its size, if anything.
struct Piece {
	std::unique_ptr<std::byte[]> bytes;
	std::size_t size = 0;
	std::uint64_t offset = 0;
	bool last = false;		// of this entry
	std::optional<Error> error;	// instead of bytes
};

/// What goes from a directory.
struct Removal {
	std::string directory;
	NameTest stays;
};

using Part = std::variant<OwnEntry, Piece, Removal>;

/// From one thread to one other. Both take the lock once for many parts.
class Pipe {
public:
	/// An Error when nobody will take it.
	Result<void> put(Part part, std::size_t bytes)
	{
		std::unique_lock lock(mutex_);

		room_.wait(lock, [&] {
			return abandoned_ || (bytes_ < most_bytes && parts_.size() < most_parts);
		});
		if (abandoned_)
			return no_writer();
		parts_.push_back(std::move(part));
		bytes_ += bytes;
		if (parts_.size() == 1)
			filled_.notify_one();
		return {};
	}

	/// Whether the data of the entry that was put last is wanted; waits for the answer.
	Result<bool> is_data_wanted()
	{
		std::unique_lock lock(mutex_);

		room_.wait(lock, [&] { return abandoned_ || wanted_.has_value(); });
		if (abandoned_)
			return no_writer();
		return *std::exchange(wanted_, std::nullopt);
	}

	/// No more will be put.
	void end()
	{
		const std::lock_guard lock(mutex_);

		ended_ = true;
		filled_.notify_one();
	}

	/// All that is there, once there is any; nothing only at the end.
	std::vector<Part> take()
	{
		std::unique_lock lock(mutex_);

		filled_.wait(lock, [&] { return ended_ || !parts_.empty(); });
		bytes_ = 0;
		room_.notify_one();
		return std::exchange(parts_, {});
	}

	/// The answer to is_data_wanted().
	void want_data(bool wanted)
	{
		const std::lock_guard lock(mutex_);

		wanted_ = wanted;
		room_.notify_one();
	}

	/// No more will be taken.
	void abandon()
	{
		const std::lock_guard lock(mutex_);

		abandoned_ = true;
		room_.notify_one();
	}

private:
	static std::unexpected<Error> no_writer()
	{
		return failure("the writer has ended", ECANCELED);
	}

	std::mutex mutex_;
	std::condition_variable filled_, room_;
	std::vector<Part> parts_;
	std::size_t bytes_ = 0;
	std::optional<bool> wanted_;
	bool ended_ = false, abandoned_ = false;
};

/// The reader's end.
class Entrance final : public EntrySink {
public:
	explicit Entrance(Pipe &pipe) : pipe_(pipe) {}

	Result<void> add(const NewEntry &entry, DataSource *data) override
	{
		TRY(pipe_.put(OwnEntry(entry, data), 0));
		if (!data || (entry.hard_link && !TRY(pipe_.is_data_wanted())))
			return {};
		for (const Extent &extent : entry.extents)
			for (std::uint64_t at = extent.offset, end = at + extent.bytes; at < end;) {
				const std::size_t got = TRY(put_piece(
					*data, at, std::min<std::uint64_t>(piece_bytes, end - at)));

				if (!got)
					return {};
				at += got;
			}
		TRY(put_piece(*data, entry.meta.size, 1, true));
		return {};
	}

	Result<void> remove_others(std::string_view directory, const NameTest &stays) override
	{
		return pipe_.put(Removal(std::string(directory), stays), 0);
	}

private:
	/// How many bytes were put; none is the end of this file's pieces.
	Result<std::size_t> put_piece(DataSource &data, std::uint64_t offset, std::size_t most,
				      bool last = false)
	{
		Piece piece;

		piece.bytes = std::make_unique_for_overwrite<std::byte[]>(most);
		piece.offset = offset;
		if (const auto got = data.read({piece.bytes.get(), most}, offset)) {
			if (got->data() != piece.bytes.get())
				std::ranges::copy(*got, piece.bytes.get());
			piece.size = got->size();
		} else {
			piece.error = got.error();
		}

		const std::size_t size = piece.size;
		piece.last = last || size == 0;
		TRY(pipe_.put(std::move(piece), size));
		return size;
	}

	Pipe &pipe_;
};

/// The writer's end.
class Exit {
public:
	explicit Exit(Pipe &pipe) : pipe_(pipe) {}

	Result<void> pass_all(EntrySink &sink)
	{
		while (Part *part = next()) {
			if (const auto *removal = std::get_if<Removal>(part)) {
				TRY(sink.remove_others(removal->directory, removal->stays));
				continue;
			}
			// Its parts may be replaced by the next ones while it is needed.
			const OwnEntry entry = std::move(std::get<OwnEntry>(*part));
			Data data(*this, entry.hard_link);

			TRY(sink.add(entry.view(), entry.has_data ? &data : nullptr));
			if (entry.has_data)
				data.skip();
		}
		return {};
	}

private:
	/// Of one entry.
	class Data final : public DataSource {
	public:
		Data(Exit &exit, bool on_request) : exit_(exit), on_request_(on_request) {}

		Result<std::span<const std::byte>> read(std::span<std::byte> room,
							std::uint64_t offset) override
		{
			if (std::exchange(on_request_, false))
				exit_.pipe_.want_data(true);
			if (used_ == piece_.size && !piece_.last) {
				piece_ = std::move(std::get<Piece>(*exit_.next()));
				used_ = 0;
			}
			if (piece_.error)
				return std::unexpected(*piece_.error);
			if (used_ == piece_.size || piece_.offset + used_ != offset)
				return std::span<const std::byte>();

			const std::size_t size = std::min(room.size(), piece_.size - used_);
			const std::byte *bytes = piece_.bytes.get() + used_;
			used_ += size;
			return std::span(bytes, size);
		}

		/// What was not asked for.
		void skip()
		{
			if (on_request_)
				exit_.pipe_.want_data(false);
			else
				while (!piece_.last)
					piece_ = std::move(std::get<Piece>(*exit_.next()));
		}

	private:
		Exit &exit_;
		bool on_request_;
		Piece piece_;
		std::size_t used_ = 0;
	};

	/// Valid until the next call; nullptr at the end.
	Part *next()
	{
		if (at_ == parts_.size()) {
			parts_ = pipe_.take();
			at_ = 0;
		}
		return at_ < parts_.size() ? &parts_[at_++] : nullptr;
	}

	Pipe &pipe_;
	std::vector<Part> parts_;
	std::size_t at_ = 0;
};

} // namespace

Result<void> pass_entries(EntrySink &sink, const std::function<Result<void>(EntrySink &)> &read)
{
	Pipe pipe;
	Result<void> all_read;
	std::thread reader([&] {
		Entrance entrance(pipe);

		all_read = read(entrance);
		pipe.end();
	});
	const Result<void> written = Exit(pipe).pass_all(sink);

	pipe.abandon();
	reader.join();
	return written ? all_read : written;
}

} // namespace lkl::apps
