/* Blocks of our own. */
#include "ledger/ledger_state.h"

enum {
    /* What a block has beside its header and transactions: heads of CBOR items. */
    BLOCK_OVERHEAD_LEN_MAX = 32,
    TX_OVERHEAD_LEN_MAX = 5,
};

struct selection {
    size_t count;
    struct qn_span txs[QN_BLOCK_TXS_MAX];
    struct qn_hash tx_ids[QN_BLOCK_TXS_MAX];
};

/* Those that are valid one after the other and fit; others are passed over, not an error. */
static void select_txs(struct selection *selection, struct qn_block_state *child,
                       const struct qn_genesis *genesis, qn_unix_ms time_ms,
                       const struct qn_span *txs, size_t tx_count)
{
    size_t room = QN_BLOCK_LEN_MAX - QN_HEADER_LEN_MAX - BLOCK_OVERHEAD_LEN_MAX;

    selection->count = 0;
    for (size_t i = 0; i < tx_count && selection->count < QN_BLOCK_TXS_MAX; i++) {
        size_t needed = txs[i].len + TX_OVERHEAD_LEN_MAX;
        struct qn_hash *tx_id = &selection->tx_ids[selection->count];
        *tx_id = qn_tx_id(txs[i]);
        if (needed > room ||
            qn_block_state_apply(child, genesis, time_ms, txs[i], tx_id) != QN_OK) {
            continue;
        }
        room -= needed;
        selection->txs[selection->count] = txs[i];
        selection->count += 1;
    }
}

enum qn_err qn_ledger_build(struct qn_ledger *ledger, struct qn_block **block,
                            const struct qn_hash *parent, const struct qn_span *txs,
                            size_t tx_count, qn_unix_ms time_ms)
{
    const struct qn_block_state *parent_state = qn_ledger_find_state(ledger, parent);
    struct selection selection;
    struct qn_header header;

    if (parent_state == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    if (time_ms < qn_block_time_min(parent_state)) {
        time_ms = qn_block_time_min(parent_state);
    }
    size_t capacity = tx_count < QN_BLOCK_TXS_MAX ? tx_count : QN_BLOCK_TXS_MAX;
    struct qn_block_state *child = qn_block_state_new(parent_state, capacity);
    select_txs(&selection, child, ledger->genesis, time_ms, txs, tx_count);
    qn_block_state_header(child, &header, ledger->genesis, selection.tx_ids, selection.count,
                          time_ms);
    qn_block_state_seal(child, &header);
    struct qn_block *built = qn_block_new(&header, selection.txs, selection.count);
    if (qn_ledger_knows(ledger, &built->id)) {
        qn_block_state_free(child);
        *block = built;
        return QN_OK;
    }
    child->block = qn_block_hold(built);
    enum qn_err err = qn_ledger_keep_state(ledger, child);
    if (err != QN_OK) {
        qn_block_drop(built);
        return err;
    }
    *block = built;
    return QN_OK;
}
