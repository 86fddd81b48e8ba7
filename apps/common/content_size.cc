// SPDX-License-Identifier: GPL-2.0
#include "content_size.hh"

#include <array>

namespace lkl::apps {

namespace {

constexpr std::uint64_t block_bytes = 4096;

/// A file that is larger has blocks of pointers, in file systems without extents.
constexpr std::uint64_t directly_mapped_bytes = 12 * block_bytes;

std::uint64_t in_blocks(std::uint64_t bytes)
{
	return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

/// The bytes of numbers, for the fingerprint.
template <std::size_t N> std::string_view bytes_of(const std::array<std::uint64_t, N> &numbers)
{
	return {reinterpret_cast<const char *>(numbers.data()), sizeof(numbers)};
}

} // namespace

/// FNV-1a, twice, with different beginnings and one of them rotated.
void ContentMeter::mix(std::string_view bytes)
{
	constexpr std::uint64_t prime = 0x100000001b3;

	for (const char byte : bytes) {
		const auto value = static_cast<unsigned char>(byte);

		size_.fingerprint[0] = (size_.fingerprint[0] ^ value) * prime;
		size_.fingerprint[1] = (size_.fingerprint[1] ^ (value + 1u)) * prime;
		size_.fingerprint[1] = size_.fingerprint[1] << 5 | size_.fingerprint[1] >> 59;
	}
}

void ContentMeter::add(const Item &item)
{
	const Metadata &meta = item.meta;
	const std::size_t slash = item.path.rfind('/');
	const std::uint64_t name_bytes = item.path.size() - (slash + 1);	// from 0 without one

	mix(item.path);
	mix(bytes_of(std::array<std::uint64_t, 3>{
		static_cast<std::uint64_t>(meta.type), meta.permissions,
		meta.type == FileType::directory ? 0 : meta.size}));

	size_.names++;
	size_.name_bytes += name_bytes;
	if (meta.type == FileType::regular)
		size_.copied_bytes += in_blocks(meta.size);
	if (item.further_name)
		return;

	size_.files++;
	size_.directories += meta.type == FileType::directory;
	if (meta.type == FileType::regular) {
		size_.data_bytes += in_blocks(item.data_bytes);
		size_.whole_bytes += in_blocks(meta.size);
		size_.extents += item.extents;
		if (meta.size && meta.size <= small_file_bytes) {
			size_.small_files++;
			size_.small_bytes += meta.size;
		}
	} else if (meta.type == FileType::symbolic_link) {
		size_.data_bytes += block_bytes;
	}
	size_.attributes += item.attributes;
	size_.attribute_bytes += item.attribute_bytes;
	size_.attribute_blocks += (item.attribute_bytes + block_bytes - 1) / block_bytes;
}

class ContentMeter::Visitor final : public TreeVisitor {
public:
	Visitor(ContentMeter &meter, FileSystem &files, const Patterns &excluded)
	    : meter_(meter), files_(files), excluded_(excluded)
	{
	}

	bool wanted(std::string_view path) override { return !excluded_.match(path); }
	Result<void> visit(const Entry &entry) override;
	Result<void> unreachable(std::string_view, const Error &) override { return {}; }

private:
	void count_data(const Entry &entry, Item &item);
	void count_attributes(const Entry &entry, Item &item);

	ContentMeter &meter_;
	FileSystem &files_;
	const Patterns &excluded_;
};

Result<void> ContentMeter::Visitor::visit(const Entry &entry)
{
	Item item;

	item.path = entry.path;
	item.meta = entry.meta;
	item.further_name = meter_.first_names_.find(entry.meta).has_value();
	if (!item.further_name) {
		meter_.first_names_.add(entry.meta, {});
		if (entry.meta.type == FileType::regular)
			count_data(entry, item);
		count_attributes(entry, item);
	}
	meter_.add(item);
	return {};
}

void ContentMeter::Visitor::count_data(const Entry &entry, Item &item)
{
	item.data_bytes = entry.meta.size;
	item.extents = entry.meta.size > directly_mapped_bytes;
	if (entry.meta.allocated >= entry.meta.size)
		return;

	const Result<FileSystem::Handle> file = files_.open_file(entry.parent, entry.name);
	if (!file)
		return;
	item.data_bytes = 0;
	item.extents = 0;
	for (const Extent &extent : find_extents(files_, *file, entry.meta.size)) {
		const std::uint64_t begin = extent.offset / block_bytes * block_bytes;

		item.data_bytes += in_blocks(extent.offset + extent.bytes - begin);
		item.extents++;
	}
	files_.close(*file);
}

void ContentMeter::Visitor::count_attributes(const Entry &entry, Item &item)
{
	const Result<std::string> names = files_.attribute_names(entry.parent, entry.name);

	if (!names)
		return;
	for (std::size_t at = 0, end; (end = names->find('\0', at)) != names->npos; at = end + 1) {
		const char *name = names->data() + at;
		const Result<std::string> value = files_.attribute(entry.parent, entry.name, name);

		item.attributes++;
		item.attribute_bytes += end - at + (value ? value->size() : 0);
	}
}

void ContentMeter::add_tree(FileSystem &files, FileSystem::Handle directory, const char *from,
			    const Patterns &excluded, const WalkOptions &walk)
{
	Visitor visitor(*this, files, excluded);

	(void)walk_tree(files, visitor, walk, directory, from);
}

} // namespace lkl::apps
