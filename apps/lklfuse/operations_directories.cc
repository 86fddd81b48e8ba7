// SPDX-License-Identifier: GPL-2.0
// Reading directories, and flushing them.
#include <string_view>

#include <lkl/syscalls.h>

#include "served.hh"
#include "worker.hh"

namespace lkl::apps {

namespace {

using Use = NodeTable::Use;

/// The content of a directory is remembered, and streams need no beginning and no end: the
/// host's kernel does not ask again where it knows that.
void opendir(fuse_req_t raw, fuse_ino_t, fuse_file_info *file)
{
	const Request request(raw);

	if (request.served.without_opendir)
		return request.done(-LKL_ENOSYS);
	file->cache_readdir = 1;
	file->keep_cache = 1;
	::fuse_reply_open(raw, file);
}

bool is_dots(std::string_view name)
{
	return name == "." || name == "..";
}

/// A record of @node into @room, with what is known of the file that it names if @more.
/// False if there is no room.
class Listing {
public:
	Listing(const Request &request, const Node &node, int directory, std::span<char> room,
		bool more)
	    : request_(request), node_(node), directory_(directory), room_(room), more_(more) {}

	bool add(const DirectoryRecord &record)
	{
		fuse_entry_param entry = {};

		entry.attr.st_ino = record.ino ^ node_.ino_mask;
		entry.attr.st_mode = record.type << 12;
		if (more_ && !is_dots(record.name)) {
			// It would not be asked for if it did not fit.
			if (::fuse_add_direntry_plus(request_.raw(), nullptr, 0, record.name, nullptr, 0) >
			    room_.size() - filled_)
				return false;
			const int found = request_.served.look_up(directory_, record.name, entry);
			if (found == -LKL_ENOENT)
				return true;
		}

		const std::size_t left = room_.size() - filled_;
		char *const at = room_.data() + filled_;
		const std::size_t needed =
			more_ ? ::fuse_add_direntry_plus(request_.raw(), at, left, record.name,
							 &entry, record.next)
			      : ::fuse_add_direntry(request_.raw(), at, left, record.name,
						    &entry.attr, record.next);

		if (needed > left)
			return false;
		filled_ += needed;
		if (entry.ino)
			known_.push_back(entry.ino);
		return true;
	}

	void reply(int result) const
	{
		if (result < 0 && filled_ == 0)
			return request_.done(result);
		if (::fuse_reply_buf(request_.raw(), room_.data(), filled_) == 0)
			return;
		for (const fuse_ino_t number : known_)
			request_.served.forget(number, 1);
	}

private:
	const Request &request_;
	const Node &node_;
	const int directory_;
	const std::span<char> room_;
	const bool more_;
	std::size_t filled_ = 0;
	std::vector<fuse_ino_t> known_;
};

void read(fuse_req_t raw, fuse_ino_t number, std::size_t bytes, off_t from, bool more)
{
	const Request request(raw);
	Worker &worker = Worker::mine(request.kernel);
	const Node &node = request.served.node(number);
	const Use directory(request.served.nodes, request.served.node(number));

	if (directory.descriptor < 0 || worker.trouble() < 0)
		return request.done(std::min(directory.descriptor, worker.trouble()));

	Listing listing(request, node, directory.descriptor, worker.buffer(bytes), more);

	listing.reply(request.served.directories.read(
		node, directory.descriptor, from,
		[&](const DirectoryRecord &record) { return listing.add(record); }));
}

void readdir(fuse_req_t raw, fuse_ino_t number, std::size_t bytes, off_t from, fuse_file_info *)
{
	read(raw, number, bytes, from, false);
}

void readdirplus(fuse_req_t raw, fuse_ino_t number, std::size_t bytes, off_t from, fuse_file_info *)
{
	read(raw, number, bytes, from, true);
}

void releasedir(fuse_req_t raw, fuse_ino_t, fuse_file_info *)
{
	Request(raw).done(0);
}

/// syncfs() of a mount like this one does not reach its server; fsync() of the root
/// directory does, and flushes everything.
void fsyncdir(fuse_req_t raw, fuse_ino_t number, int, fuse_file_info *)
{
	const Request request(raw);
	const Worker &worker = Worker::mine(request.kernel);
	const Use directory(request.served.nodes, request.served.node(number));
	int result = std::min(directory.descriptor, worker.trouble());

	if (result >= 0)
		result = lkl_sys_openat(request.kernel, LKL_AT_FDCWD,
					DescriptorPath(directory.descriptor).c_str(),
					LKL_O_RDONLY | LKL_O_DIRECTORY | LKL_O_CLOEXEC, 0);
	if (result < 0)
		return request.done(result);

	const int opened = result;
	result = number == FUSE_ROOT_ID ? lkl_sys_syncfs(request.kernel, opened)
					: lkl_sys_fsync(request.kernel, opened);
	lkl_sys_close(request.kernel, opened);
	request.done(result);
}

} // namespace

void add_directory_operations(fuse_lowlevel_ops &operations)
{
	operations.opendir = opendir;
	operations.readdir = readdir;
	operations.readdirplus = readdirplus;
	operations.releasedir = releasedir;
	operations.fsyncdir = fsyncdir;
}

} // namespace lkl::apps
