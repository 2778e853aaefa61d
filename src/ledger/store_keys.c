#include "ledger/store_keys.h"

#include "wire/field.h"

#include <stdlib.h>
#include <string.h>

enum { HEIGHT_LEN = 8 };

struct qn_store_key qn_store_key_height(enum qn_store_kind kind, uint64_t height)
{
    struct qn_store_key key = {.len = 1 + HEIGHT_LEN, .bytes = {(uint8_t)kind}};

    for (size_t i = 0; i < HEIGHT_LEN; i++) {
        key.bytes[1 + i] = (uint8_t)(height >> (8 * (HEIGHT_LEN - 1 - i)));
    }
    return key;
}

struct qn_store_key qn_store_key_hash(enum qn_store_kind kind, const struct qn_hash *hash)
{
    struct qn_store_key key = {.len = 1 + QN_HASH_LEN, .bytes = {(uint8_t)kind}};

    memcpy(key.bytes + 1, hash->bytes, QN_HASH_LEN);
    return key;
}

struct qn_store_key qn_store_key_kind(enum qn_store_kind kind)
{
    return (struct qn_store_key){.len = 1, .bytes = {(uint8_t)kind}};
}

bool qn_store_key_is_height(uint64_t *height, enum qn_store_kind kind, struct qn_span key)
{
    if (key.len != 1 + HEIGHT_LEN || key.at[0] != (uint8_t)kind) {
        return false;
    }
    *height = 0;
    for (size_t i = 0; i < HEIGHT_LEN; i++) {
        *height = *height << 8 | key.at[1 + i];
    }
    return true;
}

bool qn_store_key_is_hash(struct qn_hash *hash, enum qn_store_kind kind, struct qn_span key)
{
    if (key.len != 1 + QN_HASH_LEN || key.at[0] != (uint8_t)kind) {
        return false;
    }
    memcpy(hash->bytes, key.at + 1, QN_HASH_LEN);
    return true;
}

static void write_tx(struct qn_writer *w, const void *record)
{
    const struct qn_store_tx *tx = record;

    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, tx->height);
    qn_write_uint_at(w, 2, tx->registry_index);
}

struct qn_buf *qn_store_tx_encode(const struct qn_store_tx *tx)
{
    return qn_encode(write_tx, tx);
}

enum qn_err qn_store_tx_decode(struct qn_store_tx *tx, struct qn_span bytes)
{
    struct qn_store_tx result;
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    result.height = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    result.registry_index = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *tx = result;
    }
    return err;
}

static void write_leaf(struct qn_writer *w, const void *record)
{
    const struct qn_store_leaf *leaf = record;

    qn_write_map(w, leaf->extra.at == NULL ? 1 : 2);
    qn_write_bytes_at(w, 1, leaf->value.at, leaf->value.len);
    if (leaf->extra.at != NULL) {
        qn_write_bytes_at(w, 2, leaf->extra.at, leaf->extra.len);
    }
}

struct qn_buf *qn_store_leaf_encode(const struct qn_store_leaf *leaf)
{
    return qn_encode(write_leaf, leaf);
}

enum qn_err qn_store_leaf_decode(struct qn_store_leaf *leaf, struct qn_span bytes)
{
    struct qn_store_leaf result = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    result.value = qn_read_bytes_at(&in, &map, 1, 1, QN_LEAF_VALUE_LEN_MAX);
    if (qn_read_key_if(&in, &map, 2)) {
        result.extra = qn_read_bytes(&in, 1, QN_SPKI_LEN_MAX);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *leaf = result;
    }
    return err;
}

static void write_epoch(struct qn_writer *w, const void *record)
{
    const struct qn_store_epoch *epoch = record;

    qn_write_map(w, 2);
    qn_write_uint_at(w, 1, epoch->first_height);
    qn_write_key(w, 2);
    qn_write_array(w, epoch->set.count);
    for (size_t i = 0; i < epoch->set.count; i++) {
        const struct qn_public_key *key = &epoch->set.members[i].key;
        qn_write_bytes(w, key->spki, key->spki_len);
    }
}

struct qn_buf *qn_store_epoch_encode(const struct qn_store_epoch *epoch)
{
    return qn_encode(write_epoch, epoch);
}

enum qn_err qn_store_epoch_decode(struct qn_store_epoch *epoch, struct qn_span bytes)
{
    struct qn_store_epoch result = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    result.first_height = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    qn_read_key(&in, &map, 2);
    size_t count = qn_read_array(&in, QN_GENESIS_MIN, QN_VALIDATORS_MAX);
    struct qn_public_key *keys = calloc(count + 1, sizeof *keys);
    QN_ASSERT(keys != NULL);
    for (size_t i = 0; i < count; i++) {
        struct qn_span spki = qn_read_bytes(&in, 1, QN_SPKI_LEN_MAX);
        qn_read_require(&in, !in.failed && qn_public_key_from_spki(&keys[i], spki) == QN_OK);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        err = qn_validator_set_init(&result.set, keys, count);
    }
    free(keys);
    if (err == QN_OK) {
        *epoch = result;
    }
    return err;
}

static void write_head(struct qn_writer *w, const void *record)
{
    const struct qn_store_head *head = record;
    size_t peak_count = qn_history_peak_count(head->history.count);

    qn_write_map(w, 5);
    qn_write_uint_at(w, 1, head->height);
    qn_write_bytes_at(w, 2, head->block_id.bytes, QN_HASH_LEN);
    qn_write_key(w, 3);
    qn_write_array(w, peak_count);
    for (size_t i = 0; i < peak_count; i++) {
        qn_write_bytes(w, head->history.peaks[i].bytes, QN_HASH_LEN);
    }
    qn_write_uint_at(w, 4, head->tx_count);
    qn_write_uint_at(w, 5, head->tx_first_height);
}

struct qn_buf *qn_store_head_encode(const struct qn_store_head *head)
{
    return qn_encode(write_head, head);
}

enum qn_err qn_store_head_decode(struct qn_store_head *head, struct qn_span bytes)
{
    struct qn_store_head result = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    result.height = qn_read_uint_at(&in, &map, 1, UINT64_MAX - 1);
    qn_read_fixed_at(&in, &map, 2, result.block_id.bytes, QN_HASH_LEN);
    result.history.count = result.height;
    size_t peak_count = qn_history_peak_count(result.height);
    qn_read_key(&in, &map, 3);
    (void)qn_read_array(&in, peak_count, peak_count);
    for (size_t i = 0; i < peak_count; i++) {
        qn_read_fixed(&in, result.history.peaks[i].bytes, QN_HASH_LEN);
    }
    result.tx_count = qn_read_uint_at(&in, &map, 4, UINT64_MAX);
    result.tx_first_height = qn_read_uint_at(&in, &map, 5, UINT64_MAX);
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *head = result;
    }
    return err;
}
