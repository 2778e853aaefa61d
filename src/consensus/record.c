#include "consensus/record.h"

#include "wire/field.h"

static void write_record(struct qn_writer *w, const void *what)
{
    const struct qn_own_record *record = what;
    bool names_block = record->kind != QN_VOTE_NULLIFY;

    qn_write_map(w, names_block ? 6 : 4);
    qn_write_uint_at(w, 1, record->epoch);
    qn_write_uint_at(w, 2, record->view);
    qn_write_uint_at(w, 3, record->kind);
    qn_write_bytes_at(w, 4, record->digest.bytes, sizeof record->digest.bytes);
    if (names_block) {
        qn_write_uint_at(w, 5, record->parent_view);
        qn_write_bytes_at(w, 6, record->block_id.bytes, sizeof record->block_id.bytes);
    }
}

struct qn_buf *qn_own_record_encode(const struct qn_own_record *record)
{
    QN_ASSERT(record->kind >= QN_VOTE_NOTARIZE && record->kind <= QN_VOTE_NULLIFY);
    return qn_encode(write_record, record);
}

enum qn_err qn_own_record_decode(struct qn_own_record *out, struct qn_span bytes)
{
    struct qn_own_record record = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    record.epoch = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    record.view = qn_read_uint_at(&in, &map, 2, UINT64_MAX);
    record.kind = (enum qn_vote_kind)qn_read_uint_at(&in, &map, 3, QN_VOTE_NULLIFY);
    qn_read_require(&in, record.kind >= QN_VOTE_NOTARIZE);
    qn_read_fixed_at(&in, &map, 4, record.digest.bytes, sizeof record.digest.bytes);
    if (record.kind != QN_VOTE_NULLIFY) {
        record.parent_view = qn_read_uint_at(&in, &map, 5, UINT64_MAX);
        qn_read_fixed_at(&in, &map, 6, record.block_id.bytes, sizeof record.block_id.bytes);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = record;
    }
    return err;
}

static void write_block(struct qn_writer *w, const void *what)
{
    const struct qn_block_record *record = what;

    qn_write_map(w, record->signature.len > 0 ? 3 : 2);
    qn_write_uint_at(w, 1, record->parent_view);
    qn_write_bytes_at(w, 2, record->block.at, record->block.len);
    if (record->signature.len > 0) {
        qn_write_bytes_at(w, 3, record->signature.at, record->signature.len);
    }
}

struct qn_buf *qn_block_record_encode(const struct qn_block_record *record)
{
    return qn_encode(write_block, record);
}

enum qn_err qn_block_record_decode(struct qn_block_record *out, struct qn_span bytes)
{
    struct qn_block_record record = {0};
    struct qn_reader in;

    qn_reader_init(&in, bytes);
    struct qn_map_reader map = qn_read_map(&in);
    record.parent_view = qn_read_uint_at(&in, &map, 1, UINT64_MAX);
    record.block = qn_read_bytes_at(&in, &map, 2, 1, QN_BLOCK_LEN_MAX);
    if (qn_read_key_if(&in, &map, 3)) {
        record.signature = qn_read_bytes(&in, 1, QN_NODE_SIGNATURE_LEN_MAX);
    }
    qn_read_map_end(&in, &map);
    enum qn_err err = qn_reader_done(&in);
    if (err == QN_OK) {
        *out = record;
    }
    return err;
}
