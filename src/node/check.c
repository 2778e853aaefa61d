/* A block is verified and executed for consensus or for block sync: first the signatures of those of its
 * transactions that our mempool did not verify already, then the ledger. A block that storage is too far
 * behind for waits: it cannot be committed before it is executed, so no commit is too far ahead either. */
#include "node/parts.h"

static void answer(struct qn_node *node, struct qn_block_check *check)
{
    struct qn_block *block = check->block;
    enum qn_err verdict = check->verdict;
    if (verdict == QN_OK) {
        verdict = qn_ledger_execute(node->ledger, block, check->certified ? 0 : node->unix_ms);
    }
    check->block = NULL;
    check->generation += 1;
    if (verdict != QN_OK) {
        qn_log(node->log, QN_LOG_WARN, "block", "invalid", "height=%llu reason=%s",
               (unsigned long long)block->header.height, qn_err_name(verdict));
    }
    qn_block_drop(block);
    if (check->owner == QN_OWNER_CONSENSUS) {
        qn_consensus_on_checked(node->consensus, &node->consensus_actions, check->cookie, verdict,
                                node->now);
        qn_node_drain_consensus(node);
    } else {
        qn_follower_on_checked(node->follower, &node->follower_actions, check->cookie, verdict,
                               node->now);
        qn_node_drain_follower(node);
    }
}

static uint64_t job_cookie(const struct qn_node *node, const struct qn_block_check *check)
{
    return ((uint64_t)check->generation << 32) | (uint64_t)(check - node->checks);
}

static void verify_tx(struct qn_node *node, struct qn_block_check *check, size_t index)
{
    struct qn_span tx = check->block->txs[index];
    struct qn_tx_checks checks;
    if (qn_mempool_has(node->mempool, &qn_block_tx_ids(check->block)[index])) {
        return;
    }
    check->verdict = qn_ledger_tx_checks(node->ledger, &checks, &check->block->header.parent, tx);
    if (check->verdict == QN_OK) {
        check->jobs_left +=
            qn_node_verify_tx(node, QN_OWNER_CHECK, job_cookie(node, check), &checks);
    }
}

static struct qn_block_check *free_check(struct qn_node *node)
{
    for (size_t i = 0; i < QN_BLOCK_CHECKS_MAX; i++) {
        if (node->checks[i].block == NULL) {
            return &node->checks[i];
        }
    }
    return NULL;
}

static void begin(struct qn_node *node, struct qn_block_check *check)
{
    check->waits = false;
    for (size_t i = 0; check->verdict == QN_OK && i < check->block->tx_count; i++) {
        verify_tx(node, check, i);
    }
    if (check->jobs_left == 0 || check->verdict != QN_OK) {
        answer(node, check);
    }
}

void qn_node_check_block(struct qn_node *node, struct qn_block *block, enum qn_owner owner,
                         uint64_t cookie, bool certified)
{
    struct qn_block_check full = {.verdict = QN_ERR_BUSY};
    struct qn_block_check *check = free_check(node);
    bool is_full = check == NULL;
    check = is_full ? &full : check;
    check->block = qn_block_hold(block);
    check->owner = owner;
    check->cookie = cookie;
    check->certified = certified;
    check->jobs_left = 0;
    check->verdict = is_full ? QN_ERR_BUSY : QN_OK;
    check->waits = !is_full && !qn_node_may_execute(node, block->header.height);
    if (!check->waits) {
        begin(node, check);
    }
}

void qn_node_go_on_checking(struct qn_node *node)
{
    for (size_t i = 0; i < QN_BLOCK_CHECKS_MAX; i++) {
        struct qn_block_check *check = &node->checks[i];
        if (check->block != NULL && check->waits &&
            qn_node_may_execute(node, check->block->header.height)) {
            begin(node, check);
        }
    }
}

void qn_node_on_check_verified(struct qn_node *node, struct qn_verify_job *job)
{
    struct qn_block_check *check = &node->checks[job->cookie & UINT32_MAX];
    if (check->block == NULL || check->generation != job->cookie >> 32) {
        return; /* another signature decided it already */
    }
    check->jobs_left -= 1;
    if (!job->ok) {
        check->verdict = qn_verify_job_verdict(job);
    }
    if (check->jobs_left == 0 || check->verdict != QN_OK) {
        answer(node, check);
    }
}
