/* Transactions that a node makes by itself once it is registered: the renewal of its entry before it expires,
 * and evidence against validators that contradicted themselves. A part of the node's state (node/state.h);
 * own.c signs and submits them, renewal.c and evidence.c say what is in them. */
#ifndef QN_NODE_OWN_H
#define QN_NODE_OWN_H

#include "wire/transaction.h"

/* Places; whom there is none left for is reported by another validator, or later. */
enum {
    QN_OWN_RENEWAL,
    QN_OWN_EVIDENCE,
    QN_OWN_EVIDENCE_MAX = 8,
    QN_OWN_COUNT = QN_OWN_EVIDENCE + QN_OWN_EVIDENCE_MAX,
    QN_OWN_REGISTRATION = QN_OWN_COUNT, /* of a submission: not one of these (registration.c) */

    QN_OWN_FAILURES_MAX = 6, /* counted; each doubles the wait of one second before the next try */
};

enum qn_own_state {
    QN_OWN_FREE,
    QN_OWN_WAITING, /* for its time */
    QN_OWN_SIGNING,
    QN_OWN_SUBMITTED,
};

struct qn_own_tx {
    enum qn_own_state state;
    struct qn_buf *payload; /* SIGNING */
    qn_time_us next_try_us;
    unsigned failures; /* in a row */
    /* Evidence: */
    struct qn_node_id voter;
    enum qn_vote_kind vote_kinds[QN_TX_VOTES];
    struct qn_buf *votes[QN_TX_VOTES];
};

#endif
