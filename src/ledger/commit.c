/* A block becomes final: the tip moves, and what storage needs to follow goes into a batch. */
#include "ledger/history_store.h"
#include "ledger/ledger_state.h"
#include "ledger/store_keys.h"

/* Takes over the reference to value. */
static void put(struct qn_batch *batch, struct qn_store_key key, struct qn_buf *value)
{
    qn_batch_put(batch, qn_store_key_span(&key), value);
    qn_buf_drop(value);
}

static void put_leaf(struct qn_batch *batch, const struct qn_state *state,
                     const struct qn_hash *key)
{
    struct qn_buf *extra = NULL;
    const struct qn_buf *value = qn_tree_get(state->tree, key, &extra);

    QN_ASSERT(value != NULL);
    struct qn_store_leaf leaf = {.value = qn_buf_span(value)};
    if (extra != NULL) {
        leaf.extra = qn_buf_span(extra);
    }
    put(batch, qn_store_key_hash(QN_STORE_LEAF, key), qn_store_leaf_encode(&leaf));
}

static void put_change(struct qn_batch *batch, const struct qn_block_state *block,
                       const struct qn_ledger_change *change)
{
    struct qn_store_tx tx = {block->block->header.height, change->index};

    put(batch, qn_store_key_hash(QN_STORE_TX, &change->tx_id), qn_store_tx_encode(&tx));
}

/* The committee of the epoch that begins after this block. */
static void put_epoch(struct qn_batch *batch, const struct qn_committee *committee)
{
    struct qn_store_epoch epoch = {.first_height = committee->first_height, .set = committee->set};

    put(batch, qn_store_key_height(QN_STORE_EPOCH, committee->epoch),
        qn_store_epoch_encode(&epoch));
}

static bool ends_epoch(const struct qn_block_state *block)
{
    return (block->block->header.flags & QN_HEADER_EPOCH_END) != 0;
}

static void put_block(struct qn_batch *batch, const struct qn_block_state *block)
{
    uint64_t height = block->block->header.height;

    put(batch, qn_store_key_height(QN_STORE_BLOCK, height), qn_buf_hold(block->block->encoded));
    if (block->cert != NULL) {
        put(batch, qn_store_key_height(QN_STORE_CERT, height), qn_buf_hold(block->cert));
    }
    for (size_t i = 0; i < block->change_count; i++) {
        put_change(batch, block, &block->changes[i]);
    }
    for (size_t i = 0; i < block->state.touched_count; i++) {
        put_leaf(batch, &block->state, &block->state.touched[i]);
    }
    if (ends_epoch(block)) {
        put_epoch(batch, block->committee);
    }
}

/* Forgets the transactions of the oldest block that has any, if enough are left without them. False: done
 * for now. */
static bool prune_txs_once(struct qn_ledger *ledger, struct qn_batch *batch)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, ledger->tx_first_height);
    struct qn_buf *bytes = NULL;
    struct qn_block *block = NULL;

    if (ledger->tx_count <= QN_LEDGER_TXS_KEPT) {
        return false;
    }
    if (ledger->tx_first_height > 0) { /* block 0 has none */
        if (ledger->storage->get(ledger->storage->context, &bytes, qn_store_key_span(&key)) !=
            QN_OK) {
            return false;
        }
        enum qn_err err = qn_block_decode(&block, qn_buf_span(bytes));
        qn_buf_drop(bytes);
        if (err != QN_OK || ledger->tx_count - block->tx_count < QN_LEDGER_TXS_KEPT) {
            qn_block_drop(block);
            return false;
        }
        for (size_t i = 0; i < block->tx_count; i++) {
            struct qn_store_key tx_key = qn_store_key_hash(QN_STORE_TX, &qn_block_tx_ids(block)[i]);
            qn_batch_delete(batch, qn_store_key_span(&tx_key));
        }
        ledger->tx_count -= block->tx_count;
        qn_block_drop(block);
    }
    ledger->tx_first_height += 1;
    return true;
}

static void prune_txs(struct qn_ledger *ledger, struct qn_batch *batch)
{
    for (size_t step = 0; step < QN_LEDGER_PRUNE_STEPS; step++) {
        if (!prune_txs_once(ledger, batch)) {
            return;
        }
    }
}

static bool visit_first_cert(void *context, struct qn_span key, struct qn_buf *value)
{
    uint64_t *height = context;

    (void)value;
    if (!qn_store_key_is_height(height, QN_STORE_CERT, key)) {
        *height = UINT64_MAX;
    }
    return false;
}

/* What cannot be read may be one: nobody could follow the committees without its certificate. */
static bool may_end_epoch(const struct qn_ledger *ledger, uint64_t height)
{
    struct qn_store_key key = qn_store_key_height(QN_STORE_BLOCK, height);
    struct qn_buf *bytes = NULL;
    struct qn_block *block = NULL;

    if (ledger->storage->get(ledger->storage->context, &bytes, qn_store_key_span(&key)) != QN_OK) {
        return true;
    }
    enum qn_err err = qn_block_decode(&block, qn_buf_span(bytes));
    bool may = err != QN_OK || (block->header.flags & QN_HEADER_EPOCH_END) != 0;
    qn_block_drop(block);
    qn_buf_drop(bytes);
    return may;
}

/* Of the blocks that are no longer among the last ones, the first certificate of each stride stays, and those
 * of blocks that end an epoch. */
static void prune_cert(const struct qn_ledger *ledger, struct qn_batch *batch, uint64_t tip_height)
{
    if (tip_height < QN_LEDGER_CERTS_KEPT) {
        return;
    }
    uint64_t height = tip_height - QN_LEDGER_CERTS_KEPT;
    uint64_t first = UINT64_MAX;
    struct qn_store_key from =
        qn_store_key_height(QN_STORE_CERT, height - height % QN_LEDGER_CERT_STRIDE);
    enum qn_err err = ledger->storage->walk(ledger->storage->context, qn_store_key_span(&from),
                                            visit_first_cert, &first);
    if (err == QN_OK && first < height && !may_end_epoch(ledger, height)) {
        struct qn_store_key key = qn_store_key_height(QN_STORE_CERT, height);
        qn_batch_delete(batch, qn_store_key_span(&key));
    }
}

static void put_head(const struct qn_ledger *ledger, struct qn_batch *batch,
                     const struct qn_block_state *block)
{
    struct qn_store_head head = {
        .height = block->block->header.height,
        .block_id = block->block->id,
        .history = block->history,
        .tx_count = ledger->tx_count,
        .tx_first_height = ledger->tx_first_height,
    };

    put(batch, qn_store_key_kind(QN_STORE_HEAD), qn_store_head_encode(&head));
}

static void tell_changes(struct qn_ledger_commit *commit, const struct qn_block_state *block)
{
    commit->height = block->block->header.height;
    commit->block_id = block->block->id;
    commit->epoch_end = ends_epoch(block);
    commit->change_count = block->change_count;
    for (size_t i = 0; i < block->change_count; i++) {
        commit->changes[i] = block->changes[i];
    }
}

void qn_ledger_commit(struct qn_ledger *ledger, struct qn_ledger_commit *commit,
                      const struct qn_hash *block_id, struct qn_buf *cert)
{
    struct qn_block_state *block = qn_ledger_find_state(ledger, block_id);

    QN_ASSERT(block != NULL && block->parent == ledger->tip);
    block->cert = cert == NULL ? NULL : qn_buf_hold(cert);
    for (size_t i = 0; i < block->change_count; i++) {
        const struct qn_ledger_change *change = &block->changes[i];
        if (change->kind == QN_TX_REGISTER) {
            qn_id_table_put(&ledger->ids, change->index, &change->id);
        } else if (change->kind == QN_TX_ROTATE) {
            qn_id_table_put(&ledger->ids, change->index, &change->successor);
        }
    }
    ledger->tx_count += block->change_count;

    struct qn_batch *batch = qn_batch_new();
    put_block(batch, block);
    qn_history_put(batch, &block->history, &block->block->id);
    qn_past_note(ledger->past, batch, block->block->header.height, ledger->tip->state.tree,
                 block->state.touched, block->state.touched_count);
    prune_txs(ledger, batch);
    prune_cert(ledger, batch, block->block->header.height);
    put_head(ledger, batch, block);
    tell_changes(commit, block);
    commit->batch = batch;
    qn_ledger_set_tip(ledger, block);
    qn_ledger_note_checkpoint(ledger);
}
