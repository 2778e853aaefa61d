/* Motions of the committee that wait for approval, so that members can see and approve them. The ledger alone
 * decides what takes effect; this is what a node shows. A part of the node's state (node/state.h). */
#ifndef QN_NODE_MOTIONS_H
#define QN_NODE_MOTIONS_H

#include "node/view.h"

struct qn_motions {
    size_t count;
    struct {
        struct qn_node_motion motion; /* tx: of bytes */
        struct qn_buf *bytes;
    } items[QN_NODE_MOTIONS_MAX];
};

#endif
