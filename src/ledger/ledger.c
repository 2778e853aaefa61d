#include "ledger/ledger.h"

#include "ledger/ledger_state.h"
#include "ledger/store_keys.h"

#include <stdlib.h>

enum qn_err qn_ledger_new(struct qn_ledger **ledger, const struct qn_genesis *genesis,
                          const struct qn_storage *storage)
{
    struct qn_ledger *result = calloc(1, sizeof *result);

    QN_ASSERT(result != NULL);
    result->genesis = genesis;
    result->storage = storage;
    qn_id_table_init(&result->ids);
    enum qn_err err = qn_ledger_load(result);
    if (err != QN_OK) {
        qn_ledger_free(result);
        return err;
    }
    *ledger = result;
    return QN_OK;
}

void qn_ledger_free(struct qn_ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    for (size_t i = 0; i < ledger->state_count; i++) {
        qn_block_state_free(ledger->states[i]);
    }
    for (size_t i = 0; i < QN_LEDGER_RECENT_MAX; i++) {
        qn_block_state_free(ledger->recent[i]);
    }
    qn_ledger_drop_checkpoints(ledger);
    qn_block_drop(ledger->genesis_block);
    qn_id_table_fini(&ledger->ids);
    if (ledger->past != NULL) {
        qn_past_fini(ledger->past);
        free(ledger->past);
    }
    free(ledger);
}

uint64_t qn_ledger_height(const struct qn_ledger *ledger)
{
    return ledger->tip->block->header.height;
}

const struct qn_header *qn_ledger_head(const struct qn_ledger *ledger)
{
    return &ledger->tip->block->header;
}

struct qn_hash qn_ledger_head_id(const struct qn_ledger *ledger)
{
    return ledger->tip->block->id;
}

const struct qn_block_state *qn_ledger_find_recent(const struct qn_ledger *ledger, uint64_t height)
{
    const struct qn_block_state *recent = ledger->recent[height % QN_LEDGER_RECENT_MAX];

    return recent != NULL && recent->block->header.height == height ? recent : NULL;
}

static enum qn_err get(const struct qn_ledger *ledger, struct qn_buf **value,
                       const struct qn_store_key *key)
{
    return ledger->storage->get(ledger->storage->context, value, qn_store_key_span(key));
}

static enum qn_err stored_block(const struct qn_ledger *ledger, struct qn_buf **block,
                                struct qn_buf **cert, uint64_t height)
{
    struct qn_store_key block_key = qn_store_key_height(QN_STORE_BLOCK, height);
    struct qn_store_key cert_key = qn_store_key_height(QN_STORE_CERT, height);
    struct qn_buf *found = NULL;
    struct qn_buf *found_cert = NULL;
    enum qn_err err = get(ledger, &found, &block_key);

    if (err != QN_OK) {
        return err;
    }
    err = get(ledger, &found_cert, &cert_key);
    if (err != QN_OK && err != QN_ERR_NOT_FOUND) {
        qn_buf_drop(found);
        return err;
    }
    *block = found;
    *cert = found_cert;
    return QN_OK;
}

enum qn_err qn_ledger_block(const struct qn_ledger *ledger, struct qn_buf **block,
                            struct qn_buf **cert, uint64_t height)
{
    const struct qn_block_state *recent = qn_ledger_find_recent(ledger, height);

    if (recent != NULL) {
        *block = qn_buf_hold(recent->block->encoded);
        *cert = recent->cert == NULL ? NULL : qn_buf_hold(recent->cert);
        return QN_OK;
    }
    if (height == 0) {
        *block = qn_buf_hold(ledger->genesis_block->encoded);
        *cert = NULL;
        return QN_OK;
    }
    return height > qn_ledger_height(ledger) ? QN_ERR_NOT_FOUND
                                             : stored_block(ledger, block, cert, height);
}

/* Among the blocks that storage may not have yet. */
static bool find_recent_tx(const struct qn_ledger *ledger, uint64_t *height,
                           uint64_t *registry_index, const struct qn_hash *tx_id)
{
    for (size_t i = 0; i < QN_LEDGER_RECENT_MAX; i++) {
        const struct qn_block_state *recent = ledger->recent[i];
        for (size_t j = 0; recent != NULL && j < recent->change_count; j++) {
            if (qn_hash_equal(&recent->changes[j].tx_id, tx_id)) {
                *height = recent->block->header.height;
                *registry_index = recent->changes[j].index;
                return true;
            }
        }
    }
    return false;
}

enum qn_err qn_ledger_find_tx(const struct qn_ledger *ledger, uint64_t *height,
                              uint64_t *registry_index, const struct qn_hash *tx_id)
{
    struct qn_store_key key = qn_store_key_hash(QN_STORE_TX, tx_id);
    struct qn_store_tx found;
    struct qn_buf *value = NULL;

    if (find_recent_tx(ledger, height, registry_index, tx_id)) {
        return QN_OK;
    }
    enum qn_err err = get(ledger, &value, &key);
    if (err != QN_OK) {
        return err;
    }
    err = qn_store_tx_decode(&found, qn_buf_span(value));
    qn_buf_drop(value);
    if (err == QN_OK) {
        *height = found.height;
        *registry_index = found.registry_index;
    }
    return err;
}

enum qn_err qn_ledger_entry(const struct qn_ledger *ledger, struct qn_registry_entry *entry,
                            const struct qn_node_id *id)
{
    return qn_state_entry(&ledger->tip->state, entry, id);
}

enum qn_err qn_ledger_entry_at(const struct qn_ledger *ledger, struct qn_registry_entry *entry,
                               uint64_t index)
{
    if (index >= qn_ledger_entry_count(ledger)) {
        return QN_ERR_NOT_FOUND;
    }
    return qn_ledger_entry(ledger, entry, qn_id_table_get(&ledger->ids, index));
}

const struct qn_validator_set *qn_ledger_validators(const struct qn_ledger *ledger)
{
    return &ledger->tip->committee->set;
}

uint64_t qn_ledger_epoch(const struct qn_ledger *ledger)
{
    return ledger->tip->committee->epoch;
}

/* Among those that storage may not have yet, the current one included. */
static const struct qn_committee *find_recent_committee(const struct qn_ledger *ledger,
                                                        uint64_t epoch)
{
    for (size_t i = 0; i < QN_LEDGER_RECENT_MAX; i++) {
        const struct qn_block_state *recent = ledger->recent[i];
        if (recent != NULL && recent->committee->epoch == epoch) {
            return recent->committee;
        }
    }
    return NULL;
}

enum qn_err qn_ledger_validators_at(const struct qn_ledger *ledger, uint64_t epoch,
                                    struct qn_validator_set *set, uint64_t *first_height)
{
    const struct qn_committee *recent = find_recent_committee(ledger, epoch);
    struct qn_store_key key = qn_store_key_height(QN_STORE_EPOCH, epoch);
    struct qn_store_epoch found = {.first_height = 1};
    struct qn_buf *value = NULL;

    if (recent != NULL) {
        found.first_height = recent->first_height;
        qn_validator_set_copy(&found.set, &recent->set);
    } else if (epoch == 0) {
        qn_validator_set_copy(&found.set, &ledger->genesis->validators);
    } else {
        enum qn_err err = get(ledger, &value, &key);
        if (err == QN_OK) {
            err = qn_store_epoch_decode(&found, qn_buf_span(value));
            qn_buf_drop(value);
        }
        if (err != QN_OK) {
            return err;
        }
    }
    *set = found.set;
    if (first_height != NULL) {
        *first_height = found.first_height;
    }
    return QN_OK;
}

uint64_t qn_ledger_entry_count(const struct qn_ledger *ledger)
{
    return ledger->tip->state.counters.next_index;
}

uint64_t qn_ledger_active_count(const struct qn_ledger *ledger)
{
    return ledger->tip->state.counters.active_count;
}

void qn_ledger_prove(const struct qn_ledger *ledger, struct qn_tree_proof *proof,
                     struct qn_buf **entry_bytes, const struct qn_node_id *id)
{
    struct qn_hash key = qn_state_entry_key(id);
    struct qn_buf *value = qn_tree_get(ledger->tip->state.tree, &key, NULL);

    qn_tree_prove(ledger->tip->state.tree, proof, &key);
    *entry_bytes = value == NULL ? NULL : qn_buf_hold(value);
}

const struct qn_genesis *qn_ledger_genesis(const struct qn_ledger *ledger)
{
    return ledger->genesis;
}

bool qn_ledger_knows(const struct qn_ledger *ledger, const struct qn_hash *block_id)
{
    return qn_ledger_find_state(ledger, block_id) != NULL;
}
