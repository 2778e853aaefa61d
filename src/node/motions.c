/* Which motions are open: learned from the blocks of this epoch, forgotten when they take effect, expire or
 * the epoch ends. */
#include "node/motions.h"

#include "ledger/block_state.h"
#include "node/parts.h"

#include <string.h>

/* A motion lives an hour at most: so many blocks of an epoch are read again when a node starts. */
enum { BLOCKS_READ_MAX = 1024 };

static void forget(struct qn_motions *motions, size_t index)
{
    qn_buf_drop(motions->items[index].bytes);
    motions->count -= 1;
    memmove(&motions->items[index], &motions->items[index + 1],
            (motions->count - index) * sizeof motions->items[0]);
}

void qn_node_motions_clear(struct qn_node *node)
{
    while (node->motions.count > 0) {
        forget(&node->motions, node->motions.count - 1);
    }
}

void qn_node_motions_fini(struct qn_node *node)
{
    qn_node_motions_clear(node);
}

void qn_node_poll_motions(struct qn_node *node)
{
    for (size_t i = node->motions.count; i > 0; i--) {
        if (node->motions.items[i - 1].motion.expires_ms <= node->unix_ms) {
            forget(&node->motions, i - 1);
        }
    }
}

static size_t find(const struct qn_motions *motions, const struct qn_hash *id)
{
    size_t i = 0;
    while (i < motions->count && !qn_hash_equal(&motions->items[i].motion.id, id)) {
        i++;
    }
    return i;
}

/* The place of a motion that is new; the oldest gives way. */
static size_t add(struct qn_motions *motions, const struct qn_hash *id, const struct qn_tx *tx,
                  struct qn_span bytes, uint64_t height)
{
    if (motions->count == QN_NODE_MOTIONS_MAX) {
        forget(motions, 0);
    }
    size_t i = motions->count++;
    motions->items[i].bytes = qn_buf_copy(bytes);
    motions->items[i].motion = (struct qn_node_motion){.id = *id,
                                                       .height = height,
                                                       .expires_ms = tx->expires_ms,
                                                       .tx = qn_buf_span(motions->items[i].bytes)};
    return i;
}

static void approve(struct qn_node *node, const struct qn_tx *tx, struct qn_span bytes,
                    uint64_t height)
{
    struct qn_motions *motions = &node->motions;
    struct qn_hash id = qn_tx_motion_hash(tx, node->epoch);
    size_t i = find(motions, &id);
    if (i == motions->count) {
        i = add(motions, &id, tx, bytes, height);
    }
    struct qn_node_motion *motion = &motions->items[i].motion;
    int member = qn_validator_index(&node->committee, qn_tx_signer(tx));
    if (member >= 0 && (motion->approvals[member / 8] >> member % 8 & 1) == 0) {
        motion->approvals[member / 8] |= (uint8_t)(1U << member % 8);
        motion->approval_count += 1;
    }
    if (motion->approval_count >= qn_quorum(node->committee.count)) {
        forget(motions, i); /* in effect */
    }
}

static void read_block(struct qn_node *node, const struct qn_block *block)
{
    for (size_t i = 0; i < block->tx_count; i++) {
        struct qn_tx tx;
        struct qn_signed envelope;
        enum qn_err err = qn_tx_decode(&tx, &envelope, block->txs[i]);
        QN_ASSERT(err == QN_OK); /* it was executed */
        if (qn_tx_is_motion(&tx) && tx.expires_ms > node->unix_ms) {
            approve(node, &tx, block->txs[i], block->header.height);
        }
    }
}

static bool is_motion_kind(enum qn_tx_kind kind)
{
    return kind == QN_TX_REVOKE || kind == QN_TX_ISSUE || kind == QN_TX_VALIDATORS;
}

void qn_node_motions_on_commit(struct qn_node *node, const struct qn_block *block,
                               const struct qn_ledger_commit *commit)
{
    for (size_t i = 0; i < commit->change_count; i++) {
        if (is_motion_kind(commit->changes[i].kind)) {
            read_block(node, block);
            return;
        }
    }
}

/* Storage may have changed what was written: what is no block, or not with these transactions, ends the node. */
static void read_stored(struct qn_node *node, struct qn_span bytes)
{
    struct qn_block *block = NULL;
    if (qn_block_decode(&block, bytes) != QN_OK) {
        qn_node_on_corrupt_storage(node);
        return;
    }
    struct qn_hash tx_root = qn_block_tx_root(qn_block_tx_ids(block), block->tx_count);
    if (!qn_hash_equal(&tx_root, &block->header.tx_root)) {
        qn_node_on_corrupt_storage(node);
    } else if (block->header.epoch == node->epoch) {
        read_block(node, block);
    }
    qn_block_drop(block);
}

void qn_node_motions_init(struct qn_node *node)
{
    uint64_t head = qn_ledger_height(node->ledger);
    uint64_t first = head < BLOCKS_READ_MAX ? 1 : head - BLOCKS_READ_MAX + 1;
    for (uint64_t height = first; height <= head; height++) {
        struct qn_buf *bytes = NULL;
        struct qn_buf *cert = NULL;
        if (qn_ledger_block(node->ledger, &bytes, &cert, height) != QN_OK) {
            continue; /* pruned, or before a snapshot */
        }
        read_stored(node, qn_buf_span(bytes));
        qn_buf_drop(bytes);
        qn_buf_drop(cert);
    }
}

size_t qn_node_motion_count(const struct qn_node *node)
{
    return node->motions.count;
}

void qn_node_motion_at(const struct qn_node *node, size_t index, struct qn_node_motion *motion)
{
    QN_ASSERT(index < node->motions.count);
    *motion = node->motions.items[index].motion;
}
