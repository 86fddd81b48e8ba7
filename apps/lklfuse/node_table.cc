// SPDX-License-Identifier: GPL-2.0
#include "node_table.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include <lkl/syscalls.h>

namespace lkl::apps {

namespace {

constexpr std::size_t most_handle_bytes = 128;	// the kernel's MAX_HANDLE_SZ

struct Handle {
	lkl_file_handle head;
	std::byte data[most_handle_bytes];
};

std::uint64_t reversed(std::uint64_t bits)
{
	std::uint64_t result = 0;

	for (int i = 0; i < 64; i++)
		result |= (bits >> i & 1) << (63 - i);
	return result;
}

} // namespace

NodeTable::NodeTable(lkl_kernel *kernel, int root, int mount, const lkl_stat &stat,
		     std::size_t most_open)
    : kernel_(kernel), mount_(mount), most_open_(most_open),
      root_(new Node{.device = stat.st_dev, .ino = stat.st_ino, .generation = 0, .ino_mask = 0,
		     .handle = {}, .place = {}})
{
	root_->lookups = 1;
	root_->nameless = true;		// stays open
	root_->in_map = true;
	map_.emplace(Key{root_->device, root_->ino}, root_);
	set_descriptor(*root_, root);
}

NodeTable::~NodeTable()
{
	std::vector<Node *> nodes(opened_.begin(), opened_.end());

	for (const auto &[key, node] : map_)
		if (node->descriptor < 0)
			nodes.push_back(node);
	// Those that are neither known by number nor open are lost, as is all, at the end.
	for (const Node *node : nodes) {
		if (node->descriptor >= 0)
			lkl_sys_close(kernel_, node->descriptor);
		delete node;
	}
	lkl_sys_close(kernel_, mount_);
}

/// Inode numbers are of one subvolume of btrfs only, and each shows as a device of its
/// own; here there is one device for all. Two bits meet only where the numbers of inode
/// and subvolume have more than 64 together.
std::uint64_t NodeTable::mask_of(int descriptor, const lkl_stat &stat) const
{
	lkl_statx extended = {};

	if (stat.st_dev == root_->device)
		return 0;
	if (lkl_sys_statx(kernel_, descriptor, "", LKL_AT_EMPTY_PATH, LKL_STATX_SUBVOL, &extended) < 0 ||
	    !(extended.stx_mask & LKL_STATX_SUBVOL))
		return reversed(stat.st_dev);
	return reversed(extended.stx_subvol);
}

Node *NodeTable::find(Lock &lock, int descriptor, const Key &key)
{
	const auto known = map_.find(key);

	if (known == map_.end())
		return nullptr;

	Node &node = *known->second;
	if (node.descriptor >= 0)
		return &node;

	// Nobody held it, so the number may have gone to another file.
	node.uses++;
	lock.unlock();
	const std::vector<std::byte> handle = handle_of(descriptor);
	lock.lock();
	node.uses--;

	const bool same = node.descriptor >= 0 || handle == node.handle;
	if (!same)
		drop_from_map(node);
	if (node.lookups == 0 && node.uses == 0) {
		destroy(lock, node);
		return find(lock, descriptor, key);
	}
	// A third one may be there by now.
	return same && node.in_map ? &node : find(lock, descriptor, key);
}

Node &NodeTable::look_up(int descriptor, const lkl_stat &stat)
{
	const Key key = {stat.st_dev, stat.st_ino};
	const std::uint64_t mask = mask_of(descriptor, stat);
	Lock lock(mutex_);
	Node *node = find(lock, descriptor, key);

	if (!node) {
		node = new Node{.device = key.device, .ino = key.ino, .generation = ++generations_,
				.ino_mask = mask, .handle = {}, .place = {}};
		node->in_map = true;
		map_.emplace(key, node);
	}
	node->lookups++;
	node->recent = true;
	if (node->descriptor < 0)
		set_descriptor(*node, std::exchange(descriptor, -1));
	lock.unlock();
	if (descriptor >= 0)
		lkl_sys_close(kernel_, descriptor);
	evict();
	return *node;
}

void NodeTable::keep(int descriptor, const lkl_stat &stat)
{
	Lock lock(mutex_);
	Node *node = find(lock, descriptor, {stat.st_dev, stat.st_ino});

	if (node && node->descriptor < 0)
		set_descriptor(*node, std::exchange(descriptor, -1));
	lock.unlock();
	if (descriptor >= 0)
		lkl_sys_close(kernel_, descriptor);
}

void NodeTable::forget(Node &node, std::uint64_t lookups,
		       const std::function<void(const Node &)> &last)
{
	Lock lock(mutex_);

	if (&node == root_)
		return;
	node.lookups -= std::min(node.lookups, lookups);
	if (node.lookups > 0)
		return;
	node.uses++;
	lock.unlock();
	last(node);
	lock.lock();
	if (--node.uses == 0 && node.lookups == 0)
		destroy(lock, node);
}

int NodeTable::begin_use(Node &node)
{
	Lock lock(mutex_);

	node.uses++;
	node.recent = true;
	if (node.descriptor >= 0)
		return node.descriptor;

	// Used by us, the handle is not changed.
	lock.unlock();
	int descriptor = open_handle(node.handle);
	if (descriptor < 0)
		return descriptor;
	lock.lock();
	if (node.descriptor < 0)
		set_descriptor(node, std::exchange(descriptor, -1));

	const int result = node.descriptor;
	lock.unlock();
	if (descriptor >= 0)
		lkl_sys_close(kernel_, descriptor);
	evict();
	return result;
}

void NodeTable::end_use(Node &node)
{
	Lock lock(mutex_);

	if (--node.uses == 0 && node.lookups == 0)
		destroy(lock, node);
}

void NodeTable::set_descriptor(Node &node, int descriptor)
{
	if (!node.handle.empty())
		evicted_--;
	node.handle.clear();
	node.descriptor = descriptor;
	node.place = opened_.insert(opened_.end(), &node);
	open_count_++;
}

/// A second chance for what was used since it was last in question.
Node *NodeTable::victim()
{
	for (std::size_t left = opened_.size(); left > 0; left--) {
		Node &node = *opened_.front();

		opened_.splice(opened_.end(), opened_, opened_.begin());
		if (node.nameless || node.uses > 0)
			continue;
		if (!std::exchange(node.recent, false))
			return &node;
	}
	return nullptr;
}

void NodeTable::evict()
{
	while (most_open_ && open() > most_open_) {
		Lock lock(mutex_);
		Node *node = victim();

		if (!node)
			return;
		node->uses++;
		lock.unlock();

		lkl_stat stat;
		const int seen = lkl_sys_fstat(kernel_, node->descriptor, &stat);
		std::vector<std::byte> handle = handle_of(node->descriptor);

		lock.lock();
		node->uses--;
		if (node->lookups == 0 && node->uses == 0) {
			destroy(lock, *node);
			continue;
		}
		// Without these it would not come back.
		if (seen < 0 || stat.st_nlink == 0 || handle.empty())
			node->nameless = true;
		if (node->nameless || node->uses > 0)
			continue;
		node->handle = std::move(handle);
		opened_.erase(node->place);
		open_count_--;
		evicted_++;

		const int descriptor = std::exchange(node->descriptor, -1);
		lock.unlock();
		lkl_sys_close(kernel_, descriptor);
	}
}

void NodeTable::drop_from_map(Node &node)
{
	if (std::exchange(node.in_map, false))
		map_.erase({node.device, node.ino});
}

void NodeTable::destroy(Lock &lock, Node &node)
{
	const int descriptor = node.descriptor;

	drop_from_map(node);
	if (descriptor >= 0) {
		opened_.erase(node.place);
		open_count_--;
	} else if (!node.handle.empty()) {
		evicted_--;
	}
	delete &node;
	lock.unlock();
	if (descriptor >= 0)
		lkl_sys_close(kernel_, descriptor);
	lock.lock();
}

std::vector<std::byte> NodeTable::handle_of(int descriptor) const
{
	Handle handle = {};
	int mount = 0;

	handle.head.handle_bytes = most_handle_bytes;
	if (lkl_sys_name_to_handle_at(kernel_, descriptor, "", &handle.head, &mount,
				      LKL_AT_EMPTY_PATH) < 0)
		return {};

	const auto *bytes = reinterpret_cast<const std::byte *>(&handle);
	return {bytes, bytes + sizeof(handle.head) + handle.head.handle_bytes};
}

int NodeTable::open_handle(const std::vector<std::byte> &handle) const
{
	Handle copy = {};

	std::memcpy(&copy, handle.data(), handle.size());
	return lkl_sys_open_by_handle_at(kernel_, mount_, &copy.head, LKL_O_PATH);
}

} // namespace lkl::apps
