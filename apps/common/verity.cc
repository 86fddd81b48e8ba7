// SPDX-License-Identifier: GPL-2.0
#include "verity.hh"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>

#include "wire.hh"

namespace lkl::apps {

namespace {

constexpr std::uint64_t sector = 512;
constexpr std::size_t longest_salt = 256;

bool is_block_size(std::uint32_t bytes)
{
	return bytes >= sector && bytes <= (1u << 20) && (bytes & (bytes - 1)) == 0;
}

/// In groups of 4, 2, 2, 2 and 6 bytes.
std::string uuid_text(std::string_view bytes)
{
	std::string text;

	for (std::size_t i = 0; i < bytes.size(); i++)
		text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				    static_cast<unsigned char>(bytes[i]));
	return text;
}

} // namespace

Result<std::optional<VerityHeader>> read_verity_header(const KernelDevice &hashes,
						       std::uint64_t offset)
{
	const std::string block = TRY(hashes.read_text(offset, sector));

	if (!block.starts_with(std::string_view("verity\0\0", 8)))
		return std::nullopt;
	if (const std::uint32_t version = wire32(block, 8); version != 1)
		return failure(fmt::format("verity version {} is not known", version));

	VerityHeader found;
	found.hash_type = wire32(block, 12);
	found.uuid = uuid_text(std::string_view(block).substr(16, 16));
	found.algorithm = block.substr(32, 32).c_str();
	found.data_block = wire32(block, 64);
	found.hash_block = wire32(block, 68);
	found.blocks = wire64(block, 72);

	const std::size_t salt = wire16(block, 80);
	if (!is_block_size(found.data_block) || !is_block_size(found.hash_block) ||
	    salt > longest_salt || found.algorithm.find(' ') != found.algorithm.npos ||
	    found.blocks > ~std::uint64_t{0} / found.data_block)
		return failure("the verity superblock makes no sense");
	for (const char byte : block.substr(88, salt))
		found.salt += fmt::format("{:02x}", static_cast<unsigned char>(byte));
	if (found.salt.empty())
		found.salt = "-";
	return found;
}

Result<std::string> open_verity(lkl_kernel *kernel, KernelLog &log, DeviceMapper &mapper,
				const std::string &name, const std::string &data,
				const std::string &hashes, const VerityOptions &options)
{
	if (options.root_hash.empty() || options.root_hash.size() % 2 ||
	    !std::ranges::all_of(options.root_hash, [](unsigned char c) { return std::isxdigit(c); }))
		return failure(fmt::format("'{}' is no root hash: it takes hexadecimal digits, two for "
					   "each byte",
					   options.root_hash));

	const KernelDevice tree = TRY(KernelDevice::open(kernel, log, hashes));
	const std::optional<VerityHeader> header = TRY(read_verity_header(tree, options.hash_offset));
	if (!header)
		return failure(fmt::format("{}: no verity superblock at byte {}", hashes,
					   options.hash_offset));

	const VerityHeader &found = *header;
	const std::uint64_t bytes = TRY(TRY(KernelDevice::open(kernel, log, data)).bytes());
	if (found.blocks > bytes / found.data_block)
		return failure(fmt::format("{}: {} blocks of {} bytes are checked, but the device has only "
					   "{} bytes",
					   data, found.blocks, found.data_block, bytes));

	// The tree begins in the block after the superblock.
	const std::uint64_t start = (options.hash_offset + sector + found.hash_block - 1) / found.hash_block;
	const MapperTarget target = {
		0, found.data_bytes() / sector, "verity",
		fmt::format("{} {} {} {} {} {} {} {} {} {}", found.hash_type, data, hashes,
			    found.data_block, found.hash_block, found.blocks, start, found.algorithm,
			    options.root_hash, found.salt)};
	const std::string path = TRY(mapper.create(name, {&target, 1}, true));

	// The way to any block leads over the root.
	std::vector<std::byte> first(found.data_block);
	Result<void> read;
	{
		const auto device = KernelDevice::open(kernel, log, path);
		read = device ? device->read(first, 0) : Result<void>(std::unexpected(device.error()));
	}
	if (!read) {
		(void)mapper.remove(name);
		return failure("the root hash does not fit, or the first block differs: " +
				       read.error().text,
			       read.error().code);
	}
	return path;
}

} // namespace lkl::apps
