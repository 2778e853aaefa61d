#include "wire/activation_batch.h"

#include "wire/field.h"

void qn_write_activation_batch(struct qn_writer *w, const struct qn_activation_batch *batch)
{
    qn_write_map(w, 4);
    qn_write_bytes_at(w, 1, batch->root.bytes, QN_HASH_LEN);
    qn_write_uint_at(w, 2, batch->count);
    qn_write_uint_at(w, 3, batch->class);
    qn_write_uint_at(w, 4, batch->expires_ms);
}

void qn_read_activation_batch(struct qn_reader *in, struct qn_activation_batch *batch)
{
    struct qn_map_reader map = qn_read_map(in);

    qn_read_fixed_at(in, &map, 1, batch->root.bytes, QN_HASH_LEN);
    batch->count = (uint32_t)qn_read_uint_at(in, &map, 2, 1U << QN_ACTIVATION_PATH_MAX);
    qn_read_require(in, batch->count > 0);
    batch->class = (uint32_t)qn_read_uint_at(in, &map, 3, UINT32_MAX);
    batch->expires_ms = qn_read_uint_at(in, &map, 4, UINT64_MAX);
    qn_read_map_end(in, &map);
}

static void write_record(struct qn_writer *w, const void *record)
{
    qn_write_activation_batch(w, record);
}

enum qn_err qn_activation_batch_encode(const struct qn_activation_batch *batch, uint8_t *out,
                                       size_t capacity, struct qn_span *bytes)
{
    return qn_encode_into(out, capacity, bytes, write_record, batch);
}

enum qn_err qn_activation_batch_decode(struct qn_activation_batch *batch, struct qn_span bytes)
{
    struct qn_activation_batch result = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    qn_read_activation_batch(&in, &result);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *batch = result;
    }
    return err;
}
