/* The interfaces of this machine on which discovery speaks and listens: which are there now, from which address a
 * beacon goes out, and which addresses are of the same network. */
#ifndef QN_LAN_INTERFACES_H
#define QN_LAN_INTERFACES_H

#include "peer/net_address.h"

#include <net/if.h>

/* What they are chosen by. */
struct qn_lan_choice {
    size_t name_count; /* 0: all that are up and take multicast, but loopback */
    char names[QN_LAN_INTERFACES_MAX][IF_NAMESIZE];
    bool listens;
    struct qn_endpoint listen; /* only where it can be reached is anything said */
};

struct qn_lan_interface {
    unsigned index; /* the system's */
    char name[IF_NAMESIZE];
    bool is_loopback;
    bool has_v4; /* there is a private address that this node can be dialled at: */
    bool has_v6;
    struct qn_net_address v4;
    struct qn_net_address v6;
    size_t prefix_count; /* of its networks, both families */
    struct qn_net_prefix prefixes[QN_LAN_PREFIXES_MAX];
};

struct qn_lan_interfaces {
    size_t count;
    struct qn_lan_interface items[QN_LAN_INTERFACES_MAX];
};

/* Those that have at least one such address. Nothing if the system does not tell. */
void qn_lan_interfaces_read(struct qn_lan_interfaces *interfaces,
                            const struct qn_lan_choice *choice);
/* NULL: none of them has this index. */
const struct qn_lan_interface *qn_lan_interface_find(const struct qn_lan_interfaces *interfaces,
                                                     unsigned index);
bool qn_lan_interface_has(const struct qn_lan_interface *interface,
                          const struct qn_net_address *address);

#endif
