// SPDX-License-Identifier: GPL-2.0
// Memory for keys and passphrases, wiped at its end.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <string.h>

namespace lkl::apps {

/// So many bytes, zero at first, that are never copied.
class Secret {
public:
	Secret() = default;
	explicit Secret(std::size_t bytes) : data_(new char[bytes]()), bytes_(bytes) {}
	Secret(Secret &&other) noexcept
	    : data_(std::move(other.data_)), bytes_(std::exchange(other.bytes_, 0))
	{
	}
	Secret &operator=(Secret &&other) noexcept
	{
		std::swap(data_, other.data_);
		std::swap(bytes_, other.bytes_);
		return *this;
	}
	~Secret() { wipe(data_.get(), bytes_); }

	char *data() { return data_.get(); }
	const char *data() const { return data_.get(); }
	std::size_t size() const { return bytes_; }
	std::string_view view() const { return {data_.get(), bytes_}; }

	/// For memory of another's that held a secret.
	static void wipe(void *memory, std::size_t bytes)
	{
		if (memory)
			::explicit_bzero(memory, bytes);
	}

private:
	std::unique_ptr<char[]> data_;
	std::size_t bytes_ = 0;
};

} // namespace lkl::apps
