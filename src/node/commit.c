/* A block became final: the ledger moves on at once, answers and news go out when it is durable. */
#include "node/parts.h"

#include <stdlib.h>

static struct qn_pending_commit *take_free(struct qn_node *node)
{
    struct qn_pending_commit *pending = node->commits_free;
    if (pending != NULL) {
        node->commits_free = pending->next;
    } else {
        pending = malloc(sizeof *pending);
        QN_ASSERT(pending != NULL);
    }
    pending->next = NULL;
    return pending;
}

void qn_node_commit(struct qn_node *node, struct qn_block *block, struct qn_buf *cert)
{
    if (!qn_ledger_knows(node->ledger, &block->id)) {
        enum qn_err err = qn_ledger_execute(node->ledger, block, 0);
        QN_ASSERT(err == QN_OK); /* final by a quorum: to differ from it is to stop */
    }
    struct qn_pending_commit *pending = take_free(node);
    qn_ledger_commit(node->ledger, &pending->commit, &block->id, cert);
    node->next_cookie += 1;
    pending->cookie = node->next_cookie;
    *node->commits_last = pending;
    node->commits_last = &pending->next;
    node->epoch_ended = node->epoch_ended || pending->commit.epoch_end;
    node->counters.blocks_committed += 1;
    node->counters.txs_committed += pending->commit.change_count;
    qn_log(node->log, pending->commit.change_count > 0 ? QN_LOG_INFO : QN_LOG_DEBUG, "ledger",
           "commit", "height=%llu transactions=%zu", (unsigned long long)pending->commit.height,
           pending->commit.change_count);
    for (size_t i = 0; i < pending->commit.change_count; i++) {
        qn_mempool_remove(node->mempool, &pending->commit.changes[i].tx_id);
    }
    qn_node_motions_on_commit(node, block, &pending->commit);
    qn_node_persist(node, QN_OWNER_COMMIT, pending->cookie, pending->commit.batch);
    pending->commit.batch = NULL; /* the runtime's now */
}

static void tell_head(struct qn_node *node)
{
    struct qn_head head = {.height = qn_ledger_height(node->ledger),
                           .block_id = qn_ledger_head_id(node->ledger)};
    /* The end of an epoch is news to the next committee as well: not all of it heard the votes. */
    bool for_all = (qn_ledger_head(node->ledger)->flags & QN_HEADER_EPOCH_END) != 0;
    struct qn_buf *bytes = qn_head_encode(&head);
    for (size_t i = 0; i < node->links_capacity; i++) {
        struct qn_link *link = &node->links[i];
        /* Who told us this height, or a higher one, does not need to hear it. */
        bool wanted = link->id != 0 && link->live && (link->validator < 0 || for_all) &&
                      link->standing != QN_STANDING_UNREGISTERED && link->head_height < head.height;
        if (wanted) {
            qn_node_send(node, link, QN_HEAD, 0, qn_buf_hold(bytes));
        }
    }
    qn_buf_drop(bytes);
}

static void publish(struct qn_node *node, const struct qn_ledger_commit *commit)
{
    for (size_t i = 0; i < commit->change_count; i++) {
        const struct qn_ledger_change *change = &commit->changes[i];
        qn_node_records_on_change(node, change);
        qn_node_recheck_peer(node, &change->id);
        if (change->kind == QN_TX_ROTATE) {
            qn_node_recheck_peer(node, &change->successor);
        }
    }
    if (commit->change_count > 0) {
        qn_node_follow_size(node);
    }
    qn_node_submissions_on_commit(node, commit);
}

void qn_node_on_commit_persisted(struct qn_node *node, uint64_t cookie)
{
    struct qn_pending_commit *pending = node->commits_first;
    QN_ASSERT(pending != NULL && pending->cookie == cookie); /* writes end in order */
    node->commits_first = pending->next;
    if (node->commits_first == NULL) {
        node->commits_last = &node->commits_first;
    }
    publish(node, &pending->commit);
    pending->next = node->commits_free;
    node->commits_free = pending;
    if (node->commits_first == NULL) { /* in catch-up only the last head is news */
        tell_head(node);
        qn_node_tell_pending(node);
    }
    qn_node_go_on_checking(node);
}

bool qn_node_may_execute(const struct qn_node *node, uint64_t height)
{
    uint64_t durable = node->commits_first != NULL ? node->commits_first->commit.height - 1
                                                   : qn_ledger_height(node->ledger);
    return height <= durable + QN_LEDGER_RECENT_MAX;
}

bool qn_node_is_durable(const struct qn_node *node, uint64_t height)
{
    return node->commits_first == NULL || height < node->commits_first->commit.height;
}
