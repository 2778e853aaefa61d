/* The peer list of a node. A part of the node's state (node/state.h); peers.c works on it. */
#ifndef QN_NODE_PEERS_H
#define QN_NODE_PEERS_H

#include "node/link.h"
#include "peer/address_book.h"
#include "peer/peer_list.h"
#include "wire/announce.h"

struct qn_node;

struct qn_peers {
    struct qn_peer_list list;
    size_t rechecked;                               /* the last slot of the list that was */
    uint64_t bytes;                                 /* of frames, sent and received */
    struct qn_node_id anchors[QN_BOOK_ANCHORS_MAX]; /* that are marked in the list */
    size_t anchor_count;
    /* Usable registry entries by region: exact up to 1,024 entries, estimated from as many beyond. */
    uint64_t registered[QN_REGION_COUNT];
    uint64_t counted[QN_REGION_COUNT]; /* in the count that is under way, */
    uint64_t count_next;               /* and its next entry */
};

void qn_node_peers_init(struct qn_node *node);
void qn_node_peers_fini(struct qn_node *node);
/* A verified record. QN_ERR_STALE: older than what is held, or its signer is no longer usable; QN_ERR_FULL: the list
 * has no place for it. */
QN_MUST_USE enum qn_err qn_node_put_record(struct qn_node *node, const struct qn_record *record,
                                           struct qn_buf *bytes, uint8_t hops);
/* The record held of this id. False: none. */
bool qn_node_held_record(const struct qn_node *node, struct qn_record *record,
                         const struct qn_node_id *id);
/* A link became live, or what its peer's key is worth changed; a live link was forgotten. */
void qn_node_peers_on_live(struct qn_node *node, const struct qn_link *link);
void qn_node_peers_on_gone(struct qn_node *node, const struct qn_link *link);
/* The registry changed this identity. */
void qn_node_peers_on_change(struct qn_node *node, const struct qn_node_id *id);
/* Another committee. */
void qn_node_peers_on_committee(struct qn_node *node);
/* Of the registry: limits follow it. After each block that changes it, and each second. */
void qn_node_follow_size(struct qn_node *node);
void qn_node_poll_peers(struct qn_node *node);

#endif
