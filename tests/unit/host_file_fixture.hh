// SPDX-License-Identifier: GPL-2.0
// A scratch file for the tests of host::File.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <stdlib.h>

#include <gtest/gtest.h>

#include "host/host.hh"

namespace lkl::test {

using host::Buffer;
using host::File;
using Access = host::File::Access;
using Bytes = std::vector<std::byte>;

/// @count bytes that differ by position.
inline Bytes numbered(std::size_t count)
{
	Bytes bytes(count);
	for (std::size_t i = 0; i < count; i++)
		bytes[i] = static_cast<std::byte>(i * 31 + i / 256);
	return bytes;
}

/// @bytes cut into pieces of @piece.
inline std::vector<Buffer> cut(Bytes &bytes, std::size_t piece)
{
	std::vector<Buffer> buffers;
	for (std::size_t at = 0; at < bytes.size(); at += piece)
		buffers.push_back({bytes.data() + at, std::min(piece, bytes.size() - at)});
	return buffers;
}

class HostFile : public ::testing::Test {
protected:
	void SetUp() override
	{
		char name[] = "/tmp/lkl-file-XXXXXX";
		ASSERT_NE(mkdtemp(name), nullptr);
		directory_ = name;
		path_ = directory_ + "/image";
	}
	void TearDown() override { std::filesystem::remove_all(directory_); }

	/// An opened file of those contents at path_.
	std::unique_ptr<File> make(const Bytes &bytes, Access access = Access::read_write)
	{
		std::ofstream(path_, std::ios::binary)
			.write(reinterpret_cast<const char *>(bytes.data()),
			       static_cast<std::streamsize>(bytes.size()));
		return open(access);
	}
	std::unique_ptr<File> open(Access access)
	{
		Result<std::unique_ptr<File>> file = File::open(path_, access);
		if (!file) {
			ADD_FAILURE() << file.error().context << " " << file.error().code;
			return nullptr;
		}
		return std::move(*file);
	}
	Bytes on_disk() const
	{
		std::ifstream file(path_, std::ios::binary);
		std::string text((std::istreambuf_iterator<char>(file)), {});
		const std::byte *data = reinterpret_cast<const std::byte *>(text.data());
		return {data, data + text.size()};
	}

	static std::int64_t read(File &file, Bytes &bytes, std::uint64_t offset,
				 bool cached_only = false)
	{
		Buffer buffer{bytes.data(), bytes.size()};
		return file.read({&buffer, 1}, offset, cached_only);
	}
	static std::int64_t write(File &file, Bytes bytes, std::uint64_t offset)
	{
		Buffer buffer{bytes.data(), bytes.size()};
		return file.write({&buffer, 1}, offset);
	}
	static int open_error(const std::string &path, Access access = Access::read_only)
	{
		Result<std::unique_ptr<File>> file = File::open(path, access);
		if (file)
			return 0;
		EXPECT_NE(file.error().context.find(path), std::string::npos)
			<< file.error().context;
		return file.error().code;
	}

	std::string directory_, path_;
};

} // namespace lkl::test
