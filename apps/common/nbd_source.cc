// SPDX-License-Identifier: GPL-2.0
#include "nbd_source.hh"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

#include <fmt/format.h>

#include "chunk_cache.hh"
#include "first_error.hh"
#include "image_files.hh"
#include "nbd_connection.hh"
#include "qemu_image.hh"
#include "qemu_nbd.hh"
#include "reporter.hh"

namespace lkl::apps {

namespace {

/// As many as the library has threads that wait for disks.
constexpr unsigned most_connections = 4;

using Connections = std::vector<std::unique_ptr<NbdConnection>>;

class NbdSource final : public DiskSource {
public:
	/// @server: null when it is somebody else's.
	NbdSource(Connections connections, std::uint64_t bytes, bool writable,
		  std::unique_ptr<QemuNbd> server)
	    : server_(std::move(server)), connections_(std::move(connections)), bytes_(bytes),
	      writable_(writable),
	      cache_(bytes, [this](std::span<const lkl_buffer> buffers, std::uint64_t at) {
		      return with_connection([&](NbdConnection &connection) {
			      return connection.read(buffers, at);
		      });
	      })
	{
		for (const auto &connection : connections_)
			free_.push_back(connection.get());
	}

	Result<void> describe(lkl_disk &disk, std::uint64_t offset) override;
	std::string label() const override { return "disk"; }
	bool is_served() const override { return true; }
	std::optional<Error> trouble() const override { return trouble_.get(); }
	Result<void> close() override;

private:
	/// @call with a connection that nobody else uses meanwhile.
	template <class Call> Result<void> with_connection(Call call)
	{
		std::unique_lock lock(mutex_);

		freed_.wait(lock, [this] { return !free_.empty(); });

		NbdConnection *const connection = free_.back();

		free_.pop_back();
		lock.unlock();

		const Result<void> done = call(*connection);

		lock.lock();
		free_.push_back(connection);
		freed_.notify_one();
		return done;
	}

	/// For the library: 0 or a negative errno.
	int noted(const Result<void> &done)
	{
		if (done)
			return 0;
		trouble_.note(done.error());
		return -done.error().code;
	}

	/// A disk that is written has its requests carried out one by one.
	int read(std::span<const lkl_buffer> buffers, std::uint64_t offset)
	{
		if (!writable_)
			return noted(cache_.read(buffers, offset));
		return change([&](NbdConnection &connection) { return connection.read(buffers, offset); });
	}
	template <class Call> int change(Call call) { return noted(with_connection(call)); }

	static NbdSource &self(void *source) { return *static_cast<NbdSource *>(source); }

	std::unique_ptr<QemuNbd> server_;
	Connections connections_;
	const std::uint64_t bytes_;
	const bool writable_;
	std::mutex mutex_;
	std::condition_variable freed_;
	std::vector<NbdConnection *> free_;	// the last one used first: it is warm
	ChunkCache cache_;
	std::uint64_t offset_ = 0;
	lkl_disk_ops ops_ = {};
	FirstError trouble_;
};

Result<void> NbdSource::describe(lkl_disk &disk, std::uint64_t offset)
{
	const NbdConnection &first = *connections_.front();

	if (offset >= bytes_)
		return failure(fmt::format("has only {} bytes", bytes_));
	offset_ = offset;
	ops_.size = sizeof(ops_);
	ops_.readv = [](void *source, const lkl_buffer *buffers, std::size_t count, std::uint64_t at) {
		return self(source).read({buffers, count}, self(source).offset_ + at);
	};
	if (writable_)
		ops_.writev = [](void *source, const lkl_buffer *buffers, std::size_t count,
				 std::uint64_t at) {
			return self(source).change([&](NbdConnection &connection) {
				return connection.write({buffers, count}, self(source).offset_ + at);
			});
		};
	// In one connection it is good for what was written in all of them.
	if (writable_ && first.can_flush())
		ops_.flush = [](void *source) {
			return self(source).change(
				[](NbdConnection &connection) { return connection.flush(); });
		};
	if (writable_ && first.can_trim())
		ops_.discard = [](void *source, std::uint64_t at, std::uint64_t bytes) {
			return self(source).change([&](NbdConnection &connection) {
				return connection.trim(self(source).offset_ + at, bytes);
			});
		};
	if (writable_ && first.can_zero())
		ops_.zero = [](void *source, std::uint64_t at, std::uint64_t bytes) {
			return self(source).change([&](NbdConnection &connection) {
				return connection.zero(self(source).offset_ + at, bytes);
			});
		};
	disk.ops = &ops_;
	disk.user = this;
	disk.bytes = bytes_ - offset;
	disk.block_bytes = std::max<std::uint32_t>(first.block_bytes(), 512);
	return {};
}

Result<void> NbdSource::close()
{
	Result<void> done;
	const auto note = [&](const Result<void> &result) {
		if (done && !result)
			done = result;
	};

	if (writable_ && connections_.front()->can_flush())
		note(connections_.front()->flush());
	for (const auto &connection : connections_)
		note(connection->shut_down());
	free_.clear();
	connections_.clear();
	if (!server_)
		return done;

	// When it has died, what it said explains the rest.
	const Result<void> ended = server_->end();
	return ended ? done : ended;
}

Result<std::unique_ptr<DiskSource>> make_source(Connections connections, bool writable,
						std::unique_ptr<QemuNbd> server)
{
	const NbdConnection &first = *connections.front();
	const std::uint64_t bytes = TRY(first.bytes());

	if (writable && !first.can_write())
		return failure("the server allows only reading");
	return std::make_unique<NbdSource>(std::move(connections), bytes, writable, std::move(server));
}

/// The connections to our own server; the first one shows whether it could open the image.
Result<Connections> open_all(std::vector<Descriptor> sockets)
{
	Connections connections;

	for (Descriptor &socket : sockets) {
		connections.push_back(TRY(NbdConnection::open(std::move(socket))));
		if (!connections.front()->can_share())
			break;
	}
	return connections;
}

std::string list(const std::vector<Snapshot> &snapshots)
{
	std::string text;

	for (const Snapshot &snapshot : snapshots)
		text += (text.empty() ? "" : ", ") + printable(snapshot.name);
	return text.empty() ? "none" : text;
}

} // namespace

Result<std::unique_ptr<DiskSource>> connect_to_server(const std::string &uri, bool writable)
{
	Connections connections;

	connections.push_back(TRY(NbdConnection::open(uri)));
	while (connections.front()->can_share() && connections.size() < most_connections)
		connections.push_back(TRY(NbdConnection::open(uri)));
	return make_source(std::move(connections), writable, nullptr);
}

Result<std::unique_ptr<DiskSource>> serve_image(Descriptor file, DiskFormat format,
						const SourceOptions &options)
{
	if (!options.snapshot.empty() && options.writable)
		return failure("a snapshot can only be read");

	QemuNbdOptions server_options;
	server_options.image =
		TRY(describe_for_qemu(options.path, file.get(), format, options.backing_files));
	server_options.snapshot = options.snapshot;
	server_options.writable = options.writable;
	server_options.connections = most_connections;
	server_options.confined = options.confined;

	// Loaded before there is a process to be ended.
	TRY(NbdLibrary::get());
	std::unique_ptr<QemuNbd> server = TRY(QemuNbd::start(server_options));
	auto connections = open_all(server->take_connections());
	if (connections)
		return make_source(std::move(*connections), options.writable, std::move(server));

	const Result<void> ended = server->end();
	if (!options.snapshot.empty())
		if (const auto there = snapshots_of(file.get());
		    there && std::ranges::find(*there, options.snapshot, &Snapshot::name) == there->end())
			return failure(fmt::format("no snapshot '{}'; there are: {}", options.snapshot,
						   list(*there)));
	return ended ? std::unexpected(connections.error()) : std::unexpected(ended.error());
}

} // namespace lkl::apps
