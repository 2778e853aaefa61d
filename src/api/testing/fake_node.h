/* A node whose state the test writes down: the reading functions of node/view.h and of the ledger, over
 * plain fields. Linked before the real ones, so the API's tests need no network behind it. */
#ifndef QN_API_TESTING_FAKE_NODE_H
#define QN_API_TESTING_FAKE_NODE_H

#include "node/view.h"
#include "wire/block.h"

enum {
    QN_FAKE_ENTRIES_MAX = 2500,
    QN_FAKE_PEERS_MAX = 4000,
    QN_FAKE_BLOCKS = 4, /* heights 0 to 3; 1 was pruned, 2 has no certificate of its own */
    QN_FAKE_VALIDATORS = 5,
    QN_FAKE_MOTIONS =
        3, /* a committee change approved by validators 0 and 2, a batch, a revocation */
};

struct qn_ledger {
    struct qn_genesis genesis;
    struct qn_validator validators[QN_FAKE_VALIDATORS];
    struct qn_header head;
    struct qn_hash head_id;
    struct qn_buf *blocks[QN_FAKE_BLOCKS];
    struct qn_buf *certs[QN_FAKE_BLOCKS];
    struct qn_hash tx_ids[3]; /* of the transactions in block 3: register, update, revoke */
    struct qn_buf *txs[3];
    size_t entry_count;
    struct qn_registry_entry *entries;
    struct qn_tree_node *tree;
};

struct qn_node {
    struct qn_node_status status;
    const char *halted; /* NULL: not */
    size_t missing_count;
    struct qn_ready_line missing[QN_READY_LINES_MAX];
    size_t peer_count;
    struct qn_node_peer *peers;
    struct qn_node_region regions[QN_REGION_COUNT];
    struct qn_node_balance balance;
    struct qn_samples samples[QN_TIMING_COUNT];
    struct qn_buf *record;
    struct qn_buf *motions[QN_FAKE_MOTIONS]; /* transactions */
    struct qn_ledger ledger;
};

/* What unix_ms of the fake host says. */
#define QN_FAKE_UNIX_MS 1800000000000U

/* Entry 1 has no end of validity and no endpoint, entry 2 is revoked, entry 3 has expired. */
struct qn_node *qn_fake_node_new(size_t entry_count, size_t peer_count);
void qn_fake_node_free(struct qn_node *node);

#endif
