// SPDX-License-Identifier: GPL-2.0
// The files that the host's kernel knows by a number of ours, for as long as it does.
//
// A node holds its file by an O_PATH descriptor of the library's kernel, so that names
// may change meanwhile: what is renamed, replaced or removed stays the same node. Where
// file handles of the file system are good for ever, only so many descriptors are kept
// open, and a node that was not used for long comes back by its handle. A file without a
// name lives by somebody's descriptor only and keeps its own.
//
// All members of Node but the constant ones belong to the table's mutex, which is never
// held over a system call.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <lkl.h>

namespace lkl::apps {

struct Node {
	const std::uint64_t device, ino;	// to the library's kernel
	const std::uint64_t generation;		// what of this table's life it is: never twice
	const std::uint64_t ino_mask;		// xor @ino is the number that is shown
	std::uint64_t lookups = 0;		// by the host's kernel, minus those forgotten
	unsigned uses = 0;			// by us, at this moment
	int descriptor = -1;			// O_PATH, or -1: by @handle
	bool in_map = false;			// else its number belongs to a newer file
	bool nameless = false;
	bool recent = false;
	std::vector<std::byte> handle;
	std::list<Node *>::iterator place;	// among the open ones, if descriptor >= 0
};

class NodeTable {
public:
	/// Takes over @root, an O_PATH descriptor, and @mount, one for reading, of the same
	/// directory. @most_open: descriptors of nodes that may be evicted, or 0: never.
	NodeTable(lkl_kernel *kernel, int root, int mount, const lkl_stat &stat,
		  std::size_t most_open);
	~NodeTable();
	NodeTable(const NodeTable &) = delete;
	NodeTable &operator=(const NodeTable &) = delete;

	Node &root() { return *root_; }

	/// The node of a file that was looked up, one lookup more. Takes over @descriptor,
	/// an O_PATH one.
	Node &look_up(int descriptor, const lkl_stat &stat);
	/// @last is told when nobody knows the node any more, while it still is one.
	void forget(Node &node, std::uint64_t lookups,
		    const std::function<void(const Node &)> &last);
	/// As look_up() of a file that is about to lose a name, if it has a node at all.
	void keep(int descriptor, const lkl_stat &stat);
	/// Whether keep() is of use: it is not as long as all nodes are open.
	bool has_evicted() const { return evicted_.load(std::memory_order_relaxed) > 0; }

	/// A node in use: @descriptor is open until the end of this, or a negative errno.
	class Use {
	public:
		Use(NodeTable &table, Node &node)
		    : table_(table), node_(node), descriptor(table.begin_use(node)) {}
		~Use() { table_.end_use(node_); }
		Use(const Use &) = delete;
		Use &operator=(const Use &) = delete;

	private:
		NodeTable &table_;
		Node &node_;

	public:
		const int descriptor;
	};

	std::size_t open() const { return open_count_.load(std::memory_order_relaxed); }

private:
	struct Key {
		std::uint64_t device, ino;
		bool operator==(const Key &) const = default;
	};
	struct Hash {
		std::size_t operator()(const Key &key) const
		{
			return (key.ino + key.device * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
		}
	};
	using Lock = std::unique_lock<std::mutex>;

	int begin_use(Node &node);
	void end_use(Node &node);
	/// The node of @descriptor's file if there is one; may let go of the lock meanwhile.
	Node *find(Lock &lock, int descriptor, const Key &key);
	void set_descriptor(Node &node, int descriptor);
	/// Gives back descriptors until there are not too many. Without the lock.
	void evict();
	Node *victim();
	void destroy(Lock &lock, Node &node);
	void drop_from_map(Node &node);
	std::uint64_t mask_of(int descriptor, const lkl_stat &stat) const;
	std::vector<std::byte> handle_of(int descriptor) const;
	int open_handle(const std::vector<std::byte> &handle) const;

	lkl_kernel *const kernel_;
	const int mount_;
	const std::size_t most_open_;
	std::mutex mutex_;	// of what follows
	std::unordered_map<Key, Node *, Hash> map_;
	std::list<Node *> opened_;	// the next to be evicted first
	std::atomic<std::size_t> open_count_ = 0, evicted_ = 0;
	std::uint64_t generations_ = 0;
	Node *root_;
};

} // namespace lkl::apps
