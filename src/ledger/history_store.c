#include "ledger/history_store.h"

#include "ledger/merkle.h"
#include "ledger/store_keys.h"

#include <string.h>

static struct qn_store_key node_key(unsigned level, uint64_t index)
{
    struct qn_store_key number = qn_store_key_height(QN_STORE_HISTORY, index);
    struct qn_store_key key = {.len = (uint8_t)(number.len + 1), .bytes = {number.bytes[0]}};

    key.bytes[1] = (uint8_t)level;
    memcpy(key.bytes + 2, number.bytes + 1, number.len - 1U);
    return key;
}

static void put_node(struct qn_batch *batch, unsigned level, uint64_t index,
                     const struct qn_hash *hash)
{
    struct qn_store_key key = node_key(level, index);
    struct qn_buf *value = qn_buf_copy((struct qn_span){hash->bytes, QN_HASH_LEN});

    qn_batch_put(batch, qn_store_key_span(&key), value);
    qn_buf_drop(value);
}

void qn_history_put(struct qn_batch *batch, const struct qn_history *history,
                    const struct qn_hash *block_id)
{
    uint64_t index = history->count;
    size_t at = qn_history_peak_count(index);
    struct qn_hash node = qn_merkle_leaf((struct qn_span){block_id->bytes, QN_HASH_LEN});
    unsigned level = 0;

    if (index == 1) { /* nobody appends block 0 */
        qn_history_put_peaks(batch, history);
    }
    put_node(batch, level, index, &node);
    for (; (index & 1U) != 0; index >>= 1) {
        at -= 1;
        level += 1;
        node = qn_merkle_inner(&history->peaks[at], &node);
        put_node(batch, level, index >> 1, &node);
    }
}

void qn_history_put_peaks(struct qn_batch *batch, const struct qn_history *history)
{
    size_t at = 0;
    uint64_t start = 0;

    for (unsigned level = QN_HISTORY_PEAKS_MAX; level-- > 0;) {
        if ((history->count >> level & 1U) != 0) {
            put_node(batch, level, start >> level, &history->peaks[at]);
            at += 1;
            start += (uint64_t)1 << level;
        }
    }
}

enum qn_err qn_history_get(const struct qn_storage *storage, struct qn_hash *hash, unsigned level,
                           uint64_t index)
{
    struct qn_store_key key = node_key(level, index);
    struct qn_buf *value = NULL;
    enum qn_err err = storage->get(storage->context, &value, qn_store_key_span(&key));

    if (err != QN_OK) {
        return err;
    }
    if (value->len == QN_HASH_LEN) {
        memcpy(hash->bytes, value->bytes, QN_HASH_LEN);
    } else {
        err = QN_ERR_MALFORMED;
    }
    qn_buf_drop(value);
    return err;
}
