#include "net/lan_socket.h"

#include "net/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL_SIZE = 128, V4_AT = 12 };

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static struct in_addr group_v4(void)
{
    struct in_addr group;
    (void)inet_pton(AF_INET, QN_LAN_GROUP_V4, &group);
    return group;
}

static struct in6_addr group_v6(void)
{
    struct in6_addr group;
    (void)inet_pton(AF_INET6, QN_LAN_GROUP_V6, &group);
    return group;
}

/* Bound to the group itself, so that the system passes on nothing that was sent to this machine alone. */
static bool set_up_v4(int fd)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(QN_LAN_PORT), .sin_addr = group_v4()};
    return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
           set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1) &&
           set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
           set_option(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
           bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

/* A group of link-local scope cannot be bound to without one interface: receive looks where it was sent to. */
static bool set_up_v6(int fd)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(QN_LAN_PORT)};
    return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
           set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
           set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1) &&
           set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) &&
           set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

int qn_lan_socket_open(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !(family == AF_INET ? set_up_v4(fd) : set_up_v6(fd))) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

bool qn_lan_socket_join(int fd, int family, unsigned interface, bool join)
{
    struct ip_mreqn v4 = {.imr_multiaddr = group_v4(), .imr_ifindex = (int)interface};
    struct ipv6_mreq v6 = {.ipv6mr_multiaddr = group_v6(), .ipv6mr_interface = interface};
    int result = 0;
    if (family == AF_INET) {
        result = setsockopt(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &v4,
                            sizeof v4);
    } else {
        result =
            setsockopt(fd, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &v6, sizeof v6);
    }
    return result == 0 || errno == (join ? EADDRINUSE : EADDRNOTAVAIL);
}

/* One control message of this type, with these bytes. */
static void put_control(struct msghdr *message, int level, int type, const void *data, size_t len)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(control), data, len);
    message->msg_controllen = CMSG_SPACE(len);
}

bool qn_lan_socket_send(int fd, const struct qn_lan_interface *interface,
                        const struct qn_net_address *source, struct qn_span bytes)
{
    alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE] = {0};
    uint8_t copy[QN_LAN_BEACON_LEN];
    QN_ASSERT(bytes.len == sizeof copy);
    memcpy(copy, bytes.at, sizeof copy);
    struct iovec part = {.iov_base = copy, .iov_len = sizeof copy};
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(QN_LAN_PORT), .sin_addr = group_v4()};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(QN_LAN_PORT),
                              .sin6_addr = group_v6(),
                              .sin6_scope_id = interface->index};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    if (qn_net_address_is_v4(source)) {
        struct in_pktinfo from = {.ipi_ifindex = (int)interface->index};
        memcpy(&from.ipi_spec_dst, &source->ip[V4_AT], sizeof from.ipi_spec_dst);
        message.msg_name = &v4;
        message.msg_namelen = sizeof v4;
        put_control(&message, IPPROTO_IP, IP_PKTINFO, &from, sizeof from);
    } else {
        struct in6_pktinfo from = {.ipi6_ifindex = interface->index};
        memcpy(&from.ipi6_addr, source->ip, sizeof from.ipi6_addr);
        message.msg_name = &v6;
        message.msg_namelen = sizeof v6;
        put_control(&message, IPPROTO_IPV6, IPV6_PKTINFO, &from, sizeof from);
    }
    return sendmsg(fd, &message, 0) == (ssize_t)sizeof copy;
}

/* On which interface it came, if it was sent to the group. */
static bool read_control(unsigned *interface, struct msghdr *message, int family)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
        struct in_pktinfo v4;
        struct in6_pktinfo v6;
        struct in6_addr group = group_v6();
        if (family == AF_INET && at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
            memcpy(&v4, CMSG_DATA(at), sizeof v4);
            *interface = (unsigned)v4.ipi_ifindex;
            return v4.ipi_addr.s_addr == group_v4().s_addr;
        }
        if (family == AF_INET6 && at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
            memcpy(&v6, CMSG_DATA(at), sizeof v6);
            *interface = v6.ipi6_ifindex;
            return memcmp(&v6.ipi6_addr, &group, sizeof group) == 0;
        }
    }
    return false;
}

int qn_lan_socket_receive(int fd, int family, struct qn_lan_datagram *datagram)
{
    alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE];
    struct sockaddr_storage from = {0};
    struct qn_endpoint source;
    struct iovec part = {.iov_base = datagram->bytes, .iov_len = sizeof datagram->bytes};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t len = recvmsg(fd, &message, 0);
    if (len < 0) {
        return errno == EAGAIN ? 0 : -1;
    }
    datagram->len = (size_t)len;
    qn_socket_describe(&source, &from);
    bool is_whole = read_control(&datagram->interface, &message, family) &&
                    qn_net_address_parse(&datagram->source, &source);
    return is_whole ? 1 : -1;
}
