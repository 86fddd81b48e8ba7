// SPDX-License-Identifier: GPL-2.0
#include "directory_streams.hh"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <lkl/syscalls.h>

#include "worker.hh"

namespace lkl::apps {

namespace {

constexpr std::size_t most_streams = 64;
constexpr std::size_t buffer_bytes = 32 * 1024;

} // namespace

struct DirectoryStreams::Stream {
	Stream(lkl_kernel *kernel, std::uint64_t owner) : kernel(kernel), owner(owner) {}
	~Stream()
	{
		if (descriptor >= 0)
			lkl_sys_close(kernel, descriptor);
	}

	int move(int node, std::int64_t from);
	int fill();
	DirectoryRecord record() const;

	lkl_kernel *const kernel;
	const std::uint64_t owner;	// a node's generation
	std::mutex mutex;		// of what follows
	int descriptor = -1;
	std::int64_t position = 0;	// of the record at @at, or behind the last one read
	std::vector<char> records = std::vector<char>(buffer_bytes);
	std::size_t at = 0, filled = 0;
};

/// What was read ahead is used only by who goes on where it ended. From the beginning a
/// directory is read anew, so that changes show.
int DirectoryStreams::Stream::move(int node, std::int64_t from)
{
	if (descriptor < 0) {
		descriptor = lkl_sys_openat(kernel, LKL_AT_FDCWD, DescriptorPath(node).c_str(),
					    LKL_O_RDONLY | LKL_O_DIRECTORY | LKL_O_CLOEXEC, 0);
		if (descriptor < 0)
			return descriptor;
	} else if (from == position && from != 0) {
		return 0;
	}
	at = filled = 0;
	position = -1;
	if (const std::int64_t moved = lkl_sys_lseek(kernel, descriptor, from, LKL_SEEK_SET); moved < 0)
		return static_cast<int>(moved);
	position = from;
	return 0;
}

int DirectoryStreams::Stream::fill()
{
	const std::int64_t got =
		lkl_sys_getdents64(kernel, descriptor, records.data(), buffer_bytes);

	at = 0;
	filled = static_cast<std::size_t>(std::max<std::int64_t>(got, 0));
	return static_cast<int>(got);
}

DirectoryRecord DirectoryStreams::Stream::record() const
{
	lkl_dirent64 head;

	// Only the fixed part is sure to be there.
	std::memcpy(&head, records.data() + at, LKL_DIRENT64_NAME);
	return {head.d_ino, head.d_off, head.d_type, records.data() + at + LKL_DIRENT64_NAME};
}

DirectoryStreams::~DirectoryStreams() = default;

std::shared_ptr<DirectoryStreams::Stream> DirectoryStreams::stream_of(const Node &node)
{
	std::shared_ptr<Stream> last;	// ends without the lock
	const std::lock_guard lock(mutex_);
	const auto known = std::ranges::find(streams_, node.generation,
					     [](const auto &stream) { return stream->owner; });

	if (known != streams_.end()) {
		streams_.splice(streams_.begin(), streams_, known);
		return streams_.front();
	}
	streams_.push_front(std::make_shared<Stream>(kernel_, node.generation));
	if (streams_.size() > most_streams) {
		last = std::move(streams_.back());
		streams_.pop_back();
	}
	return streams_.front();
}

void DirectoryStreams::forget(const Node &node)
{
	std::shared_ptr<Stream> ended;
	const std::lock_guard lock(mutex_);
	const auto known = std::ranges::find(streams_, node.generation,
					     [](const auto &stream) { return stream->owner; });

	if (known == streams_.end())
		return;
	ended = std::move(*known);
	streams_.erase(known);
}

int DirectoryStreams::read(const Node &node, int descriptor, std::int64_t from,
			   const std::function<bool(const DirectoryRecord &)> &take)
{
	const std::shared_ptr<Stream> stream = stream_of(node);
	const std::lock_guard lock(stream->mutex);

	if (const int moved = stream->move(descriptor, from); moved < 0)
		return moved;
	for (;;) {
		if (stream->at == stream->filled)
			if (const int got = stream->fill(); got <= 0)
				return got;

		const DirectoryRecord record = stream->record();
		lkl_u16 bytes;

		if (!take(record))
			return 0;
		std::memcpy(&bytes, stream->records.data() + stream->at + offsetof(lkl_dirent64, d_reclen),
			    sizeof(bytes));
		stream->at += bytes;
		stream->position = record.next;
	}
}

} // namespace lkl::apps
