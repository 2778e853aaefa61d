#include "ledger/block_state.h"

#include "base/pool.h"
#include "ledger/merkle.h"
#include "ledger/rules.h"

static struct qn_block_state *allocate(size_t change_capacity)
{
    struct qn_block_state *child = qn_pool_take_zeroed(sizeof *child);

    if (change_capacity > 0) {
        child->changes = qn_pool_take_zeroed(change_capacity * sizeof *child->changes);
        child->change_capacity = change_capacity;
    }
    return child;
}

struct qn_block_state *qn_block_state_new(const struct qn_block_state *parent,
                                          size_t change_capacity)
{
    struct qn_block_state *child = allocate(change_capacity);

    child->parent = parent;
    qn_state_copy(&child->state, &parent->state);
    child->committee = qn_committee_hold(parent->committee);
    child->history = parent->history;
    qn_history_append(&child->history, &parent->block->id);
    return child;
}

struct qn_block_state *qn_block_state_new_genesis(const struct qn_genesis *genesis)
{
    struct qn_block_state *first = allocate(0);

    first->committee = qn_committee_new_genesis(genesis);
    qn_state_init_genesis(&first->state, genesis);
    qn_committee_put(first->committee, &first->state);
    struct qn_header header = {
        .version = 1,
        .network = genesis->network,
        .state_root = qn_tree_root(first->state.tree),
        .history_root = qn_history_root(&first->history),
        .validators_hash = first->committee->hash,
        .next_validators_hash = first->committee->hash,
        .time_ms = genesis->time_ms,
    };
    first->block = qn_block_new(&header, NULL, 0);
    return first;
}

void qn_block_state_free(struct qn_block_state *child)
{
    if (child == NULL) {
        return;
    }
    qn_block_drop(child->block);
    qn_buf_drop(child->cert);
    qn_state_fini(&child->state);
    qn_committee_drop(child->committee);
    qn_pool_give(child->changes, child->change_capacity * sizeof *child->changes);
    qn_pool_give(child, sizeof *child);
}

qn_unix_ms qn_block_time_min(const struct qn_block_state *parent)
{
    return parent->block->header.time_ms + 1;
}

static void note_change(struct qn_block_state *child, const struct qn_effect *effect,
                        enum qn_tx_kind kind, const struct qn_hash *tx_id)
{
    QN_ASSERT(child->change_count < child->change_capacity);
    child->changes[child->change_count] = (struct qn_ledger_change){
        .tx_id = *tx_id,
        .kind = kind,
        .in_effect = effect->in_effect,
        .id = effect->entry.id,
        .index = effect->entry.index,
        .successor = effect->successor.id,
    };
    child->change_count += 1;
}

enum qn_err qn_block_state_apply(struct qn_block_state *child, const struct qn_genesis *genesis,
                                 qn_unix_ms time_ms, struct qn_span tx_bytes,
                                 const struct qn_hash *tx_id)
{
    struct qn_tx tx;
    struct qn_signed envelope;
    struct qn_effect effect;
    struct qn_rule_view view = {
        .genesis = genesis,
        .state = &child->state,
        .committee = child->parent->committee,
        .committee_ends = child->committee != child->parent->committee,
        .height = child->history.count,
        .time_ms = time_ms,
        .expires_ms_max = time_ms + QN_TX_LIFETIME_MS_MAX,
    };
    enum qn_err err = qn_tx_decode(&tx, &envelope, tx_bytes);

    if (err == QN_OK) {
        err = qn_rule_check(&view, &effect, &tx);
    }
    if (err == QN_OK) {
        qn_rule_apply(&child->state, &child->committee, &effect, &tx, view.height);
        note_change(child, &effect, tx.kind, tx_id);
    }
    return err;
}

struct qn_hash qn_block_tx_root(const struct qn_hash *tx_ids, size_t tx_count)
{
    struct qn_hash leaves[QN_BLOCK_TXS_MAX];

    QN_ASSERT(tx_count <= QN_BLOCK_TXS_MAX);
    for (size_t i = 0; i < tx_count; i++) {
        leaves[i] = qn_merkle_leaf((struct qn_span){tx_ids[i].bytes, sizeof tx_ids[i].bytes});
    }
    return qn_merkle_root(leaves, tx_count);
}

void qn_block_state_header(const struct qn_block_state *child, struct qn_header *header,
                           const struct qn_genesis *genesis, const struct qn_hash *tx_ids,
                           size_t tx_count, qn_unix_ms time_ms)
{
    const struct qn_block *parent = child->parent->block;
    const struct qn_committee *committee = child->parent->committee;

    *header = (struct qn_header){
        .version = 1,
        .network = genesis->network,
        .epoch = committee->epoch,
        .height = child->history.count,
        .parent = parent->id,
        .tx_root = qn_block_tx_root(tx_ids, tx_count),
        .history_root = qn_history_root(&child->history),
        .validators_hash = committee->hash,
        .time_ms = time_ms,
    };
}

void qn_block_state_seal(struct qn_block_state *child, struct qn_header *header)
{
    const struct qn_counters *before = &child->parent->state.counters;
    const struct qn_counters *after = &child->state.counters;

    if (before->next_index != after->next_index || before->active_count != after->active_count) {
        qn_state_put_counters(&child->state);
    }
    header->next_validators_hash = child->committee->hash;
    header->flags = child->committee == child->parent->committee ? 0 : QN_HEADER_EPOCH_END;
    header->state_root = qn_tree_root(child->state.tree);
}
