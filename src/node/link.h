/* A link as the node holds it: from TLS done, through HELLO and standing, to GOODBYE. A part of the node's
 * state (node/state.h); links.c works on it. */
#ifndef QN_NODE_LINK_H
#define QN_NODE_LINK_H

#include "node/allowance.h"
#include "node/event.h"
#include "node/snapshot.h"
#include "peer/admission.h"
#include "peer/liveness.h"
#include "peer/token_bucket.h"
#include "wire/control.h"

struct qn_link {
    qn_link_id id; /* 0: free slot */
    bool live;     /* HELLO taken, standing good */
    bool outbound;
    bool said_hello; /* ours went out */
    qn_dial_id dial;
    struct qn_node_id peer;
    enum qn_standing standing;
    int validator; /* index in the committee, -1: none */
    struct qn_endpoint remote;
    uint32_t version;      /* of the protocol, the highest both speak; the oldest until HELLO */
    struct qn_hello hello; /* valid when live */
    struct qn_net_address seen; /* where the peer sees this node; port 0: it did not say */
    uint64_t head_height;
    struct qn_liveness liveness;
    struct qn_token_bucket tokens;
    struct qn_allowance allowance; /* counts for strangers only */
    uint32_t excess;               /* messages beyond them */
    struct qn_snapshot_source snapshot;
    qn_time_us up_us;
};

#endif
