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

} // namespace lkl::apps
