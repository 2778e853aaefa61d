/* What a node says into its local network, in one UDP datagram to a multicast group: who it is, of which network, and
 * at which TCP port it can be dialled. Nothing in it is signed: it is hearsay, and the identity is proven by
 * whoever answers a dial. All of them have one length, so that an answer is never longer than its question. */
#ifndef QN_LAN_H
#define QN_LAN_H

#include "crypto/hash.h"
#include "wire/types.h"

enum { QN_LAN_VERSION = 1, QN_LAN_BEACON_LEN = 79 };

/* {1: version, 2: asks, 3: network id, 4: node id, 5: port as two bytes, big-endian}. */
struct qn_lan_beacon {
    bool asks; /* everybody of this network is to say who he is */
    struct qn_network_id network;
    struct qn_node_id id;
    uint16_t port; /* 0: its sender cannot be dialled, and only asks */
};

void qn_lan_beacon_encode(uint8_t out[QN_LAN_BEACON_LEN], const struct qn_lan_beacon *beacon);
/* QN_ERR_MALFORMED, of another version too; *beacon untouched on error. */
QN_MUST_USE enum qn_err qn_lan_beacon_decode(struct qn_lan_beacon *beacon, struct qn_span bytes);

#endif
