#include "ledger/testing/chain.h"

#include <stdlib.h>
#include <string.h>

void qn_chain_init(struct qn_chain *chain, const struct qn_kit_options *options)
{
    *chain = (struct qn_chain){0};
    qn_kit_init(&chain->kit, options);
    qn_storage_memory_open(&chain->storage);
    QN_ASSERT(qn_ledger_new(&chain->ledger, &chain->kit.genesis, &chain->storage) == QN_OK);
}

void qn_chain_fini(struct qn_chain *chain)
{
    qn_ledger_free(chain->ledger);
    chain->storage.close(chain->storage.context);
    qn_kit_fini(&chain->kit);
}

enum qn_err qn_chain_reopen(struct qn_chain *chain)
{
    qn_ledger_free(chain->ledger);
    chain->ledger = NULL;
    return qn_ledger_new(&chain->ledger, &chain->kit.genesis, &chain->storage);
}

qn_unix_ms qn_chain_now(const struct qn_chain *chain)
{
    return qn_ledger_head(chain->ledger)->time_ms + 1000;
}

struct qn_block *qn_chain_build(struct qn_chain *chain, const struct qn_hash *parent,
                                struct qn_buf *const *txs, size_t tx_count)
{
    struct qn_span *spans = calloc(tx_count + 1, sizeof *spans);
    struct qn_block *block = NULL;

    QN_ASSERT(spans != NULL);
    for (size_t i = 0; i < tx_count; i++) {
        spans[i] = qn_buf_span(txs[i]);
    }
    QN_ASSERT(qn_ledger_build(chain->ledger, &block, parent, spans, tx_count,
                              qn_chain_now(chain)) == QN_OK);
    for (size_t i = 0; i < tx_count; i++) {
        qn_buf_drop(txs[i]);
    }
    free(spans);
    return block;
}

void qn_chain_commit(struct qn_chain *chain, struct qn_ledger_commit *commit,
                     const struct qn_hash *block_id, struct qn_buf *cert)
{
    struct qn_ledger_commit own;
    struct qn_ledger_commit *result = commit == NULL ? &own : commit;

    qn_ledger_commit(chain->ledger, result, block_id, cert);
    QN_ASSERT(chain->storage.apply(chain->storage.context, result->batch) == QN_OK);
    qn_batch_free(result->batch);
    result->batch = NULL;
}

size_t qn_chain_add(struct qn_chain *chain, struct qn_ledger_commit *commit,
                    struct qn_buf *const *txs, size_t tx_count)
{
    struct qn_hash tip = qn_ledger_head_id(chain->ledger);
    struct qn_block *block = qn_chain_build(chain, &tip, txs, tx_count);
    size_t included = block->tx_count;

    qn_chain_commit(chain, commit, &block->id, NULL);
    qn_block_drop(block);
    return included;
}

void qn_chain_add_one(struct qn_chain *chain, struct qn_buf *tx)
{
    QN_ASSERT(qn_chain_add(chain, NULL, &tx, 1) == 1);
}

struct qn_block *qn_chain_forge(const struct qn_block *block, const struct qn_header *header)
{
    return qn_block_new(header, block->txs, block->tx_count);
}

struct qn_public_key qn_chain_random_key(struct qn_rng *rng)
{
    const struct qn_suite *suite = qn_suite_find(QN_SUITE_MLDSA65);
    struct qn_public_key key = {.suite = QN_SUITE_MLDSA65};

    key.spki_len = (uint16_t)(suite->spki_prefix_len + suite->public_key_len);
    memcpy(key.spki, suite->spki_prefix, suite->spki_prefix_len);
    for (size_t i = suite->spki_prefix_len; i < key.spki_len; i++) {
        key.spki[i] = (uint8_t)qn_rng_next(rng);
    }
    return key;
}
