// SPDX-License-Identifier: GPL-2.0
// One connection to an NBD server, for one request at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <lkl.h>

#include "descriptor.hh"
#include "nbd_library.hh"

namespace lkl::apps {

class NbdConnection {
public:
	/// Either way waits until the server can be asked for data, but not for ever.
	static Result<std::unique_ptr<NbdConnection>> open(const std::string &uri);
	static Result<std::unique_ptr<NbdConnection>> open(Descriptor socket);
	/// Just hangs up.
	~NbdConnection() { nbd_.close(handle_); }
	NbdConnection(const NbdConnection &) = delete;
	NbdConnection &operator=(const NbdConnection &) = delete;

	/// What the server said.
	Result<std::uint64_t> bytes() const;
	std::uint32_t block_bytes() const;
	bool can_write() const { return nbd_.is_read_only(handle_) == 0; }
	bool can_flush() const { return nbd_.can_flush(handle_) > 0; }
	bool can_trim() const { return nbd_.can_trim(handle_) > 0; }
	bool can_zero() const { return nbd_.can_zero(handle_) > 0; }
	bool can_share() const { return nbd_.can_multi_conn(handle_) > 0; }

	/// One request, or as few as the protocol allows.
	Result<void> read(std::span<const lkl_buffer> buffers, std::uint64_t offset);
	Result<void> write(std::span<const lkl_buffer> buffers, std::uint64_t offset);
	Result<void> flush();
	Result<void> trim(std::uint64_t offset, std::uint64_t bytes);
	Result<void> zero(std::uint64_t offset, std::uint64_t bytes);
	/// Say good-bye.
	Result<void> shut_down();

private:
	NbdConnection(const NbdLibrary &nbd, nbd_handle *handle) : nbd_(nbd), handle_(handle) {}

	static Result<std::unique_ptr<NbdConnection>> create();
	Result<void> wait_until_ready();
	std::span<std::byte> room_for(std::span<const lkl_buffer> buffers);
	std::unexpected<Error> failed() const;
	Result<void> checked(int result) const { return result < 0 ? failed() : Result<void>(); }

	const NbdLibrary &nbd_;
	nbd_handle *const handle_;
	std::vector<std::byte> joined_;		// a request's bytes, which it has in pieces
};

} // namespace lkl::apps
