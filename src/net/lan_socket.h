/* The multicast sockets of discovery, one for each family: they belong to a group on chosen interfaces, and take
 * nothing but what is sent to that group. Non-blocking, closed on exec. */
#ifndef QN_LAN_SOCKET_H
#define QN_LAN_SOCKET_H

#include "net/lan_interfaces.h"
#include "wire/lan.h"

#include <sys/types.h>

#define QN_LAN_GROUP_V4 "239.255.98.76" /* RFC 2365: the IPv4 local scope */
#define QN_LAN_GROUP_V6 "ff12::9876"    /* RFC 4291: transient, link-local */
#define QN_LAN_PORT 9876                /* UDP */

/* A descriptor; -1: errno says why. Several programs may have one at the same time. */
int qn_lan_socket_open(int family);
/* Into the group, or out of it; again and again does no harm. False: errno says why. */
bool qn_lan_socket_join(int fd, int family, unsigned interface, bool join);
/* From this address of this interface to the group, one hop far. False: errno says why. */
bool qn_lan_socket_send(int fd, const struct qn_lan_interface *interface,
                        const struct qn_net_address *source, struct qn_span bytes);

struct qn_lan_datagram {
    unsigned interface; /* on which it came */
    struct qn_net_address source;
    size_t len;
    uint8_t bytes[QN_LAN_BEACON_LEN + 1]; /* one more, so that what is longer is no beacon */
};
/* 1: one; 0: none is waiting; -1: one that was not sent to the group, or errno. */
int qn_lan_socket_receive(int fd, int family, struct qn_lan_datagram *datagram);

#endif
