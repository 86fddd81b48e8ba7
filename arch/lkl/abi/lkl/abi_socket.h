/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets and network interfaces (see abi.h for the rules). "be" marks members
 * in network byte order.
 */
#ifndef LKL_ABI_SOCKET_H
#define LKL_ABI_SOCKET_H

#include <lkl/abi_file.h>

#define LKL_AF_UNSPEC 0
#define LKL_AF_UNIX 1
#define LKL_AF_INET 2
#define LKL_AF_INET6 10
#define LKL_AF_NETLINK 16
#define LKL_AF_PACKET 17

#define LKL_SOCK_STREAM 1
#define LKL_SOCK_DGRAM 2
#define LKL_SOCK_RAW 3
#define LKL_SOCK_SEQPACKET 5
#define LKL_SOCK_NONBLOCK LKL_O_NONBLOCK
#define LKL_SOCK_CLOEXEC LKL_O_CLOEXEC

#define LKL_IPPROTO_IP 0
#define LKL_IPPROTO_ICMP 1
#define LKL_IPPROTO_TCP 6
#define LKL_IPPROTO_UDP 17
#define LKL_IPPROTO_IPV6 41
#define LKL_IPPROTO_ICMPV6 58
#define LKL_IPPROTO_RAW 255
#define LKL_IPPROTO_MPTCP 262

/* ---- addresses -------------------------------------------------------------- */

struct lkl_sockaddr {
	lkl_u16 sa_family;
	char sa_data[14];
};

struct lkl_sockaddr_storage {
	lkl_u16 ss_family;
	char ss_data[118];
	lkl_u64 ss_align;
};

struct lkl_sockaddr_in {
	lkl_u16 sin_family;
	lkl_u16 sin_port;	/* be */
	lkl_u32 sin_addr;	/* be */
	lkl_u8 sin_zero[8];
};

#define LKL_INADDR_ANY 0x00000000u		/* host byte order */
#define LKL_INADDR_LOOPBACK 0x7f000001u
#define LKL_INADDR_BROADCAST 0xffffffffu

struct lkl_sockaddr_in6 {
	lkl_u16 sin6_family;
	lkl_u16 sin6_port;	/* be */
	lkl_u32 sin6_flowinfo;	/* be */
	lkl_u8 sin6_addr[16];
	lkl_u32 sin6_scope_id;
};

struct lkl_sockaddr_un {
	lkl_u16 sun_family;
	char sun_path[108];
};

struct lkl_sockaddr_ll {
	lkl_u16 sll_family;
	lkl_u16 sll_protocol;	/* be */
	lkl_s32 sll_ifindex;
	lkl_u16 sll_hatype;
	lkl_u8 sll_pkttype;
	lkl_u8 sll_halen;
	lkl_u8 sll_addr[8];
};

struct lkl_sockaddr_nl {
	lkl_u16 nl_family;
	lkl_u16 nl_pad;
	lkl_u32 nl_pid;
	lkl_u32 nl_groups;
};

#define LKL_ETH_P_ALL 0x0003
#define LKL_ETH_P_IP 0x0800
#define LKL_ETH_P_ARP 0x0806
#define LKL_ETH_P_IPV6 0x86dd

#define LKL_NETLINK_ROUTE 0
#define LKL_NETLINK_SOCK_DIAG 4
#define LKL_NETLINK_GENERIC 16

/* ---- messages --------------------------------------------------------------- */

struct lkl_msghdr {
	void *msg_name;
	lkl_s32 msg_namelen;
	lkl_u32 pad1;
	struct lkl_iovec *msg_iov;
	lkl_u64 msg_iovlen;
	void *msg_control;
	lkl_u64 msg_controllen;
	lkl_u32 msg_flags;
	lkl_u32 pad2;
};

struct lkl_mmsghdr {
	struct lkl_msghdr msg_hdr;
	lkl_u32 msg_len;
	lkl_u32 pad;
};

/* Control messages: each header is followed by its data, both 8-byte aligned */
struct lkl_cmsghdr {
	lkl_u64 cmsg_len;
	lkl_s32 cmsg_level;
	lkl_s32 cmsg_type;
};

#define LKL_CMSG_ALIGN(bytes) (((lkl_u64)(bytes) + 7) & ~7ULL)
#define LKL_CMSG_DATA(header) ((void *)((struct lkl_cmsghdr *)(header) + 1))
#define LKL_CMSG_LEN(bytes) (sizeof(struct lkl_cmsghdr) + (bytes))
#define LKL_CMSG_SPACE(bytes) (sizeof(struct lkl_cmsghdr) + LKL_CMSG_ALIGN(bytes))
#define LKL_SCM_RIGHTS 1
#define LKL_SCM_CREDENTIALS 2

#define LKL_MSG_OOB 0x1
#define LKL_MSG_PEEK 0x2
#define LKL_MSG_DONTROUTE 0x4
#define LKL_MSG_CTRUNC 0x8
#define LKL_MSG_TRUNC 0x20
#define LKL_MSG_DONTWAIT 0x40
#define LKL_MSG_WAITALL 0x100
#define LKL_MSG_ERRQUEUE 0x2000
#define LKL_MSG_NOSIGNAL 0x4000
#define LKL_MSG_MORE 0x8000
#define LKL_MSG_WAITFORONE 0x10000

#define LKL_SHUT_RD 0
#define LKL_SHUT_WR 1
#define LKL_SHUT_RDWR 2

/* ---- options ---------------------------------------------------------------- */

#define LKL_SOL_SOCKET 1
#define LKL_SOL_PACKET 263
#define LKL_SOL_NETLINK 270

#define LKL_SO_DEBUG 1
#define LKL_SO_REUSEADDR 2
#define LKL_SO_TYPE 3
#define LKL_SO_ERROR 4
#define LKL_SO_DONTROUTE 5
#define LKL_SO_BROADCAST 6
#define LKL_SO_SNDBUF 7
#define LKL_SO_RCVBUF 8
#define LKL_SO_KEEPALIVE 9
#define LKL_SO_OOBINLINE 10
#define LKL_SO_PRIORITY 12
#define LKL_SO_LINGER 13
#define LKL_SO_REUSEPORT 15
#define LKL_SO_PASSCRED 16
#define LKL_SO_PEERCRED 17
#define LKL_SO_RCVLOWAT 18
#define LKL_SO_SNDLOWAT 19
#define LKL_SO_RCVTIMEO 20
#define LKL_SO_SNDTIMEO 21
#define LKL_SO_BINDTODEVICE 25
#define LKL_SO_TIMESTAMP 29
#define LKL_SO_ACCEPTCONN 30
#define LKL_SO_SNDBUFFORCE 32
#define LKL_SO_RCVBUFFORCE 33
#define LKL_SO_MARK 36
#define LKL_SO_PROTOCOL 38
#define LKL_SO_DOMAIN 39

struct lkl_linger {
	lkl_s32 l_onoff;
	lkl_s32 l_linger;
};

struct lkl_ucred {
	lkl_u32 pid;
	lkl_u32 uid;
	lkl_u32 gid;
};

#define LKL_TCP_NODELAY 1
#define LKL_TCP_MAXSEG 2
#define LKL_TCP_CORK 3
#define LKL_TCP_KEEPIDLE 4
#define LKL_TCP_KEEPINTVL 5
#define LKL_TCP_KEEPCNT 6
#define LKL_TCP_DEFER_ACCEPT 9
#define LKL_TCP_INFO 11
#define LKL_TCP_QUICKACK 12
#define LKL_TCP_CONGESTION 13
#define LKL_TCP_FASTOPEN 23

#define LKL_IP_TOS 1
#define LKL_IP_TTL 2
#define LKL_IP_HDRINCL 3
#define LKL_IP_PKTINFO 8
#define LKL_IP_MULTICAST_IF 32
#define LKL_IP_MULTICAST_TTL 33
#define LKL_IP_MULTICAST_LOOP 34
#define LKL_IP_ADD_MEMBERSHIP 35
#define LKL_IP_DROP_MEMBERSHIP 36
#define LKL_IPV6_UNICAST_HOPS 16
#define LKL_IPV6_MULTICAST_IF 17
#define LKL_IPV6_V6ONLY 26

/* ---- interfaces ------------------------------------------------------------- */

#define LKL_IFNAMSIZ 16
#define LKL_IFF_UP 0x1
#define LKL_IFF_BROADCAST 0x2
#define LKL_IFF_LOOPBACK 0x8
#define LKL_IFF_RUNNING 0x40
#define LKL_IFF_PROMISC 0x100
#define LKL_IFF_MULTICAST 0x1000

#define LKL_SIOCADDRT 0x890bu
#define LKL_SIOCDELRT 0x890cu
#define LKL_SIOCGIFNAME 0x8910u
#define LKL_SIOCGIFFLAGS 0x8913u
#define LKL_SIOCSIFFLAGS 0x8914u
#define LKL_SIOCGIFADDR 0x8915u
#define LKL_SIOCSIFADDR 0x8916u
#define LKL_SIOCGIFNETMASK 0x891bu
#define LKL_SIOCSIFNETMASK 0x891cu
#define LKL_SIOCGIFMTU 0x8921u
#define LKL_SIOCSIFMTU 0x8922u
#define LKL_SIOCGIFHWADDR 0x8927u
#define LKL_SIOCGIFINDEX 0x8933u

/* Linux's struct ifreq; its member names are macros of host headers */
struct lkl_ifreq {
	char name[LKL_IFNAMSIZ];
	union {
		struct lkl_sockaddr addr;	/* addresses, masks */
		short flags;
		lkl_s32 value;			/* index, MTU */
		lkl_u64 raw[3];
	} u;
};

#endif /* LKL_ABI_SOCKET_H */
