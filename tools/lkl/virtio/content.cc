// SPDX-License-Identifier: GPL-2.0
#include "virtio/content.hh"

#include <algorithm>
#include <array>

namespace lkl::virtio {

std::uint64_t total_bytes(std::span<const host::Buffer> buffers)
{
	std::uint64_t sum = 0;

	for (const host::Buffer &buffer : buffers)
		sum += buffer.bytes;
	return sum;
}

namespace {

// Zeroes for a host that cannot make them itself.
int write_zeroes(Content &content, std::uint64_t offset, std::uint64_t bytes)
{
	static const std::array<std::byte, 64 * 1024> zeroes = {};

	while (bytes) {
		std::size_t piece = std::min<std::uint64_t>(bytes, zeroes.size());
		host::Buffer buffer = {const_cast<std::byte *>(zeroes.data()), piece};

		if (int error = content.write({&buffer, 1}, offset); error < 0)
			return error;
		offset += piece;
		bytes -= piece;
	}
	return 0;
}

class FileContent final : public Content {
public:
	FileContent(std::unique_ptr<host::File> file, std::uint64_t offset, std::uint64_t bytes,
		    std::uint32_t block_bytes)
		: file_(std::move(file)), offset_(offset), bytes_(bytes),
		  block_bytes_(block_bytes ? block_bytes : file_->block_bytes())
	{
	}

	std::uint64_t bytes() const override { return bytes_; }
	std::uint32_t block_bytes() const override { return block_bytes_; }
	bool read_only() const override { return file_->read_only(); }
	int descriptor() const override { return file_->descriptor(); }
	std::uint64_t descriptor_offset() const override { return offset_; }

	std::int64_t read(std::span<const host::Buffer> buffers, std::uint64_t offset,
			  bool cached_only) override
	{
		std::int64_t bytes = file_->read(buffers, offset_ + offset, cached_only);

		// The file became shorter since it was opened.
		if (!cached_only && bytes >= 0 &&
		    static_cast<std::uint64_t>(bytes) < total_bytes(buffers))
			return -LKL_EIO;
		return bytes;
	}

	int write(std::span<const host::Buffer> buffers, std::uint64_t offset) override
	{
		std::int64_t bytes = file_->write(buffers, offset_ + offset);

		return bytes < 0 ? static_cast<int>(bytes) : 0;
	}

	int flush() override { return file_->sync(); }

	int discard(std::uint64_t offset, std::uint64_t bytes) override
	{
		int error = file_->discard(offset_ + offset, bytes);

		return error == -LKL_EOPNOTSUPP ? 0 : error;
	}

	int zero(std::uint64_t offset, std::uint64_t bytes) override
	{
		int error = file_->zero(offset_ + offset, bytes);

		return error == -LKL_EOPNOTSUPP ? write_zeroes(*this, offset, bytes) : error;
	}

private:
	std::unique_ptr<host::File> file_;
	std::uint64_t offset_;
	std::uint64_t bytes_;
	std::uint32_t block_bytes_;
};

class UserContent final : public Content {
public:
	UserContent(const lkl_disk_ops &ops, void *user, std::uint64_t bytes,
		    std::uint32_t block_bytes, bool read_only)
		: ops_(ops), user_(user), bytes_(bytes), block_bytes_(block_bytes),
		  read_only_(read_only || (!ops.write && !ops.writev))
	{
	}

	std::uint64_t bytes() const override { return bytes_; }
	std::uint32_t block_bytes() const override { return block_bytes_; }
	bool read_only() const override { return read_only_; }
	int descriptor() const override { return -1; }
	std::uint64_t descriptor_offset() const override { return 0; }

	std::int64_t read(std::span<const host::Buffer> buffers, std::uint64_t offset,
			  bool cached_only) override
	{
		if (cached_only)
			return -LKL_EAGAIN;

		std::uint64_t done = 0;

		if (ops_.readv) {
			if (int error = vectored(ops_.readv, buffers, offset))
				return error;
			return static_cast<std::int64_t>(total_bytes(buffers));
		}
		for (const host::Buffer &buffer : buffers) {
			if (int error = ops_.read(user_, buffer.data, buffer.bytes, offset + done))
				return negative(error);
			done += buffer.bytes;
		}
		return static_cast<std::int64_t>(done);
	}

	int write(std::span<const host::Buffer> buffers, std::uint64_t offset) override
	{
		if (ops_.writev)
			return vectored(ops_.writev, buffers, offset);
		for (const host::Buffer &buffer : buffers) {
			if (int error = ops_.write(user_, buffer.data, buffer.bytes, offset))
				return negative(error);
			offset += buffer.bytes;
		}
		return 0;
	}

	int flush() override
	{
		return ops_.flush ? negative(ops_.flush(user_)) : 0;
	}

	int discard(std::uint64_t offset, std::uint64_t bytes) override
	{
		return ops_.discard ? negative(ops_.discard(user_, offset, bytes)) : 0;
	}

	int zero(std::uint64_t offset, std::uint64_t bytes) override
	{
		return ops_.zero ? negative(ops_.zero(user_, offset, bytes))
				 : write_zeroes(*this, offset, bytes);
	}

private:
	// The application's code is not trusted to return what it should.
	static int negative(int error) { return error > 0 ? -LKL_EIO : error; }

	// The host's buffers in the caller's terms.
	int vectored(decltype(lkl_disk_ops::readv) call, std::span<const host::Buffer> buffers,
		     std::uint64_t offset)
	{
		std::array<lkl_buffer, 128> pieces;

		while (!buffers.empty()) {
			std::size_t count = std::min(buffers.size(), pieces.size());
			std::uint64_t bytes = total_bytes(buffers.first(count));

			std::transform(buffers.begin(), buffers.begin() + static_cast<std::ptrdiff_t>(count),
				       pieces.begin(), [](const host::Buffer &buffer) {
					       return lkl_buffer{buffer.data, buffer.bytes};
				       });
			if (int error = call(user_, pieces.data(), count, offset))
				return negative(error);
			offset += bytes;
			buffers = buffers.subspan(count);
		}
		return 0;
	}

	const lkl_disk_ops ops_;
	void *const user_;
	const std::uint64_t bytes_;
	const std::uint32_t block_bytes_;
	const bool read_only_;
};

} // namespace

std::unique_ptr<Content> file_content(std::unique_ptr<host::File> file, std::uint64_t offset,
				      std::uint64_t bytes, std::uint32_t block_bytes)
{
	return std::make_unique<FileContent>(std::move(file), offset, bytes, block_bytes);
}

std::unique_ptr<Content> user_content(const lkl_disk_ops &ops, void *user, std::uint64_t bytes,
				      std::uint32_t block_bytes, bool read_only)
{
	return std::make_unique<UserContent>(ops, user, bytes, block_bytes, read_only);
}

} // namespace lkl::virtio
