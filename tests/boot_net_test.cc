// SPDX-License-Identifier: GPL-2.0
// The network stack over loopback: TCP and UDP of both versions, unix sockets,
// packet and raw sockets, netlink.

#include "support_files.hh"

#include <arpa/inet.h>

using namespace lkl::test;

namespace {

/// Bring lo up, as nobody else does in an instance.
void loopback_up(lkl_kernel *kernel)
{
	const Fd fd(kernel, lkl_sys_socket(kernel, LKL_AF_INET, LKL_SOCK_DGRAM, 0));
	lkl_ifreq request = {};

	std::strcpy(request.name, "lo");
	must(lkl_sys_ioctl(kernel, fd, LKL_SIOCGIFFLAGS, &request), "SIOCGIFFLAGS");
	request.u.flags |= LKL_IFF_UP;
	must(lkl_sys_ioctl(kernel, fd, LKL_SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
}

/// A loopback address of either version.
struct Address {
	lkl_sockaddr_storage storage = {};
	lkl_u32 bytes = 0;

	explicit Address(int family)
	{
		storage.ss_family = static_cast<lkl_u16>(family);
		if (family == LKL_AF_INET) {
			reinterpret_cast<lkl_sockaddr_in *>(&storage)->sin_addr =
				htonl(LKL_INADDR_LOOPBACK);
			bytes = sizeof(lkl_sockaddr_in);
		} else {
			reinterpret_cast<lkl_sockaddr_in6 *>(&storage)->sin6_addr[15] = 1;
			bytes = sizeof(lkl_sockaddr_in6);
		}
	}

	/// The address that @fd is bound to.
	Address(lkl_kernel *kernel, int fd)
	{
		bytes = sizeof(storage);
		must(lkl_sys_getsockname(kernel, fd, &storage, &bytes), "getsockname");
	}
};

Fd listener(lkl_kernel *kernel, int family)
{
	Fd fd(kernel, lkl_sys_socket(kernel, family, LKL_SOCK_STREAM, 0), "socket");
	const Address any(family);

	must(lkl_sys_bind(kernel, fd, &any.storage, any.bytes), "bind");
	must(lkl_sys_listen(kernel, fd, 128), "listen");
	return fd;
}

class BootNet : public testing::TestWithParam<int> {};

TEST_P(BootNet, TcpCarriesAStreamWhole)
{
	Instance kernel;
	loopback_up(kernel);
	const Fd server = listener(kernel, GetParam());
	const Address address(kernel, server);
	const std::vector<unsigned char> data = Random(11).bytes(8 << 20);
	std::string got;
	std::thread client([&] {
		const Fd fd(kernel, lkl_sys_socket(kernel, GetParam(), LKL_SOCK_STREAM, 0));

		EXPECT_TRUE(ok(lkl_sys_connect(kernel, fd, &address.storage, address.bytes)));
		write_all(kernel, fd, {reinterpret_cast<const char *>(data.data()), data.size()});
		EXPECT_TRUE(ok(lkl_sys_shutdown(kernel, fd, LKL_SHUT_WR)));
		EXPECT_EQ(read_all(kernel, fd), "thanks");
	});
	{
		const Fd peer(kernel, lkl_sys_accept(kernel, server, nullptr, nullptr), "accept");

		got = read_all(kernel, peer);
		write_all(kernel, peer, "thanks");
	}
	client.join();
	ASSERT_EQ(got.size(), data.size());
	EXPECT_EQ(std::memcmp(got.data(), data.data(), data.size()), 0);
}

TEST_P(BootNet, UdpKeepsDatagramsApart)
{
	Instance kernel;
	loopback_up(kernel);
	const Fd receiver(kernel, lkl_sys_socket(kernel, GetParam(), LKL_SOCK_DGRAM, 0));
	const Fd sender(kernel, lkl_sys_socket(kernel, GetParam(), LKL_SOCK_DGRAM, 0));
	const Address any(GetParam());
	std::vector<char> buffer(65536);

	must(lkl_sys_bind(kernel, receiver, &any.storage, any.bytes), "bind");
	const Address address(kernel, receiver);

	for (const std::size_t size : {0, 1, 1472, 9000, 65000}) {
		const std::string message(size, 'm');

		EXPECT_EQ(lkl_sys_sendto(kernel, sender, message.data(), size, 0, &address.storage,
					 address.bytes), std::int64_t(size));
	}
	for (const std::size_t size : {0, 1, 1472, 9000, 65000}) {
		lkl_sockaddr_storage from = {};
		lkl_u32 from_bytes = sizeof(from);

		EXPECT_EQ(lkl_sys_recvfrom(kernel, receiver, buffer.data(), buffer.size(), 0, &from,
					   &from_bytes), std::int64_t(size));
		EXPECT_EQ(from.ss_family, GetParam());
	}
}

TEST_P(BootNet, ClosedPortsRefuse)
{
	Instance kernel;
	loopback_up(kernel);
	const Fd fd(kernel, lkl_sys_socket(kernel, GetParam(), LKL_SOCK_STREAM, 0));
	Address address(GetParam());

	reinterpret_cast<lkl_sockaddr_in *>(&address.storage)->sin_port = htons(9);
	EXPECT_EQ(lkl_sys_connect(kernel, fd, &address.storage, address.bytes), -LKL_ECONNREFUSED);
}

TEST_P(BootNet, ManyConnectionsThroughOneEpoll)
{
	constexpr unsigned clients = 32, rounds = 20;
	Instance kernel;
	loopback_up(kernel);
	const Fd server = listener(kernel, GetParam());
	const Address address(kernel, server);
	std::thread echo([&] {
		const Fd epoll(kernel, lkl_sys_epoll_create1(kernel, 0));
		lkl_epoll_event event = {LKL_EPOLLIN, lkl_u64(int(server))}, events[16];
		unsigned open = 0, closed = 0;

		must(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD, server, &event), "add");
		while (closed < clients) {
			const int ready = lkl_sys_epoll_wait(kernel, epoll, events, 16, 10000);

			if (ready <= 0) {
				ADD_FAILURE() << "epoll_wait: " << ready << ", " << open << " connections";
				return;
			}
			for (int i = 0; i < ready; i++) {
				const int fd = static_cast<int>(events[i].data);
				char buffer[64];

				if (fd == server) {
					event.data = lkl_u64(must(lkl_sys_accept(kernel, fd, nullptr, nullptr),
								  "accept"));
					must(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD,
							       static_cast<int>(event.data), &event), "add");
					open++;
					continue;
				}
				const std::int64_t got = lkl_sys_read(kernel, fd, buffer, sizeof(buffer));

				if (got > 0) {
					write_all(kernel, fd, {buffer, static_cast<std::size_t>(got)});
				} else {
					lkl_sys_close(kernel, fd);
					closed++;
				}
			}
		}
	});

	in_threads(clients, [&](unsigned i) {
		const Fd fd(kernel, lkl_sys_socket(kernel, GetParam(), LKL_SOCK_STREAM, 0));

		EXPECT_TRUE(ok(lkl_sys_connect(kernel, fd, &address.storage, address.bytes)));
		for (unsigned round = 0; round < rounds; round++) {
			const std::string text = std::to_string(i * 1000 + round);

			write_all(kernel, fd, text);
			EXPECT_EQ(read_all(kernel, fd, text.size()), text);
		}
	});
	echo.join();
}

INSTANTIATE_TEST_SUITE_P(Versions, BootNet, testing::Values(LKL_AF_INET, LKL_AF_INET6),
			 [](const testing::TestParamInfo<int> &family) {
				 return family.param == LKL_AF_INET ? "v4" : "v6";
			 });

TEST(BootNetLocal, UnixSocketsOfEveryType)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/socket";

	for (const int type : {LKL_SOCK_STREAM, LKL_SOCK_DGRAM, LKL_SOCK_SEQPACKET}) {
		int ends[2];
		char buffer[16] = {};

		ASSERT_TRUE(ok(lkl_sys_socketpair(kernel, LKL_AF_UNIX, type, 0, ends)));
		const Fd a(kernel, ends[0]), b(kernel, ends[1]);

		EXPECT_EQ(lkl_sys_write(kernel, a, "message", 7), 7);
		EXPECT_EQ(lkl_sys_read(kernel, b, buffer, sizeof(buffer)), 7);
		EXPECT_STREQ(buffer, "message");
	}
	lkl_sockaddr_un name = {};

	name.sun_family = LKL_AF_UNIX;
	std::strcpy(name.sun_path, path.c_str());
	const Fd server(kernel, lkl_sys_socket(kernel, LKL_AF_UNIX, LKL_SOCK_STREAM, 0));
	const Fd client(kernel, lkl_sys_socket(kernel, LKL_AF_UNIX, LKL_SOCK_STREAM, 0));

	must(lkl_sys_bind(kernel, server, &name, sizeof(name)), "bind");
	EXPECT_EQ(lkl_sys_connect(kernel, client, &name, sizeof(name)), -LKL_ECONNREFUSED);
	must(lkl_sys_listen(kernel, server, 1), "listen");
	EXPECT_TRUE(ok(lkl_sys_connect(kernel, client, &name, sizeof(name))));
	EXPECT_TRUE(LKL_S_ISSOCK(stat_of(kernel, path).st_mode));
}

TEST(BootNetLocal, DescriptorsTravelThroughUnixSockets)
{
	Instance kernel;
	const std::string path = workspace(kernel) + "/file";
	int ends[2];

	put_file(kernel, path, "passed on");
	ASSERT_TRUE(ok(lkl_sys_socketpair(kernel, LKL_AF_UNIX, LKL_SOCK_DGRAM, 0, ends)));
	const Fd a(kernel, ends[0]), b(kernel, ends[1]);
	char byte = 'x';
	lkl_iovec iov = {&byte, 1};
	alignas(8) char control[LKL_CMSG_SPACE(sizeof(int))] = {};
	lkl_cmsghdr *const header = reinterpret_cast<lkl_cmsghdr *>(control);
	lkl_msghdr message = {};
	int received;

	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	{
		const Fd file(kernel, path, LKL_O_RDONLY);
		const int number = file;

		header->cmsg_len = LKL_CMSG_LEN(sizeof(int));
		header->cmsg_level = LKL_SOL_SOCKET;
		header->cmsg_type = LKL_SCM_RIGHTS;
		std::memcpy(LKL_CMSG_DATA(header), &number, sizeof(number));
		EXPECT_EQ(lkl_sys_sendmsg(kernel, a, &message, 0), 1);
	}
	std::memset(control, 0, sizeof(control));
	EXPECT_EQ(lkl_sys_recvmsg(kernel, b, &message, 0), 1);
	ASSERT_EQ(header->cmsg_type, LKL_SCM_RIGHTS);
	std::memcpy(&received, LKL_CMSG_DATA(header), sizeof(received));
	const Fd file(kernel, received);

	EXPECT_EQ(read_all(kernel, file), "passed on");
}

TEST(BootNetLocal, PacketSocketsSeeTheWire)
{
	Instance kernel;
	loopback_up(kernel);
	const Fd wire(kernel, lkl_sys_socket(kernel, LKL_AF_PACKET, LKL_SOCK_RAW,
					     htons(LKL_ETH_P_ALL)), "packet socket");
	const Fd udp(kernel, lkl_sys_socket(kernel, LKL_AF_INET, LKL_SOCK_DGRAM, 0));
	Address address(LKL_AF_INET);
	const lkl_timeval limit = {5, 0};
	const std::string mark = "a frame like no other";
	char frame[2048];

	reinterpret_cast<lkl_sockaddr_in *>(&address.storage)->sin_port = htons(4242);
	must(lkl_sys_setsockopt(kernel, wire, LKL_SOL_SOCKET, LKL_SO_RCVTIMEO, &limit, sizeof(limit)),
	     "SO_RCVTIMEO");
	must(lkl_sys_sendto(kernel, udp, mark.data(), mark.size(), 0, &address.storage, address.bytes),
	     "sendto");
	const std::int64_t got = lkl_sys_read(kernel, wire, frame, sizeof(frame));

	ASSERT_TRUE(ok(got));
	EXPECT_NE(std::string_view(frame, static_cast<std::size_t>(got)).find(mark), std::string_view::npos);
}

TEST(BootNetLocal, PingAnswers)
{
	Instance kernel;
	loopback_up(kernel);
	const Fd raw(kernel, lkl_sys_socket(kernel, LKL_AF_INET, LKL_SOCK_RAW, LKL_IPPROTO_ICMP));
	const Address address(LKL_AF_INET);
	const lkl_timeval limit = {5, 0};
	// Echo request, identifier 0x1234, sequence 1, and the checksum over it.
	const unsigned char request[8] = {8, 0, 0xe5, 0xca, 0x12, 0x34, 0, 1};
	unsigned char packet[128];

	must(lkl_sys_setsockopt(kernel, raw, LKL_SOL_SOCKET, LKL_SO_RCVTIMEO, &limit, sizeof(limit)),
	     "SO_RCVTIMEO");
	must(lkl_sys_sendto(kernel, raw, request, sizeof(request), 0, &address.storage, address.bytes),
	     "sendto");
	for (;;) {
		ASSERT_EQ(lkl_sys_read(kernel, raw, packet, sizeof(packet)), 28);
		if (packet[20] == 0)
			break;
	}
	EXPECT_EQ(std::memcmp(packet + 24, request + 4, 4), 0);
}

TEST(BootNetLocal, ReceiveTimeoutsAreKept)
{
	Instance kernel;
	loopback_up(kernel);
	const Fd udp(kernel, lkl_sys_socket(kernel, LKL_AF_INET, LKL_SOCK_DGRAM, 0));
	const Address any(LKL_AF_INET);
	const lkl_timeval limit = {0, 50000};
	char byte;

	must(lkl_sys_bind(kernel, udp, &any.storage, any.bytes), "bind");
	must(lkl_sys_setsockopt(kernel, udp, LKL_SOL_SOCKET, LKL_SO_RCVTIMEO, &limit, sizeof(limit)),
	     "SO_RCVTIMEO");
	const auto start = Clock::now();

	EXPECT_EQ(lkl_sys_recvfrom(kernel, udp, &byte, 1, 0, nullptr, nullptr), -LKL_EAGAIN);
	EXPECT_GE(Clock::now() - start, 49ms);
}

TEST(BootNetLocal, NetlinkListsTheLoopbackLink)
{
	Instance kernel;
	const Fd netlink(kernel, lkl_sys_socket(kernel, LKL_AF_NETLINK, LKL_SOCK_RAW, LKL_NETLINK_ROUTE));
	// struct nlmsghdr (RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP), struct ifinfomsg
	std::uint32_t request[8] = {32, 18 | (0x301u << 16), 1, 0};
	std::vector<char> answer(32768);

	EXPECT_EQ(lkl_sys_sendto(kernel, netlink, request, sizeof(request), 0, nullptr, 0), 32);
	const std::int64_t got = lkl_sys_read(kernel, netlink, answer.data(), answer.size());

	ASSERT_GT(got, 32);
	EXPECT_NE(std::string_view(answer.data(), static_cast<std::size_t>(got)).find(std::string("lo\0", 3)),
		  std::string_view::npos);
}

TEST(BootNetLocal, InstancesHaveTheirOwnNetworks)
{
	Instance first, second;
	loopback_up(first);
	loopback_up(second);
	Address address(LKL_AF_INET);

	reinterpret_cast<lkl_sockaddr_in *>(&address.storage)->sin_port = htons(7777);
	for (lkl_kernel *kernel : {static_cast<lkl_kernel *>(first), static_cast<lkl_kernel *>(second)}) {
		const int fd = lkl_sys_socket(kernel, LKL_AF_INET, LKL_SOCK_STREAM, 0);

		EXPECT_TRUE(ok(lkl_sys_bind(kernel, fd, &address.storage, address.bytes)));
		if (kernel == first) {
			EXPECT_TRUE(ok(lkl_sys_listen(kernel, fd, 1)));
		}
	}
	const Fd client(second, lkl_sys_socket(second, LKL_AF_INET, LKL_SOCK_STREAM, 0));

	EXPECT_EQ(lkl_sys_connect(second, client, &address.storage, address.bytes), -LKL_ECONNREFUSED);
}

} // namespace
