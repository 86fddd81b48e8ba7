// SPDX-License-Identifier: GPL-2.0
/* Proves lkl/abi_socket.h, see check.h. */
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/socket.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <linux/un.h>
#include <lkl/abi_socket.h>
#include "check.h"

VALUE(AF_UNSPEC);
VALUE(AF_UNIX);
VALUE(AF_INET);
VALUE(AF_INET6);
VALUE(AF_NETLINK);
VALUE(AF_PACKET);
VALUE(SOCK_STREAM);
VALUE(SOCK_DGRAM);
VALUE(SOCK_RAW);
VALUE(SOCK_SEQPACKET);
VALUE(SOCK_NONBLOCK);
VALUE(SOCK_CLOEXEC);
VALUE(IPPROTO_IP);
VALUE(IPPROTO_ICMP);
VALUE(IPPROTO_TCP);
VALUE(IPPROTO_UDP);
VALUE(IPPROTO_IPV6);
VALUE(IPPROTO_ICMPV6);
VALUE(IPPROTO_RAW);
VALUE(IPPROTO_MPTCP);
VALUE(INADDR_ANY);
VALUE(INADDR_LOOPBACK);
VALUE(INADDR_BROADCAST);
VALUE(ETH_P_ALL);
VALUE(ETH_P_IP);
VALUE(ETH_P_ARP);
VALUE(ETH_P_IPV6);
VALUE(NETLINK_ROUTE);
VALUE(NETLINK_SOCK_DIAG);
VALUE(NETLINK_GENERIC);
VALUE(SCM_RIGHTS);
VALUE(SCM_CREDENTIALS);
VALUE(MSG_OOB);
VALUE(MSG_PEEK);
VALUE(MSG_DONTROUTE);
VALUE(MSG_CTRUNC);
VALUE(MSG_TRUNC);
VALUE(MSG_DONTWAIT);
VALUE(MSG_WAITALL);
VALUE(MSG_ERRQUEUE);
VALUE(MSG_NOSIGNAL);
VALUE(MSG_MORE);
VALUE(MSG_WAITFORONE);
VALUE(SHUT_RD);
VALUE(SHUT_WR);
VALUE(SHUT_RDWR);
VALUE(SOL_SOCKET);
VALUE(SOL_PACKET);
VALUE(SOL_NETLINK);
VALUE(SO_DEBUG);
VALUE(SO_REUSEADDR);
VALUE(SO_TYPE);
VALUE(SO_ERROR);
VALUE(SO_DONTROUTE);
VALUE(SO_BROADCAST);
VALUE(SO_SNDBUF);
VALUE(SO_RCVBUF);
VALUE(SO_KEEPALIVE);
VALUE(SO_OOBINLINE);
VALUE(SO_PRIORITY);
VALUE(SO_LINGER);
VALUE(SO_REUSEPORT);
VALUE(SO_PASSCRED);
VALUE(SO_PEERCRED);
VALUE(SO_RCVLOWAT);
VALUE(SO_SNDLOWAT);
VALUE_AS(SO_RCVTIMEO, SO_RCVTIMEO_OLD);
VALUE_AS(SO_SNDTIMEO, SO_SNDTIMEO_OLD);
VALUE(SO_BINDTODEVICE);
VALUE_AS(SO_TIMESTAMP, SO_TIMESTAMP_OLD);
VALUE(SO_ACCEPTCONN);
VALUE(SO_SNDBUFFORCE);
VALUE(SO_RCVBUFFORCE);
VALUE(SO_MARK);
VALUE(SO_PROTOCOL);
VALUE(SO_DOMAIN);
VALUE(TCP_NODELAY);
VALUE(TCP_MAXSEG);
VALUE(TCP_CORK);
VALUE(TCP_KEEPIDLE);
VALUE(TCP_KEEPINTVL);
VALUE(TCP_KEEPCNT);
VALUE(TCP_DEFER_ACCEPT);
VALUE(TCP_INFO);
VALUE(TCP_QUICKACK);
VALUE(TCP_CONGESTION);
VALUE(TCP_FASTOPEN);
VALUE(IP_TOS);
VALUE(IP_TTL);
VALUE(IP_HDRINCL);
VALUE(IP_PKTINFO);
VALUE(IP_MULTICAST_IF);
VALUE(IP_MULTICAST_TTL);
VALUE(IP_MULTICAST_LOOP);
VALUE(IP_ADD_MEMBERSHIP);
VALUE(IP_DROP_MEMBERSHIP);
VALUE(IPV6_UNICAST_HOPS);
VALUE(IPV6_MULTICAST_IF);
VALUE(IPV6_V6ONLY);
VALUE(IFNAMSIZ);
VALUE(IFF_UP);
VALUE(IFF_BROADCAST);
VALUE(IFF_LOOPBACK);
VALUE(IFF_RUNNING);
VALUE(IFF_PROMISC);
VALUE(IFF_MULTICAST);
VALUE(SIOCADDRT);
VALUE(SIOCDELRT);
VALUE(SIOCGIFNAME);
VALUE(SIOCGIFFLAGS);
VALUE(SIOCSIFFLAGS);
VALUE(SIOCGIFADDR);
VALUE(SIOCSIFADDR);
VALUE(SIOCGIFNETMASK);
VALUE(SIOCSIFNETMASK);
VALUE(SIOCGIFMTU);
VALUE(SIOCSIFMTU);
VALUE(SIOCGIFHWADDR);
VALUE(SIOCGIFINDEX);

SIZE(sockaddr, sockaddr);
MEMBER(sockaddr, sockaddr, sa_family);

SIZE(sockaddr_storage, __kernel_sockaddr_storage);

SIZE(sockaddr_in, sockaddr_in);
MEMBER(sockaddr_in, sockaddr_in, sin_family);
MEMBER(sockaddr_in, sockaddr_in, sin_port);
MEMBER(sockaddr_in, sockaddr_in, sin_addr);
MEMBER_AS(sockaddr_in, sockaddr_in, sin_zero, __pad);

SIZE(sockaddr_in6, sockaddr_in6);
MEMBER(sockaddr_in6, sockaddr_in6, sin6_family);
MEMBER(sockaddr_in6, sockaddr_in6, sin6_port);
MEMBER(sockaddr_in6, sockaddr_in6, sin6_flowinfo);
MEMBER(sockaddr_in6, sockaddr_in6, sin6_addr);
MEMBER(sockaddr_in6, sockaddr_in6, sin6_scope_id);

SIZE(sockaddr_un, sockaddr_un);
MEMBER(sockaddr_un, sockaddr_un, sun_family);
MEMBER(sockaddr_un, sockaddr_un, sun_path);

SIZE(sockaddr_ll, sockaddr_ll);
MEMBER(sockaddr_ll, sockaddr_ll, sll_family);
MEMBER(sockaddr_ll, sockaddr_ll, sll_protocol);
MEMBER(sockaddr_ll, sockaddr_ll, sll_ifindex);
MEMBER(sockaddr_ll, sockaddr_ll, sll_hatype);
MEMBER(sockaddr_ll, sockaddr_ll, sll_pkttype);
MEMBER(sockaddr_ll, sockaddr_ll, sll_halen);
MEMBER(sockaddr_ll, sockaddr_ll, sll_addr);

SIZE(sockaddr_nl, sockaddr_nl);
MEMBER(sockaddr_nl, sockaddr_nl, nl_family);
MEMBER(sockaddr_nl, sockaddr_nl, nl_pad);
MEMBER(sockaddr_nl, sockaddr_nl, nl_pid);
MEMBER(sockaddr_nl, sockaddr_nl, nl_groups);

SIZE(msghdr, user_msghdr);
MEMBER(msghdr, user_msghdr, msg_name);
MEMBER(msghdr, user_msghdr, msg_namelen);
MEMBER(msghdr, user_msghdr, msg_iov);
MEMBER(msghdr, user_msghdr, msg_iovlen);
MEMBER(msghdr, user_msghdr, msg_control);
MEMBER(msghdr, user_msghdr, msg_controllen);
MEMBER(msghdr, user_msghdr, msg_flags);

SIZE(mmsghdr, mmsghdr);
MEMBER(mmsghdr, mmsghdr, msg_hdr);
MEMBER(mmsghdr, mmsghdr, msg_len);

SIZE(cmsghdr, cmsghdr);
MEMBER(cmsghdr, cmsghdr, cmsg_len);
MEMBER(cmsghdr, cmsghdr, cmsg_level);
MEMBER(cmsghdr, cmsghdr, cmsg_type);

SIZE(linger, linger);
MEMBER(linger, linger, l_onoff);
MEMBER(linger, linger, l_linger);

SIZE(ucred, ucred);
MEMBER(ucred, ucred, pid);
MEMBER(ucred, ucred, uid);
MEMBER(ucred, ucred, gid);

SIZE(ifreq, ifreq);
MEMBER_AS(ifreq, ifreq, name, ifr_name);
