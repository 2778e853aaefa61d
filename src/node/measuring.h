/* How a node measures its links, what it tells those who ask, and where that puts it. A part of the node's state
 * (node/state.h); measuring.c works on it. */
#ifndef QN_NODE_MEASURING_H
#define QN_NODE_MEASURING_H

#include "node/regions.h"
#include "peer/coordinates.h"
#include "peer/measured.h"

struct qn_node_measuring {
    uint64_t nonce_key[2]; /* of the nonces of pings */
    uint64_t nonce_count;
    struct qn_position position;
    struct qn_measured measured;
    struct qn_node_regions_state regions;
};

struct qn_node;
struct qn_link;
void qn_node_measuring_init(struct qn_node *node);
void qn_node_measuring_fini(struct qn_node *node);
/* For the next PING. */
uint64_t qn_node_ping_nonce(struct qn_node *node);
void qn_node_on_pong(struct qn_node *node, struct qn_link *link, struct qn_span bytes);
void qn_node_on_get_rtt(struct qn_node *node, struct qn_link *link, uint32_t request_id,
                        struct qn_span bytes);

#endif
