// SPDX-License-Identifier: GPL-2.0
// The mounted file system as the host's requests see it: its files, how they are shown,
// and what all kinds of requests have in common.
#pragma once

#define FUSE_USE_VERSION 312

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <fuse3/fuse_lowlevel.h>

#include <lkl.h>

#include "apps/common/result.hh"
#include "directory_streams.hh"
#include "node_table.hh"
#include "open_files.hh"

namespace lkl::apps {

/// What is shown in place of what the file system says.
struct ShownIds {
	std::optional<std::uint32_t> uid, gid;
	std::optional<unsigned> umask;		// bits that no mode has

	bool any() const { return uid || gid || umask; }
};

struct ServingOptions {
	ShownIds shown;
	bool check_permissions = false;	// by the host's kernel: default_permissions
	bool writeback_cache = false;
	std::uint32_t owner = 0;	// who mounts
	bool exact_names = false;	// else two names may be one, and names are not remembered
};

class Served {
public:
	/// The file system at @mount_point in @kernel. @exact_names of @options is taken as
	/// what is possible: the type of the file system counts too.
	static Result<std::unique_ptr<Served>> open(lkl_kernel *kernel, const char *mount_point,
						    const ServingOptions &options);

	lkl_kernel *const kernel;
	const ServingOptions options;
	const double name_seconds;	// how long the host's kernel may remember a name
	const double attribute_seconds;
	NodeTable nodes;
	DirectoryStreams directories;
	OpenFiles files;
	bool without_opendir = false;	// set once, by the first request
	fuse_session *session = nullptr;	// set before the first request
	/// Told once that the kernel has died; from any thread.
	std::function<void(const std::string &reason)> on_death;

	Node &node(fuse_ino_t number)
	{
		return number == FUSE_ROOT_ID ? nodes.root() : *reinterpret_cast<Node *>(number);
	}
	fuse_ino_t number(Node &node)
	{
		return &node == &nodes.root() ? FUSE_ROOT_ID : reinterpret_cast<fuse_ino_t>(&node);
	}

	/// @stat as it is shown.
	struct stat shown(const Node &node, const lkl_stat &stat) const;
	/// Looks @name up in the directory that is open as @directory; 0 or a negative
	/// errno. The entry counts as one lookup of the host's kernel.
	int look_up(int directory, const char *name, fuse_entry_param &entry);
	void forget(fuse_ino_t number, std::uint64_t lookups);
	/// Looks whether an error is the end.
	void check_health();

private:
	Served(lkl_kernel *kernel, const ServingOptions &options, bool exact, int root, int mount,
	       const lkl_stat &stat, std::size_t most_open);

	std::atomic<bool> dead_ = false;
};

/// One request, to be answered once.
class Request {
public:
	explicit Request(fuse_req_t request)
	    : request_(request), served(*static_cast<Served *>(::fuse_req_userdata(request))),
	      kernel(served.kernel) {}

	/// The thread makes files as the caller; 0 or a negative errno.
	int become_caller() const;
	std::uint32_t uid() const { return ::fuse_req_ctx(request_)->uid; }
	/// Who mounts may do what takes an administrator: the image is his.
	bool by_administrator() const { return uid() == 0 || uid() == served.options.owner; }
	fuse_req_t raw() const { return request_; }

	/// @result is a negative errno, or success without a value.
	void done(std::int64_t result) const;
	void entry(const fuse_entry_param &entry) const;
	void look_up(int directory, const char *name) const;
	void attributes(const Node &node, int descriptor) const;
	void bytes(const char *data, std::int64_t result) const;
	void count(std::int64_t result) const;

private:
	const fuse_req_t request_;

public:
	Served &served;
	lkl_kernel *const kernel;
};

// The operations, by what they are about.
void add_name_operations(fuse_lowlevel_ops &operations);
void add_directory_operations(fuse_lowlevel_ops &operations);
void add_attribute_operations(fuse_lowlevel_ops &operations);
void add_extended_attribute_operations(fuse_lowlevel_ops &operations);
void add_data_operations(fuse_lowlevel_ops &operations);
void add_control_operations(fuse_lowlevel_ops &operations);
/// What the connection is to be like.
void negotiate(Served &served, fuse_conn_info &connection);

} // namespace lkl::apps
