// SPDX-License-Identifier: GPL-2.0
#include "file_system.hh"

namespace lkl::apps {

namespace {

Result<std::string> read_at(FileSystem &files, FileSystem::Handle directory, const char *name,
			    std::size_t limit)
{
	const Metadata meta = TRY(files.stat(directory, name));

	// Opening a device or a fifo that an image calls /etc/passwd could block.
	if (meta.type != FileType::regular)
		return failure("not a regular file");
	const FileSystem::Handle file = TRY(files.open_file(directory, name));
	std::string content(std::min<std::uint64_t>(meta.size, limit), '\0');
	const Result<std::size_t> got =
		files.read(file, std::as_writable_bytes(std::span(content)), 0);

	files.close(file);
	content.resize(TRY(got));
	return content;
}

} // namespace

Result<std::string> read_small_file(FileSystem &files, const char *directory, const char *name,
				    std::size_t limit)
{
	const FileSystem::Handle parent = TRY(files.open_directory(files.root(), directory));
	Result<std::string> content = read_at(files, parent, name, limit);

	files.close(parent);
	return content;
}

std::vector<Extent> find_extents(FileSystem &files, FileSystem::Handle file,
				 std::uint64_t size)
{
	std::vector<Extent> extents;

	for (std::uint64_t at = 0; at < size;) {
		const auto data = files.next_data(file, at);
		if (!data)
			return {{0, size}};
		if (!*data || **data >= size)
			break;

		const auto hole = files.next_hole(file, **data);
		if (!hole)
			return {{0, size}};

		const std::uint64_t end = std::min(hole->value_or(size), size);
		if (end <= **data)
			return {{0, size}};
		extents.push_back({**data, end - **data});
		at = end;
	}
	if (extents.empty() || extents.back().offset + extents.back().bytes < size)
		extents.push_back({size, 0});
	return extents;
}

} // namespace lkl::apps
