/* Which committee votes on the next block, and what a node does when a block ends an epoch: it takes up
 * its new part, as validator or follower, with new objects for both; links, transactions and whoever waits
 * for them stay. */
#include "node/parts.h"

#include <stdlib.h>
#include <string.h>

static void load_committee(struct qn_node *node)
{
    node->epoch = qn_ledger_epoch(node->ledger);
    enum qn_err err = qn_ledger_validators_at(node->ledger, node->epoch, &node->committee, NULL);
    QN_ASSERT(err == QN_OK); /* the current one is always there */
    node->validator = qn_validator_index(&node->committee, &node->id);
}

static void make_follower(struct qn_node *node)
{
    struct qn_follower_config config = {.network = node->genesis->network,
                                        .epoch = node->epoch,
                                        .validators = &node->committee,
                                        .log = node->log,
                                        .final_height = qn_ledger_height(node->ledger),
                                        .final_id = qn_ledger_head_id(node->ledger)};
    node->follower = qn_follower_new(&config);
    node->blocks_request = 0; /* an answer to the one before is nobody's */
}

void qn_node_epoch_init(struct qn_node *node)
{
    load_committee(node);
    make_follower(node);
    qn_node_committee_init(node);
    qn_node_motions_init(node);
}

static void drop_objects(struct qn_node *node)
{
    qn_node_committee_fini(node);
    qn_follower_free(node->follower);
    qn_validator_set_fini(&node->committee);
    node->follower = NULL;
}

void qn_node_epoch_fini(struct qn_node *node)
{
    drop_objects(node);
    qn_node_motions_fini(node);
}

/* Blocks under check were asked for by the objects that are gone. */
static void drop_checks(struct qn_node *node)
{
    for (size_t i = 0; i < QN_BLOCK_CHECKS_MAX; i++) {
        struct qn_block_check *check = &node->checks[i];
        if (check->block != NULL) {
            qn_block_drop(check->block);
            check->block = NULL;
            check->generation += 1; /* late verifications are for nobody */
        }
    }
}

/* Every link gets its index in the new committee, and its new consensus object hears of it. */
static void seat_links(struct qn_node *node)
{
    memset(node->validator_links, 0, sizeof node->validator_links);
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        if (link->id == 0) {
            continue;
        }
        link->validator = qn_validator_index(&node->committee, &link->peer);
        if (link->live) {
            qn_node_committee_link(node, link, true);
            qn_liveness_doubt(&link->liveness,
                              node->now); /* asked each second, if both ends vote */
            qn_node_watch_link(node, link);
        }
    }
}

static void take_over(struct qn_node *node)
{
    struct qn_validator_set before = node->committee;
    bool was_member = node->validator >= 0;
    node->committee = (struct qn_validator_set){0};
    drop_objects(node);
    drop_checks(node);
    qn_node_motions_clear(node);
    load_committee(node);
    node->generation += 1;
    make_follower(node);
    qn_node_committee_init(node);
    qn_log(node->log, QN_LOG_INFO, "epoch", "begin", "epoch=%llu height=%llu validators=%u self=%d",
           (unsigned long long)node->epoch, (unsigned long long)qn_ledger_height(node->ledger),
           node->committee.count, node->validator);
    seat_links(node);
    qn_node_recheck_links(node); /* members do not expire */
    qn_node_peers_on_committee(node);
    if (node->own_record != NULL && was_member != (node->validator >= 0)) {
        qn_node_make_record(node); /* which tells its role */
    }
    qn_node_dial_committee(node);
    qn_node_poll_gate(node);
    qn_node_pass_on_txs(node, &before, was_member);
    qn_node_tell_pending(node);
    qn_node_sync_with_all(node);
    qn_validator_set_fini(&before);
}

void qn_node_follow_epoch(struct qn_node *node)
{
    if (node->epoch_ended) {
        node->epoch_ended = false;
        take_over(node);
    }
}
