#include "ledger/snapshot_store.h"

#include "ledger/snapshot_keys.h"
#include "ledger/store_keys.h"

static struct qn_store_key key_of(char what)
{
    return (struct qn_store_key){.len = 2, .bytes = {QN_STORE_SNAPSHOT, (uint8_t)what}};
}

static void append(struct qn_store_key *key, uint64_t number, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        key->bytes[key->len] = (uint8_t)(number >> (8 * (len - 1 - i)));
        key->len += 1;
    }
}

struct qn_store_key qn_staging_key(char what)
{
    return key_of(what);
}

struct qn_store_key qn_staging_key_prefix(char what, struct qn_prefix prefix)
{
    struct qn_store_key key = key_of(what);

    append(&key, prefix.depth, 1);
    append(&key, prefix.bits, 4);
    return key;
}

static struct qn_store_key key_of_epoch(uint64_t epoch)
{
    struct qn_store_key key = key_of(QN_STAGING_STEP);

    append(&key, epoch, 8);
    return key;
}

static void put_number(struct qn_batch *batch, const struct qn_store_key *key, uint64_t number)
{
    struct qn_buf *value = qn_buf_new(8);

    for (size_t i = 0; i < 8; i++) {
        value->bytes[i] = (uint8_t)(number >> (8 * (7 - i)));
    }
    qn_batch_put(batch, qn_store_key_span(key), value);
    qn_buf_drop(value);
}

uint64_t qn_staging_number(const struct qn_buf *value)
{
    uint64_t number = 0;

    for (size_t i = 0; i < value->len && i < 8; i++) {
        number = number << 8 | value->bytes[i];
    }
    return number;
}

static enum qn_err get(const struct qn_storage *storage, struct qn_buf **value,
                       const struct qn_store_key *key)
{
    return storage->get(storage->context, value, qn_store_key_span(key));
}

static enum qn_err get_number(const struct qn_storage *storage, uint64_t *number,
                              const struct qn_store_key *key)
{
    struct qn_buf *value = NULL;
    enum qn_err err = get(storage, &value, key);

    if (err == QN_OK) {
        *number = qn_staging_number(value);
        qn_buf_drop(value);
    }
    return err;
}

void qn_staging_put_height(struct qn_batch *batch, uint64_t height)
{
    struct qn_store_key key = key_of(QN_STAGING_HEIGHT);

    put_number(batch, &key, height);
}

enum qn_err qn_staging_height(const struct qn_storage *storage, uint64_t *height)
{
    struct qn_store_key key = key_of(QN_STAGING_HEIGHT);
    enum qn_err err = get_number(storage, height, &key);

    if (err == QN_ERR_NOT_FOUND) {
        *height = 0;
        return QN_OK;
    }
    return err;
}

void qn_staging_put_chunk(struct qn_batch *batch, struct qn_prefix prefix, uint64_t height,
                          struct qn_buf *bytes)
{
    struct qn_store_key key = qn_staging_key_prefix(QN_STAGING_CHUNK, prefix);
    struct qn_store_key proved = qn_staging_key_prefix(QN_STAGING_PROVED, prefix);

    if (bytes != NULL) {
        qn_batch_put(batch, qn_store_key_span(&key), bytes);
    }
    put_number(batch, &proved, height);
}

enum qn_err qn_staging_chunk(const struct qn_storage *storage, struct qn_buf **bytes,
                             uint64_t *height, struct qn_prefix prefix)
{
    struct qn_store_key key = qn_staging_key_prefix(QN_STAGING_CHUNK, prefix);
    struct qn_store_key proved = qn_staging_key_prefix(QN_STAGING_PROVED, prefix);
    enum qn_err err = get_number(storage, height, &proved);

    return err == QN_OK ? get(storage, bytes, &key) : err;
}

void qn_staging_put_step(struct qn_batch *batch, uint64_t epoch, struct qn_buf *bytes)
{
    struct qn_store_key key = key_of_epoch(epoch);

    qn_batch_put(batch, qn_store_key_span(&key), bytes);
}

enum qn_err qn_staging_step(const struct qn_storage *storage, struct qn_buf **bytes, uint64_t epoch)
{
    struct qn_store_key key = key_of_epoch(epoch);

    return get(storage, bytes, &key);
}
