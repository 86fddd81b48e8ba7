// SPDX-License-Identifier: GPL-2.0
// A tar archive of any dialect to one of ours on standard output, through the reader
// and the writer of the tools: for tests that need no kernel, under sanitizers.
// usage: tar2tar TAR|-
#include <cstdio>
#include <string>

#include "apps/common/reporter.hh"
#include "apps/common/tar_reader.hh"
#include "apps/common/tar_writer.hh"
#include "apps/common/target_file.hh"

using namespace lkl::apps;

namespace {

/// '%' and '=' as GNU tar writes them.
std::string escaped(std::string_view name)
{
	std::string key;

	for (const char c : name)
		key += c == '%' ? "%25" : c == '=' ? "%3D" : std::string(1, c);
	return key;
}

PaxRecords records_of(const ArchiveEntry &entry)
{
	PaxRecords records;

	if (entry.has_accessed)
		records.add("atime", pax_time(entry.meta.accessed));
	if (!entry.access_acl.empty())
		records.add("SCHILY.acl.access", entry.access_acl);
	if (!entry.default_acl.empty())
		records.add("SCHILY.acl.default", entry.default_acl);
	for (const Attribute &attribute : entry.attributes) {
		if (attribute.name == "security.selinux")
			records.add("RHT.security.selinux",
				    std::string_view(attribute.value.c_str()));
		records.add("SCHILY.xattr." + escaped(attribute.name), attribute.value);
	}
	return records;
}

Result<void> copy_data(TarReader &reader, const ArchiveEntry &entry, BlockStream &stream)
{
	for (const Extent &extent : entry.extents)
		for (std::uint64_t done = 0; done < extent.bytes;) {
			const std::span<std::byte> to = TRY(stream.window(extent.bytes - done));
			const std::size_t got = TRY(reader.read(to, extent.offset + done));

			if (got < to.size())
				return failure("read: less data than the map says");
			stream.advance(got);
			done += got;
		}
	return {};
}

Result<int> copy_archive(const char *path)
{
	Reporter reporter("tar2tar", true, -1);
	const auto input = TRY(UnpackedStream::open(path));
	const auto target = TRY(TargetFile::create("-", path));
	BlockStream stream(*target, false);
	TarReader reader(*input);
	TarWriter writer(stream);
	ArchiveEntry entry;

	while (TRY(reader.next(entry))) {
		for (const std::string &problem : entry.problems)
			reporter.affected(entry.path, problem);

		TarEntry tar;
		tar.path = entry.path;
		tar.link = entry.link;
		tar.hard_link = entry.hard_link;
		tar.meta = entry.meta;
		tar.extents = entry.extents;
		tar.sparse = entry.meta.size && (entry.extents.size() != 1 ||
						   entry.extents[0].bytes < entry.meta.size);
		tar.user = entry.user;
		tar.group = entry.group;
		TRY(writer.begin_entry(tar, records_of(entry)));
		TRY(copy_data(reader, entry, stream));
		TRY(writer.end_entry());
	}
	if (!reader.end_marked())
		reporter.affected(path, "has no end marked");
	TRY(writer.end_archive());
	TRY(stream.finish());
	return static_cast<int>(reporter.status());
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 2) {
		std::fprintf(stderr, "usage: tar2tar TAR|-\n");
		return 2;
	}

	const Result<int> status = copy_archive(argv[1]);
	if (!status)
		std::fprintf(stderr, "tar2tar: %s: %s\n", argv[1], status.error().text.c_str());
	return status.value_or(2);
}
