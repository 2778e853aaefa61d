/* Blocks of others: everything checked again, from the header's fields to the state's root. */
#include "ledger/ledger_state.h"

/* No transaction twice: the rules would refuse most repeats, this refuses them all and says so. */
static enum qn_err check_txs(const struct qn_block *block)
{
    if (block->tx_count > QN_BLOCK_TXS_MAX || block->encoded->len > QN_BLOCK_LEN_MAX) {
        return QN_ERR_TOO_BIG;
    }
    for (size_t i = 0; i < block->tx_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (qn_span_equal(block->txs[i], block->txs[j])) {
                return QN_ERR_DUPLICATE;
            }
        }
    }
    return QN_OK;
}

/* The header's own claims, as far as the parent and the transactions decide them. */
static enum qn_err check_header(const struct qn_header *header, const struct qn_header *expected)
{
    if (header->version != expected->version) {
        return QN_ERR_WRONG_VERSION;
    }
    if (!qn_network_id_equal(&header->network, &expected->network)) {
        return QN_ERR_WRONG_NETWORK;
    }
    if (header->height != expected->height) {
        return QN_ERR_WRONG_PARENT;
    }
    if (header->epoch != expected->epoch ||
        !qn_hash_equal(&header->validators_hash, &expected->validators_hash)) {
        return QN_ERR_INVALID;
    }
    if (!qn_hash_equal(&header->tx_root, &expected->tx_root) ||
        !qn_hash_equal(&header->history_root, &expected->history_root)) {
        return QN_ERR_WRONG_ROOT;
    }
    return QN_OK;
}

/* What only the execution decides. */
static enum qn_err check_outcome(const struct qn_header *header, const struct qn_header *expected)
{
    if (!qn_hash_equal(&header->state_root, &expected->state_root)) {
        return QN_ERR_WRONG_ROOT;
    }
    bool same = header->flags == expected->flags &&
                qn_hash_equal(&header->next_validators_hash, &expected->next_validators_hash);
    return same ? QN_OK : QN_ERR_INVALID;
}

/* The earliest time there can be is always good: a quorum whose clocks once ran ahead would else have taken the
 * chain to where nobody may follow until time has caught up. */
static enum qn_err check_time(const struct qn_block_state *parent, qn_unix_ms time_ms,
                              qn_unix_ms unix_ms)
{
    qn_unix_ms earliest = qn_block_time_min(parent);

    if (time_ms < earliest) {
        return QN_ERR_INVALID;
    }
    if (unix_ms != 0 && time_ms != earliest && time_ms > unix_ms &&
        time_ms - unix_ms > QN_CLOCK_SKEW_MS_MAX) {
        return QN_ERR_NOT_YET_VALID;
    }
    return QN_OK;
}

static enum qn_err execute(struct qn_block_state *child, const struct qn_genesis *genesis,
                           struct qn_block *block)
{
    const struct qn_hash *tx_ids = qn_block_tx_ids(block);
    struct qn_header expected;

    qn_block_state_header(child, &expected, genesis, tx_ids, block->tx_count,
                          block->header.time_ms);
    enum qn_err err = check_header(&block->header, &expected);
    for (size_t i = 0; err == QN_OK && i < block->tx_count; i++) {
        err =
            qn_block_state_apply(child, genesis, block->header.time_ms, block->txs[i], &tx_ids[i]);
    }
    if (err != QN_OK) {
        return err;
    }
    qn_block_state_seal(child, &expected);
    return check_outcome(&block->header, &expected);
}

enum qn_err qn_ledger_execute(struct qn_ledger *ledger, struct qn_block *block, qn_unix_ms unix_ms)
{
    if (qn_ledger_knows(ledger, &block->id)) {
        return QN_OK;
    }
    const struct qn_block_state *parent = qn_ledger_find_state(ledger, &block->header.parent);
    if (parent == NULL) {
        return QN_ERR_NOT_FOUND;
    }
    enum qn_err err = check_txs(block);
    if (err == QN_OK) {
        err = check_time(parent, block->header.time_ms, unix_ms);
    }
    if (err != QN_OK) {
        return err;
    }
    struct qn_block_state *child = qn_block_state_new(parent, block->tx_count);
    err = execute(child, ledger->genesis, block);
    if (err != QN_OK) {
        qn_block_state_free(child);
        return err;
    }
    child->block = qn_block_hold(block);
    return qn_ledger_keep_state(ledger, child);
}
