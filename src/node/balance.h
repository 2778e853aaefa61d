/* Where peers go that a full node has no place for: what this node tells them, and what it makes of being told. */
#ifndef QN_NODE_BALANCE_H
#define QN_NODE_BALANCE_H

#include "node/state.h"

/* There is no place for the peer at the other end, which is of this region: it is told of others, if any
 * are known. GOODBYE is the caller's. */
void qn_node_redirect(struct qn_node *node, struct qn_link *link, enum qn_region region);
/* The load balancer gives this link up: likewise, and it closes. */
void qn_node_send_elsewhere(struct qn_node *node, qn_link_id link, enum qn_region region);
/* A peer names others and is about to close. */
void qn_node_on_redirect(struct qn_node *node, struct qn_link *link, struct qn_span bytes);

#endif
