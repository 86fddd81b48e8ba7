// SPDX-License-Identifier: GPL-2.0
#include "nbd_connection.hh"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

namespace lkl::apps {

namespace {

constexpr std::chrono::seconds connect_timeout{30};

/// What every server takes at once, by the protocol's document.
constexpr std::uint64_t most_data_bytes = 32 << 20;
/// Lengths without data have 32 bits.
constexpr std::uint64_t most_range_bytes = 1 << 30;

/// Do @request(offset, bytes) for pieces of at most @most bytes.
template <class Request>
Result<void> in_pieces(std::uint64_t offset, std::uint64_t bytes, std::uint64_t most, Request request)
{
	for (std::uint64_t done = 0; done < bytes;) {
		const std::uint64_t piece = std::min(most, bytes - done);

		TRY(request(offset + done, piece));
		done += piece;
	}
	return {};
}

} // namespace

std::unexpected<Error> NbdConnection::failed() const
{
	const char *text = nbd_.get_error();
	const int code = nbd_.get_errno();

	return failure(fmt::format("NBD: {}", text ? text : "failed"), code ? code : EIO);
}

Result<std::unique_ptr<NbdConnection>> NbdConnection::create()
{
	const NbdLibrary &nbd = *TRY(NbdLibrary::get());
	nbd_handle *const handle = nbd.create();

	if (!handle)
		return host_failure("NBD", ENOMEM);

	std::unique_ptr<NbdConnection> connection(new NbdConnection(nbd, handle));

	// Not to clear buffers first: what an error left in them is not used.
	TRY(connection->checked(nbd.set_pread_initialize(handle, false)));
	return connection;
}

Result<std::unique_ptr<NbdConnection>> NbdConnection::open(const std::string &uri)
{
	std::unique_ptr<NbdConnection> connection = TRY(create());
	const NbdLibrary &nbd = connection->nbd_;
	nbd_handle *const handle = connection->handle_;

	TRY(connection->checked(nbd.set_uri_allow_transports(
		handle, LIBNBD_ALLOW_TRANSPORT_TCP | LIBNBD_ALLOW_TRANSPORT_UNIX)));
	TRY(connection->checked(nbd.set_uri_allow_tls(handle, LIBNBD_TLS_DISABLE)));
	TRY(connection->checked(nbd.set_uri_allow_local_file(handle, false)));
	TRY(connection->checked(nbd.aio_connect_uri(handle, uri.c_str())));
	TRY(connection->wait_until_ready());
	return connection;
}

Result<std::unique_ptr<NbdConnection>> NbdConnection::open(Descriptor socket)
{
	std::unique_ptr<NbdConnection> connection = TRY(create());

	// It is the library's from here on.
	TRY(connection->checked(
		connection->nbd_.aio_connect_socket(connection->handle_, socket.release())));
	TRY(connection->wait_until_ready());
	return connection;
}

Result<void> NbdConnection::wait_until_ready()
{
	using namespace std::chrono;
	const steady_clock::time_point end = steady_clock::now() + connect_timeout;

	for (;;) {
		const int ready = nbd_.aio_is_ready(handle_);

		if (ready)
			return checked(ready);

		const auto left = duration_cast<milliseconds>(end - steady_clock::now()).count();

		if (left <= 0)
			return host_failure("NBD: connect", ETIMEDOUT);
		TRY(checked(nbd_.poll(handle_, static_cast<int>(left))));
	}
}

Result<std::uint64_t> NbdConnection::bytes() const
{
	const std::int64_t bytes = nbd_.get_size(handle_);

	if (bytes < 0)
		return failed();
	return static_cast<std::uint64_t>(bytes);
}

std::uint32_t NbdConnection::block_bytes() const
{
	return static_cast<std::uint32_t>(
		std::max<std::int64_t>(nbd_.get_block_size(handle_, LIBNBD_SIZE_MINIMUM), 0));
}

// A request for each piece of memory, which may be as small as a page, would cost far more
// than copying.
Result<void> NbdConnection::read(std::span<const lkl_buffer> buffers, std::uint64_t offset)
{
	const std::span<std::byte> joined = room_for(buffers);

	TRY(in_pieces(offset, joined.size(), most_data_bytes, [&](std::uint64_t at, std::uint64_t bytes) {
		return checked(nbd_.pread(handle_, joined.data() + (at - offset), bytes, at, 0));
	}));
	if (joined.data() != joined_.data())
		return {};

	const std::byte *from = joined.data();

	for (const lkl_buffer &buffer : buffers) {
		std::memcpy(buffer.data, from, buffer.bytes);
		from += buffer.bytes;
	}
	return {};
}

Result<void> NbdConnection::write(std::span<const lkl_buffer> buffers, std::uint64_t offset)
{
	const std::span<std::byte> joined = room_for(buffers);

	if (joined.data() == joined_.data()) {
		std::byte *to = joined.data();

		for (const lkl_buffer &buffer : buffers) {
			std::memcpy(to, buffer.data, buffer.bytes);
			to += buffer.bytes;
		}
	}
	return in_pieces(offset, joined.size(), most_data_bytes, [&](std::uint64_t at, std::uint64_t bytes) {
		return checked(nbd_.pwrite(handle_, joined.data() + (at - offset), bytes, at, 0));
	});
}

/// The only buffer itself, else as much of joined_.
std::span<std::byte> NbdConnection::room_for(std::span<const lkl_buffer> buffers)
{
	std::size_t bytes = 0;

	if (buffers.size() == 1)
		return {static_cast<std::byte *>(buffers[0].data), buffers[0].bytes};
	for (const lkl_buffer &buffer : buffers)
		bytes += buffer.bytes;
	if (joined_.size() < bytes)
		joined_.resize(bytes);
	return std::span(joined_).first(bytes);
}

Result<void> NbdConnection::flush()
{
	return checked(nbd_.flush(handle_, 0));
}

Result<void> NbdConnection::trim(std::uint64_t offset, std::uint64_t bytes)
{
	return in_pieces(offset, bytes, most_range_bytes, [&](std::uint64_t at, std::uint64_t piece) {
		return checked(nbd_.trim(handle_, piece, at, 0));
	});
}

Result<void> NbdConnection::zero(std::uint64_t offset, std::uint64_t bytes)
{
	return in_pieces(offset, bytes, most_range_bytes, [&](std::uint64_t at, std::uint64_t piece) {
		return checked(nbd_.zero(handle_, piece, at, 0));
	});
}

Result<void> NbdConnection::shut_down()
{
	return checked(nbd_.shutdown(handle_, 0));
}

} // namespace lkl::apps
