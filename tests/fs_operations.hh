// SPDX-License-Identifier: GPL-2.0
// Pseudo-random operations, made on a mounted file system and on its model.
//
// The sequence depends only on the seed and the abilities of the type. An
// operation that a type does not offer (EOPNOTSUPP) is counted and left out; any
// other failure, and any result that the model did not foresee, throws.
#pragma once

#include "fs_model.hh"

#include <list>

namespace lkl::test {

class Exercise {
public:
	/// Files may hold @budget_bytes together; operations named in @avoided, between
	/// commas, are left out.
	Exercise(lkl_kernel *kernel, std::string root, const Abilities &abilities, std::uint64_t seed,
		 std::uint64_t budget_bytes, const std::string &avoided = "")
		: kernel_(kernel), root_(std::move(root)), abilities_(abilities), random_(seed),
		  budget_(budget_bytes), avoided_("," + avoided + ","), model_(std::make_shared<Node>())
	{
		model_->mode = LKL_S_IFDIR | 0755;
	}

	const NodePtr &model() const
	{
		return model_;
	}

	/// How often each operation was made, for the report.
	const std::map<std::string, unsigned> &counts() const
	{
		return counts_;
	}

	void run(unsigned operations)
	{
		using Operation = void (Exercise::*)();
		static constexpr struct {
			unsigned weight;
			const char *name;
			Operation operation;
		} table[] = {
			{14, "create", &Exercise::create}, {20, "write", &Exercise::write},
			{8, "append", &Exercise::append}, {8, "truncate", &Exercise::truncate},
			{12, "read", &Exercise::read}, {12, "rename", &Exercise::rename},
			{3, "exchange", &Exercise::exchange}, {8, "unlink", &Exercise::unlink},
			{6, "mkdir", &Exercise::mkdir}, {3, "rmdir", &Exercise::rmdir},
			{3, "symlink", &Exercise::symlink}, {3, "link", &Exercise::link},
			{1, "mknod", &Exercise::mknod}, {3, "chmod", &Exercise::chmod},
			{3, "chown", &Exercise::chown}, {4, "utimens", &Exercise::utimens},
			{5, "setxattr", &Exercise::set_xattr}, {3, "removexattr", &Exercise::remove_xattr},
			{4, "fallocate", &Exercise::allocate}, {3, "punch", &Exercise::punch},
			{3, "fsync", &Exercise::fsync}, {3, "copy", &Exercise::copy},
			{6, "hold", &Exercise::hold}, {6, "held", &Exercise::use_held},
			{2, "many", &Exercise::many}, {2, "forget", &Exercise::forget},
			{2, "tmpfile", &Exercise::temporary}, {3, "refused", &Exercise::refused},
		};
		unsigned sum = 0;

		for (const auto &row : table)
			sum += row.weight;
		for (unsigned i = 0; i < operations; i++) {
			std::uint64_t pick = random_.below(sum);

			for (const auto &row : table) {
				if (pick >= row.weight) {
					pick -= row.weight;
					continue;
				}
				if (avoided_.find("," + std::string(row.name) + ",") != std::string::npos)
					break;
				current_ = row.name;
				entries_.clear();
				collect(model_, "", entries_);
				try {
					(this->*row.operation)();
				} catch (const std::runtime_error &failure) {
					throw std::runtime_error("operation " + std::to_string(i) + ", " + row.name +
								 ": " + failure.what());
				}
				break;
			}
		}
		held_.clear();
	}

private:
	/// A file kept open, whatever becomes of its names.
	struct Held {
		Fd fd;
		NodePtr node;
	};

	void done()
	{
		counts_[current_]++;
	}

	/// Whether the call was made; false when the type does not offer it.
	bool offered(std::int64_t result, const std::string &what)
	{
		if (result == -LKL_EOPNOTSUPP || result == -LKL_ENOTTY) {
			counts_[std::string(current_) + " (not offered)"]++;
			return false;
		}
		must(result, what);
		return true;
	}

	std::string at(const std::string &path) const
	{
		return root_ + path;
	}

	/// Entries of the @types given as bits 1 << (mode >> 12).
	std::vector<const Entry *> of_type(unsigned types) const
	{
		std::vector<const Entry *> found;

		for (const Entry &entry : entries_)
			if (types >> (entry.node->mode >> 12) & 1)
				found.push_back(&entry);
		return found;
	}

	static constexpr unsigned files = 1u << (LKL_S_IFREG >> 12), links = 1u << (LKL_S_IFLNK >> 12),
				  directories = 1u << (LKL_S_IFDIR >> 12), all = ~0u;

	const Entry *pick(unsigned types)
	{
		const std::vector<const Entry *> found = of_type(types);

		return found.empty() ? nullptr : found[random_.below(found.size())];
	}

	/// Some directory: its path and node. The root is one.
	std::pair<std::string, NodePtr> pick_directory()
	{
		const std::vector<const Entry *> found = of_type(directories);
		const std::uint64_t which = random_.below(found.size() + 1);

		if (which == found.size())
			return {"", model_};
		return {found[which]->path, found[which]->node};
	}

	/// A name that no directory has. Lower case, so that case never matters.
	std::string fresh_name()
	{
		static const char *const marks[] = {"", "", "", " space", ".dot", "-\xc3\xa4\xc3\xb6", "-\xe6\x97\xa5"};
		std::string name = "n" + std::to_string(serial_++);

		if (const char *mark = marks[random_.below(std::size(marks))];
		    static_cast<unsigned char>(mark[0] ? mark[1] : 0) < 0x80 || abilities_.unicode)
			name += mark;
		if (random_.below(8) == 0)
			name += std::string(random_.below(abilities_.name_bytes - name.size() - 1), 'x') + "y";
		return name.substr(0, abilities_.name_bytes);
	}

	std::string fresh_data(std::uint64_t most)
	{
		// Sizes are spread over the orders of magnitude, often a page boundary.
		const std::uint64_t scale = std::uint64_t(1) << random_.below(21);
		std::uint64_t size = random_.below(std::min(most, scale) + 1);

		if (random_.below(4) == 0)
			size &= ~std::uint64_t(4095);
		std::string data(size, '\0');

		if (random_.below(4) == 0)
			std::fill(data.begin(), data.end(), char('a' + random_.below(26)));
		else
			random_.fill(data.data(), data.size());
		return data;
	}

	/// Bytes that files may still grow by.
	std::uint64_t left() const
	{
		std::uint64_t used = 0;

		for (const Entry &entry : entries_)
			used += entry.node->data.size();
		for (const Held &held : held_)
			used += held.node->data.size();
		return used < budget_ ? budget_ - used : 0;
	}

	void pwrite_model(Node &node, std::uint64_t offset, const std::string &data)
	{
		if (data.empty())
			return;
		if (node.data.size() < offset + data.size())
			node.data.resize(offset + data.size());
		node.data.replace(offset, data.size(), data);
		node.modified.reset();
	}

	void pwrite_all(int fd, std::uint64_t offset, std::string_view data)
	{
		while (!data.empty()) {
			const std::int64_t put = must(lkl_sys_pwrite64(kernel_, fd, data.data(), data.size(),
								       lkl_s64(offset)), "pwrite");

			data.remove_prefix(static_cast<std::size_t>(put));
			offset += static_cast<std::uint64_t>(put);
		}
	}

	void check_range(int fd, const Node &node)
	{
		const std::uint64_t offset = random_.below(node.data.size() + 100);
		std::string data(random_.below(100000), '\0');
		const std::int64_t got = must(lkl_sys_pread64(kernel_, fd, data.data(), data.size(), lkl_s64(offset)),
					      "pread");
		const std::string should =
			offset < node.data.size() ? node.data.substr(offset, data.size()) : std::string();

		data.resize(static_cast<std::size_t>(got));
		if (data == should)
			return;
		const std::size_t same = std::size_t(
			std::mismatch(data.begin(), data.end(), should.begin(), should.end()).first -
			data.begin());

		throw std::runtime_error(std::to_string(got) + " bytes read at " + std::to_string(offset) +
					 ", should be " + std::to_string(should.size()) +
					 "; the first wrong one is at " + std::to_string(offset + same));
	}

	NodePtr fresh_node(unsigned mode)
	{
		const NodePtr node = std::make_shared<Node>();

		node->mode = mode;
		return node;
	}

	void create()
	{
		const auto [path, directory] = pick_directory();
		const std::string name = fresh_name(), data = fresh_data(left());
		const unsigned mode = 0400 | unsigned(random_.below(0400));
		const Fd file(kernel_, at(path + "/" + name), LKL_O_CREAT | LKL_O_EXCL | LKL_O_RDWR, mode);

		write_all(kernel_, file, data);
		directory->entries[name] = fresh_node(LKL_S_IFREG | mode);
		directory->entries[name]->data = data;
		directory->modified.reset();
		done();
	}

	void write()
	{
		if (const Entry *entry = pick(files)) {
			const Fd file(kernel_, at(entry->path), LKL_O_RDWR);
			const std::uint64_t gap = random_.below(8) ? 0 : random_.below(std::min<std::uint64_t>(left(), 300000) + 1);
			const std::uint64_t offset = random_.below(entry->node->data.size() + gap + 1);
			const std::string data = fresh_data(left() > gap ? left() - gap : 0);

			pwrite_all(file, offset, data);
			pwrite_model(*entry->node, offset, data);
			done();
		}
	}

	void truncate()
	{
		if (const Entry *entry = pick(files)) {
			const std::uint64_t most = entry->node->data.size() + std::min<std::uint64_t>(left(), 500000);
			const std::uint64_t size = random_.below(4) ? random_.below(entry->node->data.size() + 1)
								    : random_.below(most + 1);

			must(lkl_sys_truncate(kernel_, at(entry->path).c_str(), lkl_s64(size)), "truncate");
			entry->node->data.resize(size);
			entry->node->modified.reset();
			done();
		}
	}

	void read()
	{
		if (const Entry *entry = pick(files)) {
			check_range(Fd(kernel_, at(entry->path), LKL_O_RDONLY), *entry->node);
			done();
		}
	}

	void rename()
	{
		const Entry *from = pick(all);

		if (!from)
			return;
		const auto [path, directory] = pick_directory();

		if (path.starts_with(from->path + "/") || path == from->path)
			return;
		std::string name = fresh_name();

		// Every other time over something that exists, where that is allowed.
		if (random_.below(2))
			for (const auto &[existing, node] : directory->entries)
				if (node != from->node && node->is(LKL_S_IFDIR) == from->node->is(LKL_S_IFDIR) &&
				    node->entries.empty()) {
					name = existing;
					break;
				}
		must(lkl_sys_renameat2(kernel_, LKL_AT_FDCWD, at(from->path).c_str(), LKL_AT_FDCWD,
				       at(path + "/" + name).c_str(), 0), "rename");
		from->parent->modified.reset();
		directory->modified.reset();
		if (from->node->is(LKL_S_IFDIR))
			from->node->modified.reset();
		from->parent->entries.erase(from->name);
		directory->entries[name] = from->node;
		done();
	}

	void unlink()
	{
		if (const Entry *entry = pick(all & ~directories)) {
			must(lkl_sys_unlinkat(kernel_, LKL_AT_FDCWD, at(entry->path).c_str(), 0), "unlink");
			entry->parent->entries.erase(entry->name);
			entry->parent->modified.reset();
			done();
		}
	}

	void mkdir()
	{
		const auto [path, directory] = pick_directory();
		const std::string name = fresh_name();
		const unsigned mode = 0700 | unsigned(random_.below(0100));

		make_directory(kernel_, at(path + "/" + name), mode);
		directory->entries[name] = fresh_node(LKL_S_IFDIR | mode);
		directory->modified.reset();
		done();
	}

	void exchange();
	void rmdir();
	void append();
	void symlink();
	void link();
	void mknod();
	void chmod();
	void chown();
	void utimens();
	void set_xattr();
	void remove_xattr();
	void allocate();
	void punch();
	void fsync();
	void copy();
	void hold();
	void use_held();
	void many();
	void forget();
	void temporary();
	void refused();

	lkl_kernel *kernel_;
	std::string root_;
	const Abilities &abilities_;
	Random random_;
	std::uint64_t budget_;
	std::string avoided_;
	NodePtr model_;
	std::vector<Entry> entries_;	// of model_, as the current operation began
	std::list<Held> held_;
	const char *current_ = "";
	unsigned serial_ = 0;
	std::map<std::string, unsigned> counts_;
};

} // namespace lkl::test
