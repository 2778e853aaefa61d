/* Where others can reach this node: as its operator said, as the gateway's port mapping says, or, where nobody says,
 * as the peers see it (peer/own_address.h) and with the port that is listened on. It is what the node tells in HELLO
 * and in its signed record. A part of the node's state (node/state.h); reach.c works on it. */
#ifndef QN_NODE_REACH_H
#define QN_NODE_REACH_H

#include "node/event.h"
#include "peer/own_address.h"

/* In the order in which they are believed. */
enum qn_reach_source {
    QN_REACH_NONE,
    QN_REACH_PEERS,
    QN_REACH_MAPPED,
    QN_REACH_CONFIGURED,
};
/* "peers"; static. NONE: "none". */
const char *qn_reach_source_name(enum qn_reach_source source);

struct qn_reach {
    enum qn_reach_source source;
    uint8_t count; /* 0: nowhere */
    struct qn_endpoint endpoints[QN_ENDPOINTS_MAX];
};

/* At most so often does a record of ours follow what others say of us. */
#define QN_REACH_INTERVAL QN_SECONDS(60)

struct qn_node_reach {
    struct qn_reach told; /* by HELLO and record */
    struct qn_own_address own;
    struct qn_endpoint mapped; /* port 0: none */
    bool told_inner;           /* the operator knows that the gateway is behind another one */
    qn_time_us next_us;        /* no change of told before */
    uint64_t changes;          /* of it */
};

struct qn_node;
void qn_node_reach_init(struct qn_node *node);
void qn_node_on_mapped(struct qn_node *node, const struct qn_event *event);
/* Each second: asks the links, and tells others if something else is true now. */
void qn_node_poll_reach(struct qn_node *node);

#endif
